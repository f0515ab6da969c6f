//! W4: a bank's result file, sent by a reporting channel in requests of 1,000 lines; and the import of
//! as many bills.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;

use super::{audit_later, caller_of};
use crate::cast::{GRANARY_PG, GRANARY_SQLITE};
use crate::client::Client;
use crate::district::{self, Open, account_number};
use crate::draw::{Draw, fresh_seed};
use crate::lab::{BackEnd, Lab};
use crate::machine::processors;
use crate::open::{Load, Pace};
use crate::process::{self, output_of};
use crate::requests::{Caller, exact_payment, payment_for};
use crate::results::{Goal, Run, Section, Table};
use crate::say;
use crate::sides::Side;
use crate::stats::{Spread, median};
use crate::tally::Counts;

const LINES: usize = 100_000;
const LINES_QUICK: usize = 10_000;
pub(super) const LINES_PER_REQUEST: usize = 1_000;
const REQUESTS_AT_ONCE: usize = 3;
/// W1 that others ask meanwhile; modest, so that what they see is the file's doing.
const ASK_PER_SECOND: f64 = 200.0;
const QUIET: Duration = Duration::from_secs(2);
const GIVE_UP: Duration = Duration::from_secs(10);
/// Open bills of an account.
const BILLS: u32 = 12;
pub(super) const REPORTING: &str = "RESULTS";

/// What became of a file's lines.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Told {
    posted: usize,
    replayed: usize,
    refused: usize,
}

pub fn measure(lab: &mut Lab, section: &mut Section) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for (name, back_end, bar, stretch) in [
        (GRANARY_PG, BackEnd::Postgres, 25_000.0, 50_000.0),
        (GRANARY_SQLITE, BackEnd::Sqlite, 35_000.0, 80_000.0),
    ] {
        let url = lab.district(back_end, Open::Twelve)?;
        let side = lab.granary_on(back_end, &url, 1)?;
        let token = lab.token(&url, REPORTING)?;
        for round in 1..=lab.scale.rounds.min(3) {
            let run = round_of(lab, &side, &token, round, &mut rows)?;
            section.runs.push(run);
        }
        let rates: Vec<f64> =
            section.runs.iter().filter(|run| run.side == name).map(|run| run.per_second).collect();
        section.aim(&format!("W4, {name}"), Spread::of(rates), "lines/s", Goal::at_least(bar, stretch));
        section.notes.extend(budget(section, name, bar));
        side.stop()?;
        import(lab, section, name, &url)?;
        audit_later(section, name, &url);
    }
    section.tables.push(Table {
        title: "The file, and those who ask meanwhile".to_owned(),
        columns: [
            "side",
            "lines/s",
            "server's memory, MiB",
            "W1 before: p99 ms",
            "W1 meanwhile: p50 ms",
            "p99 ms",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows,
    });
    Ok(())
}

/// What the processors' time allows, beside the bar.
fn budget(section: &Section, name: &str, bar: f64) -> Option<String> {
    let of = |part: fn(&Run) -> f64| median(section.runs.iter().filter(|run| run.side == name).map(part));
    let (generator, server, database) =
        (of(|run| run.generator_us)?, of(|run| run.server_us)?, of(|run| run.database_us)?);
    let sum = generator + server + database;
    Some(format!(
        "{name}: a line takes {sum:.0} µs of processor time (generator {generator:.0}, server {server:.0}, database \
         {database:.0}), so that these processors can't do more than {:.0} lines/s; {bar:.0} would leave {:.0} µs.",
        processors() * 1e6 / sum,
        processors() * 1e6 / bar
    ))
}

fn round_of(
    lab: &Lab,
    side: &Side,
    token: &str,
    round: u32,
    rows: &mut Vec<Vec<String>>,
) -> anyhow::Result<Run> {
    let asker = caller_of(side)?;
    let line_count = if lab.scale.is_quick { LINES_QUICK } else { LINES };
    let bank = Caller { token: token.to_owned(), ..asker.clone() };
    // Others pay the oldest bills, and each round another of the newest.
    let requests = requests(&bank, line_count, side.accounts, BILLS - round)?;
    let quiet = asking(&asker, side.accounts, QUIET, Arc::default())?;
    let server = side.meter.server.unwrap_or_default();
    process::reset_memory_peak(server);
    let is_done = Arc::new(AtomicBool::new(false));
    let before = side.meter.read()?;
    let (sent, busy) = std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let sent = send_all(&asker.address, &requests);
            is_done.store(true, Ordering::Release);
            sent
        });
        let busy = asking(&asker, side.accounts, Duration::from_secs(60), is_done.clone());
        (sender.join(), busy)
    });
    let (told, elapsed_s) = sent.map_err(|_| anyhow::anyhow!("a sender panicked"))??;
    let (busy, lines) = (busy?, line_count as f64);
    ensure!(told.refused == 0 && told.posted + told.replayed == line_count, "{told:?} of {line_count} lines");
    let run = Run {
        side: side.name.clone(),
        work: "W4".to_owned(),
        connections: REQUESTS_AT_ONCE as u32,
        round,
        answers: lines,
        per_second: lines / elapsed_s,
        ..Run::default()
    };
    let run = run.share(side.meter.since(before)?);
    let ms =
        |counts: &Counts, quantile| format!("{:.1}", counts.done.value_at_quantile(quantile) as f64 / 1e3);
    let memory = format!("{:.0}", process::memory_peak_mib(server));
    let row = vec![
        side.name.clone(),
        format!("{:.0}", run.per_second),
        memory,
        ms(&quiet, 0.99),
        ms(&busy, 0.5),
        ms(&busy, 0.99),
    ];
    say(&format!("  {}", row.join("  ")));
    rows.push(row);
    Ok(run)
}

/// Asks W1 at a modest rate until told to stop.
fn asking(
    caller: &Caller,
    accounts: u64,
    at_most: Duration,
    until: Arc<AtomicBool>,
) -> anyhow::Result<Counts> {
    let load = Load {
        address: caller.address.clone(),
        kinds: vec![caller.ask("W1", 1.0, accounts)],
        pace: Pace::Open(vec![(ASK_PER_SECOND, at_most)]),
        connections_max: 100,
        give_up: GIVE_UP,
        seed: fresh_seed(),
        until,
    };
    Ok(load.run()?.all(0))
}

/// The file as requests. Each line names the open bill at this place of an account of its own; what is
/// wrong with some lines refers to one shortly before.
pub(super) fn requests(
    caller: &Caller,
    line_count: usize,
    accounts: u64,
    place: u32,
) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut draw = Draw::new(fresh_seed());
    let month = district::open_bill_number(district::today()?, place);
    let first = draw.below(accounts);
    let account_of = |line: usize| (first + line as u64 * 7) % accounts;
    let mut lines: Vec<String> = Vec::with_capacity(line_count);
    for line in 0..line_count {
        let key = draw.key();
        lines.push(match line % 200 {
            7 | 107 => payment_for(&key, &format!("9{:09}", draw.below(1_000_000_000)), 5_000, None),
            23 | 123 => exact_payment(&key, account_of(line - 5), month.as_deref()),
            150 => lines[line - 5].clone(),
            _ => exact_payment(&key, account_of(line), month.as_deref()),
        });
    }
    Ok(lines.chunks(LINES_PER_REQUEST).map(|chunk| caller.batch(chunk)).collect())
}

/// Sends the requests, a few at once, and counts what is said to their lines.
fn send_all(address: &str, requests: &[Vec<u8>]) -> anyhow::Result<(Told, f64)> {
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    let send = || -> anyhow::Result<Told> {
        let (mut client, mut told) = (Client::connect(address)?, Told::default());
        while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
            let answer = client.insist(request, || false)?.unwrap_or_default();
            told.posted += answer.matches("\"replayed\":false").count();
            told.replayed += answer.matches("\"replayed\":true").count();
            told.refused += answer.matches("\"code\":").count();
        }
        Ok(told)
    };
    let tolds: Vec<_> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..REQUESTS_AT_ONCE).map(|_| scope.spawn(send)).collect();
        senders.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    let elapsed_s = started.elapsed().as_secs_f64();
    let mut sum = Told::default();
    for told in tolds {
        let told = told.map_err(|_| anyhow::anyhow!("a sender panicked"))??;
        sum.posted += told.posted;
        sum.replayed += told.replayed;
        sum.refused += told.refused;
    }
    Ok((sum, elapsed_s))
}

/// Imports as many new bills as the file has lines.
fn import(lab: &Lab, section: &mut Section, name: &str, url: &str) -> anyhow::Result<()> {
    let line_count = if lab.scale.is_quick { LINES_QUICK } else { LINES };
    let mut text = "account_number,bill_number,period,principal,issued_on,due_on\n".to_owned();
    let (today, accounts) = (district::today()?, lab.scale.accounts);
    let due_on = today + chrono::Months::new(14);
    for line in 0..line_count as u64 {
        let number = account_number(line % accounts);
        let _writing_to_a_string_succeeds =
            writeln!(text, "{number},IMPORT-{line},{},88.20,{today},{due_on}", today.format("%Y-%m"));
    }
    let path = lab.folder.path().join("import.csv");
    std::fs::write(&path, text)?;
    let started = Instant::now();
    output_of(lab.granary(url).args(["import", "bills"]).arg(&path))?;
    let per_second = line_count as f64 / started.elapsed().as_secs_f64();
    let note = format!("`granary import bills` of {line_count} lines, {name}: {per_second:.0} lines/s.");
    say(&format!("  {note}"));
    section.notes.push(note);
    Ok(())
}
