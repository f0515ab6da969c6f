//! W2 through one channel, against the same through eight.

use super::audit_later;
use crate::cast::{GRANARY_PG, GRANARY_SQLITE};
use crate::district::{BANKS, Open};
use crate::lab::{BackEnd, Lab};
use crate::results::{Goal, Section};
use crate::sides::{Dialect, Door, Side, Work, in_turns};
use crate::stats::Spread;

const WORK: Work = Work::Post { mode: 1 };
const CONNECTIONS: u32 = 64;
const ROUNDS_MAX: u32 = 4;

pub fn measure(lab: &mut Lab, section: &mut Section) -> anyhow::Result<()> {
    let rounds = lab.scale.rounds.min(ROUNDS_MAX);
    for (name, back_end) in [(GRANARY_PG, BackEnd::Postgres), (GRANARY_SQLITE, BackEnd::Sqlite)] {
        // Two views of one server, so that both meet the same caches.
        let side = lab.granary_side(back_end, Open::OneLarge, BANKS)?;
        let eight = Side { name: format!("{name}, eight channels"), ..side.clone() };
        let one = Side {
            name: format!("{name}, one channel"),
            door: through_one(lab, back_end, &side)?,
            ..side.clone()
        };
        let plan = [(&eight, WORK, CONNECTIONS), (&one, WORK, CONNECTIONS)];
        section.runs.extend(in_turns(lab, &plan, rounds, lab.scale.run_s)?);
        drop((one, eight));
        side.stop()?;
        let url = lab.district(back_end, Open::OneLarge)?;
        audit_later(section, name, &url);
        let rates = |channels: &str| section.rates(&format!("{name}, {channels}"), WORK.name(), CONNECTIONS);
        let loss = Spread::of_ratios(&rates("one channel"), &rates("eight channels")).map(|ratio| Spread {
            median: (1.0 - ratio.median) * 100.0,
            low: (1.0 - ratio.high) * 100.0,
            high: (1.0 - ratio.low) * 100.0,
        });
        section.aim(&format!("W2-hot loss, {name}"), loss, "%", Goal::at_most(5.0, Some(0.0)));
    }
    Ok(())
}

/// The same server, through one channel alone.
fn through_one(lab: &mut Lab, back_end: BackEnd, side: &Side) -> anyhow::Result<Door> {
    let url = lab.district(back_end, Open::OneLarge)?;
    let tokens = Some(lab.token_file(&url, 1)?);
    Ok(match &side.door {
        Door::Http { server, dialect } => {
            Door::Http { server: server.clone(), dialect: Dialect { tokens, ..dialect.clone() } }
        }
        pgbench @ Door::Pgbench { .. } => pgbench.clone(),
    })
}
