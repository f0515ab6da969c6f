//! W2 at 1 to 256 connections.

use super::audit_later;
use crate::cast::{A, GRANARY_PG, GRANARY_SQLITE, J};
use crate::district::Open;
use crate::lab::{BackEnd, Lab};
use crate::results::{Goal, Section, Table};
use crate::sides::{Work, in_turns};
use crate::stats::{Spread, median};

const WORK: Work = Work::Post { mode: 1 };
const CONNECTIONS: [u32; 5] = [1, 4, 16, 64, 256];
const ROUNDS_MAX: u32 = 2;
const RUN_S_MAX: u32 = 4;

pub fn measure(lab: &mut Lab, section: &mut Section) -> anyhow::Result<()> {
    let sides = [
        lab.granary_side(BackEnd::Postgres, Open::OneLarge, 1)?,
        lab.naive_side(Open::OneLarge)?,
        lab.pgbench_side(A, Open::OneLarge)?,
        lab.granary_side(BackEnd::Sqlite, Open::OneLarge, 1)?,
    ];
    let (rounds, run_s) = (if lab.scale.is_quick { 1 } else { ROUNDS_MAX }, lab.scale.run_s.min(RUN_S_MAX));
    for connections in CONNECTIONS.into_iter().filter(|connections| !lab.scale.is_quick || *connections != 4)
    {
        let plan: Vec<_> = sides.iter().map(|side| (side, WORK, connections)).collect();
        section.runs.extend(in_turns(lab, &plan, rounds, run_s)?);
    }
    for side in sides {
        side.stop()?;
    }
    for (name, back_end) in [(GRANARY_PG, BackEnd::Postgres), (GRANARY_SQLITE, BackEnd::Sqlite)] {
        let url = lab.district(back_end, Open::OneLarge)?;
        audit_later(section, name, &url);
    }
    section.tables.push(table(section));
    let rates = |side: &str| section.rates(side, WORK.name(), 1);
    let at_one = Spread::of_ratios(&rates(GRANARY_PG), &rates(J));
    section.aim("W2 at one connection, against J", at_one, "×", Goal::at_least(0.9, 1.5));
    Ok(())
}

fn table(section: &Section) -> Table {
    let row = |side: &&str| {
        let medians = CONNECTIONS.map(|connections| {
            let rate = median(section.rates(side, WORK.name(), connections));
            rate.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.0}"))
        });
        std::iter::once((*side).to_owned()).chain(medians).collect()
    };
    let head =
        std::iter::once("side".to_owned()).chain(CONNECTIONS.map(|connections| connections.to_string()));
    Table {
        title: "Payments per second by number of connections (medians)".to_owned(),
        columns: head.collect(),
        rows: [GRANARY_PG, J, A, GRANARY_SQLITE].iter().map(row).collect(),
    }
}
