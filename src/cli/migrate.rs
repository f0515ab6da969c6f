//! `granary migrate`.

use clap::Args;

use super::config::Configuration;
use super::outcome::Outcome;
use super::output::print_line;
use crate::store::base::connection::Purpose;
use crate::store::base::migrations::{self, Versions};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Change nothing; exit with 1 if a migration is pending, or the database is newer than this program
    #[arg(long)]
    check: bool,
}

/// Brings the database up to date, or says whether it is.
pub(super) fn run(configuration: &Configuration, arguments: &Arguments) -> anyhow::Result<Outcome> {
    let database = configuration.database()?;
    if arguments.check {
        return check(&Versions::of(&mut database.connect(Purpose::Read)?)?);
    }
    let applied = migrations::migrate(&database)?;
    print_versions("applied", &applied)?;
    if applied.is_empty() {
        print_line("the database is up to date")?;
    }
    Ok(Outcome::Done)
}

fn check(versions: &Versions) -> anyhow::Result<Outcome> {
    let Versions { pending, unknown } = versions;
    print_versions("pending", pending)?;
    print_versions("unknown to this program", unknown)?;
    if !unknown.is_empty() {
        print_line("the database is newer than this program")?;
    }
    if pending.is_empty() && unknown.is_empty() {
        print_line("the database is up to date")?;
        return Ok(Outcome::Done);
    }
    Ok(Outcome::Negative)
}

fn print_versions(what: &str, versions: &[String]) -> anyhow::Result<()> {
    versions.iter().try_for_each(|version| print_line(&format!("{what}: {version}")))
}
