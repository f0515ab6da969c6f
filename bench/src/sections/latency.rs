//! Latency at 70 % of what a side can do, from intended start times.

use std::sync::Arc;
use std::time::Duration;

use super::caller_of;
use crate::lab::Lab;
use crate::open::{Load, Pace};
use crate::requests::Sent;
use crate::results::{Section, Table};
use crate::say;
use crate::sides::{Side, Work};
use crate::stats::Spread;

const SHARE: f64 = 0.7;
const CONNECTIONS_MAX: usize = 1_000;
const GIVE_UP: Duration = Duration::from_secs(10);
const TITLE: &str = "Latency at 70 % of the closed loop's rate, from intended start times (ms)";

/// Offers a side 70 % of the median rate of its runs and adds a row to the section's table.
pub fn at_70_percent(lab: &Lab, section: &mut Section, side: &Side, work: Work) -> anyhow::Result<()> {
    let is_own = |run: &&crate::results::Run| run.side == side.name && run.work == work.name();
    let rates = section.runs.iter().filter(is_own).map(|run| run.per_second);
    let Some(spread) = Spread::of(rates) else { return Ok(()) };
    let caller = caller_of(side)?;
    let per_second = spread.median * SHARE;
    let kind = match work {
        Work::Ask => caller.ask("W1", 1.0, side.accounts),
        Work::Post { .. } | Work::Replay => caller.post("W2", 1.0, side.accounts, &Sent::default()),
    };
    let duration = Duration::from_secs(u64::from(2 * lab.scale.run_s));
    let load = Load {
        address: caller.address,
        kinds: vec![kind],
        // The first stretch warms the connections and isn't counted.
        pace: Pace::Open(vec![(per_second, Duration::from_secs(2)), (per_second, duration)]),
        connections_max: CONNECTIONS_MAX,
        give_up: GIVE_UP,
        seed: crate::draw::fresh_seed(),
        until: Arc::default(),
    };
    let outcome = load.run()?;
    let counts = outcome.all(1);
    let at = |quantile: f64| format!("{:.2}", counts.done.value_at_quantile(quantile) as f64 / 1e3);
    let row = vec![
        side.name.clone(),
        format!("{per_second:.0}"),
        format!("{:.0}", outcome.done_per_second(1)),
        at(0.5),
        at(0.99),
        at(1.0),
        (counts.sent() - counts.done.len()).to_string(),
    ];
    say(&format!("  {} at {:.0}/s: p50 {} ms, p99 {} ms", side.name, per_second, row[3], row[4]));
    table(section).rows.push(row);
    Ok(())
}

fn table(section: &mut Section) -> &mut Table {
    if let Some(place) = section.tables.iter().position(|table| table.title == TITLE) {
        return &mut section.tables[place];
    }
    let columns =
        ["side", "offered/s", "done/s", "p50", "p99", "max", "not done"].map(str::to_owned).to_vec();
    section.tables.push(Table { title: TITLE.to_owned(), columns, rows: Vec::new() });
    section.tables.last_mut().expect("just pushed")
}
