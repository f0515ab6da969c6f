//! `granary audit`: shows what the store's audit finds.

use clap::Args;
use serde_json::{Value, json};

use super::config::Configuration;
use super::escape::escape_control;
use super::outcome::Outcome;
use super::output::print_line;
use crate::engine;
use crate::store::audit::{self, Finding};
use crate::store::base::check::Verdict;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Print one JSON document instead of lines
    #[arg(long)]
    json: bool,
}

/// Looks at one snapshot of the database. Exit status 1 if anything is broken.
pub(super) fn run(configuration: &Configuration, arguments: &Arguments) -> anyhow::Result<Outcome> {
    let findings = engine::read_once(&configuration.database()?, audit::run)?;
    if arguments.json {
        let findings: Vec<Value> = findings.iter().map(to_json).collect();
        print_line(&serde_json::to_string_pretty(&findings)?)?;
    } else {
        for finding in &findings {
            print_line(&to_text(finding))?;
        }
    }
    let is_broken = findings.iter().any(|finding| matches!(finding.verdict, Verdict::Broken { .. }));
    Ok(if is_broken { Outcome::Negative } else { Outcome::Done })
}

fn to_text(finding: &Finding) -> String {
    let Finding { invariant, claim, verdict } = finding;
    match verdict {
        Verdict::Holds => format!("{invariant:<4}holds             {claim}"),
        Verdict::NotVisible { why } => format!("{invariant:<4}not visible here  {claim} ({why})"),
        Verdict::Broken { count, rows } => {
            let shown = rows.iter().map(|row| format!("\n      {}", escape_control(row, false)));
            let more = count.saturating_sub(rows.len() as u64);
            let more = if more > 0 { format!("\n      and {more} more") } else { String::new() };
            format!("{invariant:<4}broken {count:<11}{claim}{}{more}", shown.collect::<String>())
        }
    }
}

fn to_json(finding: &Finding) -> Value {
    let Finding { invariant, claim, verdict } = finding;
    match verdict {
        Verdict::Holds => json!({ "invariant": invariant, "claim": claim, "verdict": "holds" }),
        Verdict::NotVisible { why } => {
            json!({ "invariant": invariant, "claim": claim, "verdict": "not visible here", "why": why })
        }
        Verdict::Broken { count, rows } => json!({
            "invariant": invariant, "claim": claim, "verdict": "broken", "count": count, "rows": rows,
        }),
    }
}
