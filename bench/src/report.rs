//! `RESULTS.md` and `growth.svg`, made from the results alone.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;

use crate::cast::B;
use crate::results::{Results, Run, Section, Table, Target};
use crate::sections::SECTIONS;
use crate::stats::{Spread, median};
use crate::svg;

/// A processor is idle this much before a figure is said to be bound by waiting, in per cent.
const IDLE_MIN: f64 = 25.0;

/// Writes both.
pub fn write(results: &Results, folder: &Path) -> anyhow::Result<()> {
    let path = folder.join("RESULTS.md");
    std::fs::write(&path, render(results)).with_context(|| path.display().to_string())?;
    if let Some(growth) = results.sections.get("growth") {
        let path = folder.join("growth.svg");
        std::fs::write(&path, svg::draw(&growth.tables)).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

fn render(results: &Results) -> String {
    let mut text = "# Results\n\nWritten by `bench/run` from its own measurements; `results.json` holds every run. \
        Ratios are of runs in turns (A B A B …), as median and range; absolute figures are those of one machine \
        on one day. CPU is processor time for each answer, in microseconds.\n"
        .to_owned();
    facts(&mut text, "Machine", &results.machine);
    facts(&mut text, "Settings", &results.settings);
    targets(&mut text, results);
    for plan in &SECTIONS {
        if let Some(measured) = results.sections.get(plan.name) {
            section(&mut text, plan.name, measured);
        }
        if plan.name == "w4"
            && let Some(ceiling) = ceiling(results)
        {
            put(&mut text, &format!("\n{ceiling}"));
        }
    }
    text
}

fn put(text: &mut String, line: &str) {
    let _writing_to_a_string_succeeds = writeln!(text, "{line}");
}

fn facts(text: &mut String, title: &str, facts: &std::collections::BTreeMap<String, String>) {
    put(text, &format!("\n## {title}\n\n| | |\n|---|---|"));
    for (name, value) in facts {
        put(text, &format!("| {name} | {value} |"));
    }
}

fn targets(text: &mut String, results: &Results) {
    put(text, "\n## Against the bars\n\n| | measured | range | bar | stretch | |\n|---|---|---|---|---|---|");
    for plan in &SECTIONS {
        let Some(section) = results.sections.get(plan.name) else { continue };
        for target in &section.targets {
            let Target { name, measured, unit, bar, stretch, .. } = target;
            let Spread { median, low, high } = measured;
            let (bar, stretch) = (figure(*bar), stretch.map_or_else(String::new, figure));
            let sign = if target.is_ceiling { "≤" } else { "≥" };
            let said = if section.is_quick { "quick run" } else { verdict(target) };
            put(
                text,
                &format!(
                    "| {name} | **{}** {unit} | {} to {} | {sign} {bar} | {stretch} | {said} |",
                    figure(*median),
                    figure(*low),
                    figure(*high)
                ),
            );
        }
    }
}

fn verdict(target: &Target) -> &'static str {
    let reaches = |goal: f64| {
        if target.is_ceiling { target.measured.median <= goal } else { target.measured.median >= goal }
    };
    match (reaches(target.bar), target.stretch.is_some_and(reaches)) {
        (_, true) => "stretch",
        (true, false) => "bar",
        (false, false) => "**below**",
    }
}

fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 1_000.0 => format!("{value:.0}"),
        size if size >= 20.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn section(text: &mut String, name: &str, section: &Section) {
    put(text, &format!("\n## {}\n\n{}", section.title, section.about));
    let quick = if section.is_quick { " --quick" } else { "" };
    let Section { measured_on, scale, .. } = section;
    put(text, &format!("\nMeasured on {measured_on} by `bench/run{quick} {name}`: {scale}."));
    if !section.is_audited {
        put(text, "\n**Doesn't count yet:** the databases are still to be audited.");
    }
    for broken in &section.broken {
        put(text, &format!("\n**Doesn't count:** {broken}."));
    }
    let groups = groups(&section.runs);
    if !groups.is_empty() {
        runs_table(text, &groups);
        if name != "growth" {
            bounds_table(text, &groups);
        }
    }
    for table in &section.tables {
        put_table(text, table);
    }
    if name == "growth" {
        put(text, "\n![How cost grows](growth.svg)");
    }
    for note in &section.notes {
        put(text, &format!("\n{note}"));
    }
}

/// What PostgreSQL does by itself, beside the bar of W4.
fn ceiling(results: &Results) -> Option<String> {
    let measured = |section: &str| results.sections.get(section).filter(|section| section.is_audited);
    let runs = measured("w2")?.runs.iter().filter(|run| run.side == B);
    let per_second = median(runs.map(|run| run.per_second))?;
    let bar = measured("w4")?.targets.first()?.bar;
    Some(format!(
        "B, whose function posts 100 payments a call, without HTTP, GraphQL or a bill named, makes {per_second:.0}/s in W2: \
         {bar:.0} lines/s are {:.1} × of what this PostgreSQL does by itself on these processors.",
        bar / per_second
    ))
}

/// The rounds of one side at one work, in the order in which they first came.
fn groups(runs: &[Run]) -> Vec<Vec<&Run>> {
    let mut groups: Vec<Vec<&Run>> = Vec::new();
    let is_same = |one: &Run, other: &Run| {
        (&one.side, &one.work, one.connections) == (&other.side, &other.work, other.connections)
    };
    for run in runs {
        match groups.iter_mut().find(|group| group.first().is_some_and(|first| is_same(first, run))) {
            Some(group) => group.push(run),
            None => groups.push(vec![run]),
        }
    }
    groups
}

fn of_group(group: &[&Run], part: impl Fn(&Run) -> f64) -> f64 {
    median(group.iter().map(|run| part(run))).unwrap_or(0.0)
}

fn runs_table(text: &mut String, groups: &[Vec<&Run>]) {
    put(
        text,
        "\n| side | work | connections | per second | range | p50 ms | p99 ms | generator µs | server µs | database µs \
         | bytes | errors |\n|---|---|---|---|---|---|---|---|---|---|---|---|",
    );
    for group in groups {
        let Some(first) = group.first() else { continue };
        let Some(rate) = Spread::of(group.iter().map(|run| run.per_second)) else { continue };
        let ms = |of: fn(&Run) -> Option<f64>| {
            let median_us = median(group.iter().filter_map(|run| of(run)));
            median_us.map_or_else(|| "–".to_owned(), |us| format!("{:.2}", us / 1e3))
        };
        let errors: u64 = group.iter().map(|run| run.errors).sum();
        put(
            text,
            &format!(
                "| {} | {} | {} | {:.0} | {:.0} to {:.0} | {} | {} | {:.0} | {:.0} | {:.0} | {:.0} | {errors} |",
                first.side,
                first.work,
                first.connections,
                rate.median,
                rate.low,
                rate.high,
                ms(|run| run.p50_us),
                ms(|run| run.p99_us),
                of_group(group, |run| run.generator_us),
                of_group(group, |run| run.server_us),
                of_group(group, |run| run.database_us),
                of_group(group, |run| run.bytes),
            ),
        );
    }
}

/// What holds each side back, told from who used the processors.
fn bounds_table(text: &mut String, groups: &[Vec<&Run>]) {
    put(
        text,
        "\nWhere the processors' time went, in per cent, and what bounds the figure:\n\n\
         | side | work | connections | generator | server | database | others | idle | bound by |\n\
         |---|---|---|---|---|---|---|---|---|",
    );
    for group in groups {
        let Some(first) = group.first() else { continue };
        let [generator, server, database] =
            [0, 1, 2].map(|place: usize| of_group(group, |run| run.busy_percent[place]));
        let others = of_group(group, |run| run.others_percent);
        let idle = (100.0 - generator - server - database - others).max(0.0);
        put(
            text,
            &format!(
                "| {} | {} | {} | {generator:.0} | {server:.0} | {database:.0} | {others:.0} | {idle:.0} | {} |",
                first.side,
                first.work,
                first.connections,
                bound([generator, server, database, others], idle)
            ),
        );
    }
}

fn bound(used: [f64; 4], idle: f64) -> &'static str {
    let [generator, server, database, others] = used;
    let most = generator.max(server).max(database).max(others);
    if idle >= IDLE_MIN {
        "waiting for syncs and answers"
    } else if most == others {
        "others' work on this machine"
    } else if most == server {
        "the server's work"
    } else if most == database {
        "the database's work"
    } else {
        "the generator"
    }
}

fn put_table(text: &mut String, table: &Table) {
    put(text, &format!("\n{}:\n\n| {} |", table.title, table.columns.join(" | ")));
    put(text, &format!("|{}", "---|".repeat(table.columns.len())));
    for row in &table.rows {
        put(text, &format!("| {} |", row.join(" | ")));
    }
}
