//! Measures granary side by side with its rivals and writes `RESULTS.md`, `results.json` and
//! `growth.svg`. Started by `bench/run`, which builds and installs what this needs.

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Instant;

use anyhow::{Context, bail};

mod cast;
mod client;
mod district;
mod district_words;
mod draw;
mod lab;
mod machine;
mod meter;
mod open;
#[path = "../../tests/it/support/postgres.rs"]
#[allow(dead_code, reason = "made for the tests")]
mod postgres;
mod process;
mod profile;
mod report;
mod requests;
mod results;
#[path = "../../tests/it/support/scratch.rs"]
mod scratch;
mod sections;
mod server;
mod sides;
mod stats;
mod svg;
mod tally;
mod target;
#[path = "../../tests/it/support/wait.rs"]
#[allow(dead_code, reason = "made for the tests")]
mod wait;

use lab::{Lab, Scale};
use results::{Results, Section};
use sections::{SECTIONS, SectionPlan};

/// The generator shares the processors with what it measures; what a slower allocator takes would be missing there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What was asked for.
struct Arguments {
    scale: Scale,
    out: PathBuf,
    sections: Vec<&'static SectionPlan>,
    /// Nothing is measured; what was measured is written down again.
    is_report: bool,
}

fn main() -> ExitCode {
    match arguments().and_then(|arguments| measure(&arguments)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("An invariant broke: what it touched doesn't count.");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> anyhow::Result<Arguments> {
    let (mut scale, mut out, mut chosen) = (Scale::FULL, lab::sources().to_owned(), Vec::new());
    let mut is_report = false;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--report" => is_report = true,
            "--quick" => scale = Scale::QUICK,
            "--accounts" => scale.accounts = number(&mut words, &word)?,
            "--months" => scale.history_months = number(&mut words, &word)?,
            "--rounds" => scale.rounds = number(&mut words, &word)?,
            "--seconds" => scale.run_s = number(&mut words, &word)?,
            "--out" => out = words.next().context("--out needs a folder")?.into(),
            name if SECTIONS.iter().any(|section| section.name == name) => chosen.push(word),
            name => bail!("no section {name}; there are {}", section_names()),
        }
    }
    // In their own order, however they were named: after a storm a database is slower.
    let is_chosen = |name: &str| chosen.is_empty() || chosen.iter().any(|word| word == name);
    let sections = SECTIONS.iter().filter(|section| is_chosen(section.name)).collect();
    Ok(Arguments { scale, out, sections, is_report })
}

fn number<T: FromStr>(words: &mut impl Iterator<Item = String>, option: &str) -> anyhow::Result<T> {
    let word = words.next().and_then(|word| word.parse().ok());
    word.with_context(|| format!("{option} needs a number"))
}

fn section_names() -> String {
    SECTIONS.map(|section| section.name).join(" ")
}

/// Measures and writes down section by section, so that little is lost if one fails. Returns whether
/// every invariant held.
fn measure(arguments: &Arguments) -> anyhow::Result<bool> {
    let json = arguments.out.join("results.json");
    let mut results = Results::load(&json)?;
    if arguments.is_report {
        write(&results, &arguments.out)?;
        return Ok(true);
    }
    results.machine = machine::describe();
    let started = Instant::now();
    let keeps_histories = arguments.sections.iter().any(|section| section.name == "growth");
    let mut lab = Lab::open(arguments.scale, keeps_histories)?;
    results.settings = lab.settings()?;
    for plan in &arguments.sections {
        let section = measure_section(plan, &mut lab).with_context(|| plan.name.to_owned())?;
        results.sections.insert(plan.name.to_owned(), section);
        write(&results, &arguments.out)?;
    }
    let names: Vec<&str> = arguments.sections.iter().map(|plan| plan.name).collect();
    let measured = results.sections.iter_mut().filter(|(name, _)| names.contains(&name.as_str()));
    sections::audit(&lab, measured.map(|(_, section)| section))?;
    write(&results, &arguments.out)?;
    let all_held =
        names.iter().all(|name| results.sections.get(*name).is_some_and(|section| section.broken.is_empty()));
    say(&format!("all done in {:.0} s; see {}", started.elapsed().as_secs_f64(), arguments.out.display()));
    Ok(all_held)
}

fn write(results: &Results, folder: &std::path::Path) -> anyhow::Result<()> {
    results.save(&folder.join("results.json"))?;
    report::write(results, folder)
}

fn measure_section(plan: &SectionPlan, lab: &mut Lab) -> anyhow::Result<Section> {
    say(&format!("{}: {}", plan.name, plan.title));
    let started = Instant::now();
    let mut section = Section {
        title: plan.title.to_owned(),
        about: plan.about.to_owned(),
        measured_on: district::today()?.to_string(),
        is_quick: lab.scale.is_quick,
        scale: lab.scale.words(),
        is_audited: true,
        ..Section::default()
    };
    (plan.measure)(lab, &mut section)?;
    section.took_s = started.elapsed().as_secs_f64();
    say(&format!("{} took {:.0} s", plan.name, section.took_s));
    Ok(section)
}

/// Tells whoever watches how far it is.
fn say(line: &str) {
    println!("{line}");
}
