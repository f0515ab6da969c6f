//! W1, and what it is compared with.

use super::latency;
use crate::cast::{C, D, GRANARY_PG, GRANARY_SQLITE, J};
use crate::district::Open;
use crate::lab::{BackEnd, Lab};
use crate::results::{Goal, Section};
use crate::sides::{Work, in_turns};
use crate::stats::Spread;

const CONNECTIONS: u32 = 64;

pub fn measure(lab: &mut Lab, section: &mut Section) -> anyhow::Result<()> {
    let sides = [
        lab.granary_side(BackEnd::Postgres, Open::OneLarge, 1)?,
        lab.granary_side(BackEnd::Sqlite, Open::OneLarge, 1)?,
        lab.node_side(C, Open::OneLarge)?,
        lab.node_side(D, Open::OneLarge)?,
        lab.naive_side(Open::OneLarge)?,
    ];
    let plan: Vec<_> = sides.iter().map(|side| (side, Work::Ask, CONNECTIONS)).collect();
    section.runs = in_turns(lab, &plan, lab.scale.rounds, lab.scale.run_s)?;
    for side in &sides[..=1] {
        latency::at_70_percent(lab, section, side, Work::Ask)?;
    }
    for side in sides {
        side.stop()?;
    }
    let rates = |side: &str| section.rates(side, Work::Ask.name(), CONNECTIONS);
    let over_c = Spread::of_ratios(&rates(GRANARY_PG), &rates(C));
    let others: Vec<String> = [(GRANARY_PG, D), (GRANARY_PG, J), (GRANARY_SQLITE, C)]
        .iter()
        .filter_map(|(side, rival)| {
            let Spread { median, low, high } = Spread::of_ratios(&rates(side), &rates(rival))?;
            Some(format!("{side} makes {median:.2} × ({low:.2} to {high:.2}) of {rival}."))
        })
        .collect();
    section.aim("W1 against C", over_c, "×", Goal::at_least(8.0, 15.0));
    section.notes.extend(others);
    Ok(())
}
