//! How cost grows with the number of accounts, with months of history and with the size of a batch.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{audit_later, caller_of};
use crate::cast::{GRANARY_PG, GRANARY_SQLITE};
use crate::district::{HISTORY_MONTHS, Open};
use crate::draw::fresh_seed;
use crate::lab::{BackEnd, Lab};
use crate::open::{Kind, Load, Pace};
use crate::requests::{Caller, payment};
use crate::results::{Run, Section, Table};
use crate::say;
use crate::sides::{Side, Work, in_turns};
use crate::stats::median;

const POST: Work = Work::Post { mode: 1 };
const CONNECTIONS: u32 = 64;
const ROUNDS_MAX: u32 = 2;
const RUN_S_MAX: u32 = 3;
const ACCOUNTS: [u64; 4] = [1_800, 18_000, 180_000, 1_800_000];
const ACCOUNTS_QUICK: [u64; 2] = [1_800, 18_000];
const MONTHS: [u32; 4] = [0, 6, 12, HISTORY_MONTHS];
const MONTHS_QUICK: [u32; 2] = [0, 3];
const BATCHES: [usize; 4] = [1, 10, 100, 1_000];
const BATCHES_AT_ONCE: usize = 3;

/// What grows; the name is that of the table and of the picture's panel.
const BY_ACCOUNTS: &str = "accounts";
const BY_MONTHS: &str = "months of history";
const BY_BATCH: &str = "payments in a batch";

pub fn measure(lab: &mut Lab, section: &mut Section) -> anyhow::Result<()> {
    let scale = lab.scale;
    let (accounts, months): (&[u64], &[u32]) =
        if scale.is_quick { (&ACCOUNTS_QUICK, &MONTHS_QUICK) } else { (&ACCOUNTS, &MONTHS) };
    for back_end in [BackEnd::Postgres, BackEnd::Sqlite] {
        for accounts in accounts {
            at(lab, section, back_end, (BY_ACCOUNTS, *accounts), *accounts, 0)?;
        }
        for months in months {
            at(lab, section, back_end, (BY_MONTHS, u64::from(*months)), scale.accounts, *months)?;
        }
        batches(lab, section, back_end)?;
    }
    for by in [BY_ACCOUNTS, BY_MONTHS, BY_BATCH] {
        section.tables.push(table(section, by));
    }
    Ok(())
}

/// Measures W1 and W2 on a district of this size.
fn at(
    lab: &mut Lab,
    section: &mut Section,
    back_end: BackEnd,
    place: (&str, u64),
    accounts: u64,
    months: u32,
) -> anyhow::Result<()> {
    let started = Instant::now();
    let url = lab.sized(back_end, "growth", accounts, months)?;
    let loaded_s = started.elapsed().as_secs_f64();
    let side = Side { accounts, ..lab.granary_on(back_end, &url, 1)? };
    say(&format!("  {} {}, made in {loaded_s:.0} s", place.1, place.0));
    let plan = [(&side, Work::Ask, CONNECTIONS), (&side, POST, CONNECTIONS)];
    for run in in_turns(lab, &plan, rounds(lab), lab.scale.run_s.min(RUN_S_MAX))? {
        section.runs.push(Run { work: format!("{}, {} {}", run.work, place.1, place.0), ..run });
    }
    side.stop()?;
    if accounts <= lab.scale.accounts && months == 0 {
        let broken = lab.audit(&BTreeSet::from([url]))?;
        anyhow::ensure!(broken.is_empty(), "an invariant broke at {} {}", place.1, place.0);
    }
    lab.remove(back_end, "growth")
}

fn rounds(lab: &Lab) -> u32 {
    if lab.scale.is_quick { 1 } else { ROUNDS_MAX }
}

/// Measures payments in batches of each size.
fn batches(lab: &mut Lab, section: &mut Section, back_end: BackEnd) -> anyhow::Result<()> {
    let url = lab.district(back_end, Open::OneLarge)?;
    let side = lab.granary_on(back_end, &url, 1)?;
    let caller = caller_of(&side)?;
    for len in BATCHES {
        let duration = Duration::from_secs(u64::from(lab.scale.run_s.min(RUN_S_MAX)));
        batch_load(&caller, side.accounts, len, duration / 2).run()?;
        for round in 1..=rounds(lab) {
            let before = side.meter.read()?;
            let outcome = batch_load(&caller, side.accounts, len, duration).run()?;
            let answers = outcome.all(0).done.len() as f64 * len as f64;
            let run = Run {
                side: side.name.clone(),
                work: format!("W2, {len} {BY_BATCH}"),
                connections: BATCHES_AT_ONCE as u32,
                round,
                answers,
                errors: outcome.all(0).sent() - outcome.all(0).done.len(),
                per_second: answers / outcome.elapsed.as_secs_f64(),
                ..Run::default()
            };
            let run = run.share(side.meter.since(before)?);
            say(&format!("  {} {}: {:.0} payments/s", run.side, run.work, run.per_second));
            section.runs.push(run);
        }
    }
    let name = side.name.clone();
    side.stop()?;
    audit_later(section, &name, &url);
    Ok(())
}

pub(super) fn batch_load(caller: &Caller, accounts: u64, len: usize, duration: Duration) -> Load {
    let to = caller.clone();
    let request = move |draw: &mut crate::draw::Draw| {
        let payments: Vec<String> =
            (0..len).map(|_| payment(&draw.key(), draw.below(accounts), 1 + draw.below(100), None)).collect();
        to.batch(&payments)
    };
    Load {
        address: caller.address.clone(),
        kinds: vec![Kind { name: "batch", share: 1.0, request: Box::new(request) }],
        pace: Pace::Closed(BATCHES_AT_ONCE, duration),
        connections_max: BATCHES_AT_ONCE,
        give_up: Duration::from_secs(10),
        seed: fresh_seed(),
        until: Arc::default(),
    }
}

/// Microseconds for each answer, by what grows.
fn table(section: &Section, by: &str) -> Table {
    let mut places: Vec<u64> = section.runs.iter().filter_map(|run| place_of(&run.work, by)).collect();
    places.sort_unstable();
    places.dedup();
    let mut rows = Vec::new();
    for work in ["W1", "W2"] {
        for side in [GRANARY_PG, GRANARY_SQLITE] {
            let cells = places.iter().map(|place| {
                let name = format!("{work}, {place} {by}");
                let is_meant = |run: &&Run| run.side == side && run.work == name;
                let times = section.runs.iter().filter(is_meant).map(|run| 1e6 / run.per_second);
                median(times).map_or_else(|| "–".to_owned(), |time| format!("{time:.1}"))
            });
            let row: Vec<String> = std::iter::once(format!("{work}, {side}")).chain(cells).collect();
            if row.iter().skip(1).any(|cell| cell != "–") {
                rows.push(row);
            }
        }
    }
    let head = std::iter::once("µs each".to_owned()).chain(places.iter().map(u64::to_string));
    Table { title: format!("By {by}"), columns: head.collect(), rows }
}

fn place_of(work: &str, by: &str) -> Option<u64> {
    work.strip_suffix(by)?.split_once(", ")?.1.trim().parse().ok()
}
