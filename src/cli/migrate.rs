//! `granary migrate`.

use clap::Args;

use super::config::Configuration;
use super::outcome::Outcome;
use super::output::print_line;
use crate::store::base::connection::Purpose;
use crate::store::base::migrations;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Change nothing; exit with 1 if a migration is pending
    #[arg(long)]
    check: bool,
}

/// Brings the database up to date, or says whether it is.
pub(super) fn run(configuration: &Configuration, arguments: &Arguments) -> anyhow::Result<Outcome> {
    let database = configuration.database()?;
    if arguments.check {
        let pending = migrations::pending(&mut database.connect(Purpose::Read)?)?;
        print_versions("pending", &pending)?;
        return Ok(if pending.is_empty() { Outcome::Done } else { Outcome::Negative });
    }
    let applied = migrations::run_pending(&mut database.connect_or_create()?)?;
    print_versions("applied", &applied)?;
    Ok(Outcome::Done)
}

fn print_versions(what: &str, versions: &[String]) -> anyhow::Result<()> {
    for version in versions {
        print_line(&format!("{what}: {version}"))?;
    }
    if versions.is_empty() { print_line("the database is up to date") } else { Ok(()) }
}
