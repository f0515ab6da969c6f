//! `granary backup`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::config::Configuration;
use super::outcome::Outcome;
use super::output::print_line;
use crate::store::base::backup;
use crate::store::base::connection::{Database, Purpose};
use crate::store::base::files::{FirstOpened, Opened};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where to write the copy; nothing may be there yet
    file: PathBuf,
}

/// Copies one snapshot of a SQLite database. The file has its name only once it is whole and on the disk.
pub(super) fn run(configuration: &Configuration, arguments: &Arguments) -> anyhow::Result<Outcome> {
    let database = configuration.database()?;
    if matches!(database, Database::Postgres(_)) {
        bail!(
            "PostgreSQL is backed up by its own programs: pg_basebackup and an archive of its log (see the README)"
        );
    }
    let file = &arguments.file;
    if file.exists() {
        bail!("{} is there already", file.display());
    }
    let part = part_of(file)?;
    let mut opened = Opened::connect(&database, Purpose::Write, &FirstOpened::default())?;
    let copied = opened
        .look_up(|connection| backup::copy_into(connection, &part))
        .map_err(anyhow::Error::from)
        .and_then(|()| publish(&part, file));
    let removed = fs::remove_file(&part);
    copied.with_context(|| format!("no copy was made at {}", file.display()))?;
    removed.with_context(|| part.display().to_string())?;
    print_line(&format!("copied to {}", file.display()))?;
    Ok(Outcome::Done)
}

/// Beside the file itself, so that one folder holds both names.
fn part_of(file: &Path) -> anyhow::Result<PathBuf> {
    let mut name = file.file_name().context("the copy needs a file name")?.to_owned();
    name.push(format!(".part-{}", std::process::id()));
    Ok(file.with_file_name(name))
}

/// Gives the copy its name, unless somebody else has it by now.
fn publish(part: &Path, file: &Path) -> anyhow::Result<()> {
    File::open(part)?.sync_all()?;
    fs::hard_link(part, file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    Ok(File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?)
}
