//! W3: payments sent again, against new ones; and against questions, which tell what it would come to if replays were
//! looked up before the queue.

use super::audit_later;
use crate::cast::{GRANARY_PG, GRANARY_SQLITE};
use crate::district::Open;
use crate::lab::{BackEnd, Lab};
use crate::results::{Goal, Run, Section};
use crate::sides::{Work, in_turns};
use crate::stats::{Spread, median};

const NEW: Work = Work::Post { mode: 1 };
const CONNECTIONS: u32 = 64;
const ROUNDS_MAX: u32 = 4;

pub fn measure(lab: &mut Lab, section: &mut Section) -> anyhow::Result<()> {
    let sides = [
        lab.granary_side(BackEnd::Postgres, Open::OneLarge, 1)?,
        lab.granary_side(BackEnd::Sqlite, Open::OneLarge, 1)?,
    ];
    let works = [NEW, Work::Replay, Work::Ask];
    let plan: Vec<_> = sides.iter().flat_map(|side| works.map(|work| (side, work, CONNECTIONS))).collect();
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
        section.notes.extend(before_the_queue(section, name));
    }
    Ok(())
}

/// Whether it would pay to look every payment's key up before it queues. What a look-up costs beside the rest of a request
/// can be told where the database has processes of its own.
fn before_the_queue(section: &Section, name: &str) -> Option<String> {
    let median_us = |work: Work, of: fn(&Run) -> f64| {
        let runs = section.runs.iter().filter(|run| run.side == name && run.work == work.name());
        median(runs.map(of))
    };
    let all = |run: &Run| run.server_us + run.database_us;
    let (replay_us, question_us) = (median_us(Work::Replay, all)?, median_us(Work::Ask, all)?);
    let look_up_us = median_us(Work::Ask, |run| run.database_us).filter(|us| *us > 0.0)?;
    let saved_us = (replay_us - question_us).max(0.0);
    Some(format!(
        "{name}: a replay goes through the queue and takes {replay_us:.0} µs of server and database. Looked up before it, as a \
         question is, it would take about {question_us:.0} µs, but every new payment {look_up_us:.0} µs more for looking in vain: \
         that would pay where more than {:.0} of 100 payments are replays.",
        look_up_us / (look_up_us + saved_us) * 100.0
    ))
}
