//! W3: payments sent again, against new ones.

use super::audit_later;
use crate::cast::{GRANARY_PG, GRANARY_SQLITE};
use crate::district::Open;
use crate::lab::{BackEnd, Lab};
use crate::results::{Goal, Section};
use crate::sides::{Work, in_turns};
use crate::stats::Spread;

const NEW: Work = Work::Post { mode: 1 };
const CONNECTIONS: u32 = 64;
const ROUNDS_MAX: u32 = 4;

pub fn measure(lab: &mut Lab, section: &mut Section) -> anyhow::Result<()> {
    let sides = [
        lab.granary_side(BackEnd::Postgres, Open::OneLarge, 1)?,
        lab.granary_side(BackEnd::Sqlite, Open::OneLarge, 1)?,
    ];
    let plan: Vec<_> =
        sides.iter().flat_map(|side| [(side, NEW, CONNECTIONS), (side, Work::Replay, CONNECTIONS)]).collect();
    section.runs = in_turns(lab, &plan, lab.scale.rounds.min(ROUNDS_MAX), lab.scale.run_s)?;
    for side in sides {
        side.stop()?;
    }
    for (name, back_end) in [(GRANARY_PG, BackEnd::Postgres), (GRANARY_SQLITE, BackEnd::Sqlite)] {
        let url = lab.district(back_end, Open::OneLarge)?;
        audit_later(section, name, &url);
        let rates = |work: Work| section.rates(name, work.name(), CONNECTIONS);
        let ratio = Spread::of_ratios(&rates(Work::Replay), &rates(NEW));
        section.aim(&format!("W3 against W2, {name}"), ratio, "×", Goal::at_least(1.5, 3.0));
    }
    Ok(())
}
