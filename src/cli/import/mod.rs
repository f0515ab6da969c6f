//! `granary import`: streams CSV files through the engine in chunks, beside running servers. Good
//! lines go in, bad ones go one by one to a file beside; the same file again changes nothing.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
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
mod foreign;
mod records;
mod rejects;
mod source;
mod table;
mod zeros;

use chunk::{Chunk, Counts};
use encoding::Encoding;
use rejects::Rejects;
use source::{Source, check_rejects};
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
    /// CSV files with a header row, or - for the standard input
    ///
    /// Refused lines go to FILE.rejects.csv (line, column, reason), those of a pipe to stdin.rejects.csv in the working
    /// folder.
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
    command: fn(&Table, &Row) -> Result<Order, Vec<Reason>>,
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
    let sources: Vec<Source> = files.files.iter().map(|path| Source::new(path)).collect();
    check_rejects(&sources)?;
    let open = |source: Source| {
        let name = source.to_string();
        Table::open(source, kind.columns, files.encoding).with_context(|| format!("file {name}"))
    };
    let tables = sources.into_iter().map(open).collect::<anyhow::Result<Vec<Table>>>()?;
    let session = Session::start(configuration, &database)?;
    let importer = Importer { session, kind, steps_aside: matches!(database, Database::Sqlite(_)) };
    let mut is_any_refused = false;
    for table in tables {
        is_any_refused |= importer.import(table)?.refused > 0;
    }
    Ok(if is_any_refused { Outcome::SomeRefused } else { Outcome::Done })
}

struct Importer {
    session: Session,
    kind: Kind,
    steps_aside: bool,
}

impl Importer {
    fn import(&self, mut table: Table) -> anyhow::Result<Counts> {
        let name = table.source.to_string();
        let mut rejects = Rejects::start(table.source.rejects(), &table.header)?;
        let mut counts = Counts::default();
        let imported = self.import_lines(&mut table, &mut rejects, &mut counts);
        summarize(&table, counts, &rejects)?;
        let imported = rejects.finish(table.encoding()).and(imported);
        imported.with_context(|| format!("{name} is imported in part; the same command again goes on"))?;
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
            chunk.settle(&self.session, rejects, table.encoding(), counts)?;
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
                Some(fault) => Err(vec![fault]),
                None => (self.kind.command)(table, &row),
            };
            chunk.push(row, command);
        }
        Ok(chunk)
    }
}

fn summarize(table: &Table, counts: Counts, rejects: &Rejects) -> anyhow::Result<()> {
    let Counts { saved, unchanged, refused } = counts;
    let place = if refused > 0 { format!(", see {}", rejects.path().display()) } else { String::new() };
    let doubt = match table.may_be_gbk() {
        true => "; read as UTF-8, but it may be GBK: if so, import it again with --encoding gbk",
        false => "",
    };
    let name = &table.source;
    print_line(&format!("{name}: {saved} saved, {unchanged} unchanged, {refused} refused{place}{doubt}"))
}
