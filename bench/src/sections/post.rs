//! W2, and what it is compared with.

use super::{audit_later, latency};
use crate::cast::{A, A_LEAN, B, C, D, GRANARY_PG, GRANARY_SQLITE, J};
use crate::district::Open;
use crate::lab::{BackEnd, Lab};
use crate::results::{Goal, Run, Section};
use crate::sides::{Side, Work, in_turns};
use crate::stats::Spread;

const CONNECTIONS: u32 = 64;
/// SQLite has no processes beside the server, so that more can wait for one commit.
const CONNECTIONS_SQLITE: u32 = 128;
const SMALL: Work = Work::Post { mode: 1 };
const EXACT: Work = Work::Post { mode: 2 };

pub fn measure(lab: &mut Lab, section: &mut Section) -> anyhow::Result<()> {
    let rounds = lab.scale.rounds;
    let sides = [
        lab.pgbench_side(A, Open::OneLarge)?,
        lab.granary_side(BackEnd::Postgres, Open::OneLarge, 1)?,
        lab.granary_side(BackEnd::Sqlite, Open::OneLarge, 1)?,
        lab.lean_side()?,
        lab.pgbench_side(B, Open::OneLarge)?,
        lab.node_side(C, Open::OneLarge)?,
        lab.node_side(D, Open::OneLarge)?,
        lab.naive_side(Open::OneLarge)?,
    ];
    section.runs = turns(lab, &sides, SMALL, rounds)?;
    for side in &sides[1..=2] {
        latency::at_70_percent(lab, section, side, SMALL)?;
    }
    stop(lab, section, sides, Open::OneLarge)?;
    aim(section);
    function_notes(section);

    let sides = [
        lab.pgbench_side(A, Open::Twelve)?,
        lab.granary_side(BackEnd::Postgres, Open::Twelve, 1)?,
        lab.granary_side(BackEnd::Sqlite, Open::Twelve, 1)?,
    ];
    let runs = turns(lab, &sides, EXACT, rounds.min(3))?;
    section.runs.extend(runs);
    stop(lab, section, sides, Open::Twelve)?;
    exact_notes(section);
    Ok(())
}

fn turns(lab: &Lab, sides: &[Side], work: Work, rounds: u32) -> anyhow::Result<Vec<Run>> {
    let connections =
        |side: &Side| if side.name == GRANARY_SQLITE { CONNECTIONS_SQLITE } else { CONNECTIONS };
    let plan: Vec<_> = sides.iter().map(|side| (side, work, connections(side))).collect();
    in_turns(lab, &plan, rounds, lab.scale.run_s)
}

fn stop(
    lab: &mut Lab,
    section: &mut Section,
    sides: impl IntoIterator<Item = Side>,
    open: Open,
) -> anyhow::Result<()> {
    for side in sides {
        side.stop()?;
    }
    for (name, back_end) in [(GRANARY_PG, BackEnd::Postgres), (GRANARY_SQLITE, BackEnd::Sqlite)] {
        let url = lab.district(back_end, open)?;
        audit_later(section, name, &url);
    }
    Ok(())
}

fn aim(section: &mut Section) {
    let rates = |side: &str, connections| section.rates(side, SMALL.name(), connections);
    let ours = rates(GRANARY_PG, CONNECTIONS);
    let over = |rival: &str| Spread::of_ratios(&ours, &rates(rival, CONNECTIONS));
    let of_b = over(B).map(|spread| Spread {
        median: spread.median * 100.0,
        low: spread.low * 100.0,
        high: spread.high * 100.0,
    });
    let sqlite = Spread::of_ratios(&rates(GRANARY_SQLITE, CONNECTIONS_SQLITE), &rates(A, CONNECTIONS));
    let (a, lean, c, d, j) = (over(A), over(A_LEAN), over(C), over(D), over(J));
    section.aim("W2 on PostgreSQL against A, 64 connections", a, "×", Goal::at_least(2.5, 4.0));
    section.aim("W2 on PostgreSQL against A\u{2032}, 64 connections", lean, "×", Goal::at_least(2.5, 4.0));
    section.aim("W2 as a share of B", of_b, "%", Goal::at_least(50.0, 75.0));
    section.aim("W2 against C", c, "×", Goal::at_least(15.0, 25.0));
    section.aim("W2 against D", d, "×", Goal::at_least(6.0, 10.0));
    section.aim("W2 against J", j, "×", Goal::at_least(4.0, 8.0));
    section.aim("W2 on SQLite FULL, 128 connections, against A", sqlite, "×", Goal::at_least(2.5, 5.0));
}

/// What the function that C and D call can do by itself, which bounds them, and granary's bars with them.
fn function_notes(section: &mut Section) {
    let rates = |side: &str| section.rates(side, SMALL.name(), CONNECTIONS);
    let ours = Spread::of_ratios(&rates(GRANARY_PG), &rates(A));
    let notes: Vec<String> = [(C, 15.0), (D, 6.0)]
        .iter()
        .filter_map(|(rival, bar)| {
            let (ours, function) = (ours?.median, Spread::of_ratios(&rates(A), &rates(rival))?.median);
            Some(format!(
                "{rival} calls the function of A. By itself, without HTTP and GraphQL, that makes {function:.2} × of it here, \
                 so that {bar} × of it are {:.2} × of A, of which granary makes {ours:.2} ×.",
                bar / function
            ))
        })
        .collect();
    section.notes.extend(notes);
}

fn exact_notes(section: &mut Section) {
    let rates = |side: &str, connections| section.rates(side, EXACT.name(), connections);
    let theirs = rates(A, CONNECTIONS);
    let pairs = [(GRANARY_PG, CONNECTIONS), (GRANARY_SQLITE, CONNECTIONS_SQLITE)];
    let notes: Vec<String> = pairs
        .iter()
        .filter_map(|(side, connections)| {
            let Spread { median, low, high } = Spread::of_ratios(&rates(side, *connections), &theirs)?;
            Some(format!("On data set (b) {side} makes {median:.2} × ({low:.2} to {high:.2}) of A."))
        })
        .collect();
    section.notes.extend(notes);
}
