//! Where the microseconds go: W2 and W4's batches, sampled.

use std::time::{Duration, Instant};

use super::growth::batch_load;
use super::{audit_later, caller_of};
use crate::cast::{GRANARY_PG, GRANARY_SQLITE};
use crate::district::Open;
use crate::lab::{BackEnd, Lab};
use crate::profile::{Profile, Shares};
use crate::results::{Section, Table};
use crate::say;
use crate::sides::{Side, Work};

const CONNECTIONS: u32 = 64;
const BATCH_LEN: usize = 1_000;

pub fn measure(lab: &mut Lab, section: &mut Section) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for (name, back_end) in [(GRANARY_PG, BackEnd::Postgres), (GRANARY_SQLITE, BackEnd::Sqlite)] {
        let url = lab.district(back_end, Open::OneLarge)?;
        let side = lab.granary_on(back_end, &url, 1)?;
        side.run(Work::Post { mode: 1 }, CONNECTIONS, lab.scale.warm_up_s)?;
        let seconds = lab.scale.run_s;
        let alone = |side: &Side| Ok(side.run(Work::Post { mode: 1 }, CONNECTIONS, seconds)?.answers);
        rows.extend(sampled(lab, &side, "W2, 64 connections", alone)?);
        let together = |side: &Side| {
            let duration = Duration::from_secs(u64::from(seconds));
            let outcome = batch_load(&caller_of(side)?, side.accounts, BATCH_LEN, duration).run()?;
            Ok((outcome.all(0).done.len() * BATCH_LEN as u64) as f64)
        };
        rows.extend(sampled(lab, &side, "batches of 1,000", together)?);
        side.stop()?;
        audit_later(section, name, &url);
    }
    section.tables.push(Table {
        title: "Microseconds of processor time for a payment, by part".to_owned(),
        columns: ["side", "work", "process", "part", "µs a payment"].map(str::to_owned).to_vec(),
        rows,
    });
    Ok(())
}

/// Samples while payments are posted; the work says how many.
fn sampled(
    lab: &Lab,
    side: &Side,
    work: &str,
    post: impl Fn(&Side) -> anyhow::Result<f64>,
) -> anyhow::Result<Vec<Vec<String>>> {
    let Some(profile) = Profile::begin(lab.folder.path()) else {
        say("  perf isn't there, or may not sample; nothing is shared out");
        return Ok(Vec::new());
    };
    let started = Instant::now();
    let payments = post(side)?;
    let elapsed_s = started.elapsed().as_secs_f64();
    let (server, database) = profile.end(elapsed_s, side.meter.server.unwrap_or_default())?;
    let mut rows = Vec::new();
    for (process, shares) in [("granary", server), ("PostgreSQL", database)] {
        rows.extend(rows_of(side, work, process, &shares, payments));
    }
    Ok(rows)
}

fn rows_of(side: &Side, work: &str, process: &str, shares: &Shares, payments: f64) -> Vec<Vec<String>> {
    let mut shares: Vec<(&str, f64)> = shares.iter().map(|(part, us)| (*part, us / payments)).collect();
    shares.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let sum: f64 = shares.iter().map(|(_, us)| us).sum();
    if sum < 1.0 {
        return Vec::new();
    }
    let all = ("**all**", sum);
    let row = |(part, us): (&str, f64)| {
        vec![side.name.clone(), work.to_owned(), process.to_owned(), part.to_owned(), format!("{us:.1}")]
    };
    shares.into_iter().chain([all]).map(row).collect()
}
