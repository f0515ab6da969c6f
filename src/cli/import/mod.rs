//! `granary import`: streams CSV files through the engine in chunks, beside running servers. Good
//! lines go in, bad ones go one by one to a file beside; the same file again changes nothing.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::config::Configuration;
use super::outcome::Outcome;
use super::output::{print_line, progress_bar};
use super::session::Session;
use crate::domain::book::Command as Order;
use crate::store::base::connection::Database;

mod accounts;
mod bills;
mod chunk;
mod encoding;
mod records;
mod table;

use chunk::{Chunk, Counts, Rejects};
use encoding::Encoding;
use table::{Reason, Row, Table};

/// On SQLite one writer writes at a time, and who waits looks again only now and then: the part of
/// its own time after which an import steps aside, so that a server beside it gets its turn.
const STEP_ASIDE_PART: u32 = 5;
const STEP_ASIDE_MAX: Duration = Duration::from_millis(50);

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create accounts or bring them up to date
    ///
    /// Columns, in any order: account_number,name,customer_class,address,phone,area,status.
    /// customer_class: RESIDENTIAL COMMERCIAL INDUSTRIAL AGRICULTURAL OTHER; status: ACTIVE SUSPENDED CLOSED.
    Accounts(Files),
    /// Issue bills
    ///
    /// Columns, in any order: account_number,bill_number,period,principal,issued_on,due_on.
    /// period: 2026-11; principal: yuan; days: 2026-11-30. Any number of bills per period.
    Bills(Files),
}

#[derive(Debug, Args)]
pub(super) struct Files {
    /// CSV files with a header row; refused lines go to FILE.rejects.csv (line, column, reason)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How the files are encoded; judged by their content unless given
    #[arg(long)]
    encoding: Option<Encoding>,
}

/// What a kind of file is made of.
#[derive(Clone, Copy)]
struct Kind {
    columns: &'static [&'static str],
    command: fn(&Table, &Row) -> Result<Order, Reason>,
    is_accounts: bool,
}

/// Imports one file after the other. Nothing is written unless all of them have the right columns.
pub(super) fn run(configuration: &Configuration, command: Command) -> anyhow::Result<Outcome> {
    let (kind, files) = match command {
        Command::Accounts(files) => {
            (Kind { columns: accounts::COLUMNS, command: accounts::command, is_accounts: true }, files)
        }
        Command::Bills(files) => {
            (Kind { columns: bills::COLUMNS, command: bills::command, is_accounts: false }, files)
        }
    };
    let database = configuration.database()?;
    check_rejects(&files.files)?;
    let open = |path: &PathBuf| {
        Table::open(path, kind.columns, files.encoding).with_context(|| format!("file {}", path.display()))
    };
    let tables = files.files.iter().map(open).collect::<anyhow::Result<Vec<Table>>>()?;
    let session = Session::start(configuration, &database)?;
    let importer = Importer { session, kind, steps_aside: matches!(database, Database::Sqlite(_)) };
    let mut is_any_refused = false;
    for table in tables {
        is_any_refused |= importer.import(table)?.refused > 0;
    }
    Ok(if is_any_refused { Outcome::SomeRefused } else { Outcome::Done })
}

/// A file must not be overwritten by the rejects of another.
fn check_rejects(files: &[PathBuf]) -> anyhow::Result<()> {
    let rejects: Vec<PathBuf> = files.iter().map(|file| Rejects::path_of(file)).collect();
    match files.iter().find(|file| rejects.contains(file)) {
        None => Ok(()),
        Some(file) => bail!("{} would be overwritten by the refused lines of another file", file.display()),
    }
}

struct Importer {
    session: Session,
    kind: Kind,
    steps_aside: bool,
}

impl Importer {
    fn import(&self, mut table: Table) -> anyhow::Result<Counts> {
        let name = table.path.clone();
        let mut rejects = Rejects::start(&name, &table.header)?;
        let mut counts = Counts::default();
        let imported = self.import_lines(&mut table, &mut rejects, &mut counts);
        summarize(&name, counts, &rejects)?;
        imported.with_context(|| {
            format!("{} is imported in part; the same command again goes on", name.display())
        })?;
        Ok(counts)
    }

    fn import_lines(
        &self,
        table: &mut Table,
        rejects: &mut Rejects,
        counts: &mut Counts,
    ) -> anyhow::Result<()> {
        let bar = progress_bar(table.len, "{bar:40} {bytes}/{total_bytes}, {eta} left");
        loop {
            let mut chunk = self.next_chunk(table)?;
            if chunk.is_empty() {
                bar.finish_and_clear();
                return Ok(());
            }
            let started = Instant::now();
            if self.kind.is_accounts {
                accounts::drop_unchanged(&self.session, &mut chunk)?;
            }
            chunk.settle(&self.session, rejects, counts)?;
            bar.set_position(table.bytes_read());
            if self.steps_aside {
                std::thread::sleep((started.elapsed() / STEP_ASIDE_PART).min(STEP_ASIDE_MAX));
            }
        }
    }

    fn next_chunk(&self, table: &mut Table) -> anyhow::Result<Chunk> {
        let mut chunk = Chunk::default();
        while !chunk.is_full() {
            let Some(mut row) = table.next()? else { break };
            let command = match row.fault.take() {
                Some(fault) => Err(fault),
                None => (self.kind.command)(table, &row),
            };
            chunk.push(row, command);
        }
        Ok(chunk)
    }
}

fn summarize(file: &Path, counts: Counts, rejects: &Rejects) -> anyhow::Result<()> {
    let Counts { saved, unchanged, refused } = counts;
    let place = if refused > 0 { format!(", see {}", rejects.path().display()) } else { String::new() };
    print_line(&format!("{}: {saved} saved, {unchanged} unchanged, {refused} refused{place}", file.display()))
}
