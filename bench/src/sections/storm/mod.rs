//! W5: the storm at month end. What must hold: those who are served are served soon, those who are not
//! hear so at once, no more memory is taken than usual, and afterwards all is as before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::file::{LINES_PER_REQUEST, REPORTING, requests as file_requests};
use super::{audit_later, caller_of};
use crate::cast::{GRANARY_PG, GRANARY_SQLITE};
use crate::client::Client;
use crate::district::Open;
use crate::draw::fresh_seed;
use crate::lab::{BackEnd, Lab};
use crate::open::{Kind, Load, Pace};
use crate::process;
use crate::requests::{Caller, Sent};
use crate::results::{Goal, Section, Table};
use crate::say;
use crate::sides::Side;
use crate::stats::{Spread, median};
use crate::tally::{Counts, Latencies, Outcome, WINDOW, Window};

mod cost;

use cost::{Cost, GOODPUT_MIN, costs};

const MULTIPLES: [f64; 4] = [0.5, 1.0, 2.0, 5.0];
/// What the server rests at before and after a storm, of what it can do.
const CALM: f64 = 0.5;
const CLIENTS_CLOSED: usize = 256;
const CONNECTIONS_MAX: usize = 2_000;
const GIVE_UP: Duration = Duration::from_secs(10);
const CALM_BEFORE: Duration = Duration::from_secs(3);
const CALM_AFTER: Duration = Duration::from_secs(8);
/// All is as before once this many windows in a row are.
const CALM_WINDOWS: usize = 4;
/// Latency that nobody minds, whatever it was before.
const P99_UNMINDED_US: u64 = 20_000;
/// How the names of the server's threads for HTTP begin.
const HTTP_THREADS: &str = "actix-rt";
/// Open bill that the file's lines name; it is the same each time, so that later files find it paid.
const PLACE: u32 = 6;

/// Who takes part, by token.
struct Callers {
    app: Caller,
    counter: Caller,
    bank: Caller,
    results: Caller,
}

pub fn measure(lab: &mut Lab, section: &mut Section) -> anyhow::Result<()> {
    let (mut rows, mut kinds) = (Vec::new(), Vec::new());
    for (name, back_end) in [(GRANARY_PG, BackEnd::Postgres), (GRANARY_SQLITE, BackEnd::Sqlite)] {
        let url = lab.district(back_end, Open::OneLarge)?;
        let side = lab.granary_on(back_end, &url, 1)?;
        let bank = caller_of(&side)?;
        let caller = |channel: &str| -> anyhow::Result<Caller> {
            Ok(Caller { token: lab.token(&url, channel)?, ..bank.clone() })
        };
        let callers = Callers {
            app: caller("APP")?,
            counter: caller("COUNTER")?,
            results: caller(REPORTING)?,
            bank: bank.clone(),
        };
        let (mut served, mut passes) = (None, Vec::new());
        for _ in 0..lab.scale.rounds.min(3) {
            let before = side.meter.read()?;
            let (capacity, answers) = capacity(lab, &side, &callers)?;
            served = served.or(Some(Cost::of(side.meter.since(before)?, answers)));
            say(&format!("  {name} can do {capacity:.0}/s of the mix"));
            for multiple in MULTIPLES.into_iter().filter(|multiple| !lab.scale.is_quick || *multiple == 2.0) {
                let pass = Pass::go(lab, &side, &callers, capacity, multiple)?;
                say(&format!("  {}", row(name, &[&pass]).join("  ")));
                passes.push(pass);
            }
        }
        let refused = refused(lab, &side, &callers)?;
        section.notes.extend(served.map(|served| costs(name, served, refused)));
        for multiple in MULTIPLES {
            let alike: Vec<&Pass> = passes.iter().filter(|pass| pass.multiple == multiple).collect();
            if !alike.is_empty() {
                aim(section, name, multiple, &alike);
                rows.push(row(name, &alike));
                kinds.extend(rows_of_kinds(name, &alike));
            }
        }
        side.stop()?;
        audit_later(section, name, &url);
    }
    section.tables.push(Table {
        title: "The storm (medians of the rounds)".to_owned(),
        columns: [
            "side",
            "× capacity",
            "offered/s",
            "done/s",
            "of capacity",
            "p50 ms",
            "p99 ms",
            "shed",
            "shed p50 ms",
            "shed p99 ms",
            "other",
            "unanswered",
            "unsent",
            "file lines/s",
            "memory MiB",
            "HTTP threads ready, but waiting",
            "normal after s",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows,
    });
    section.tables.push(Table {
        title: "Who was served in the storm (all rounds together, p99 as median)".to_owned(),
        columns: ["side", "× capacity", "kind", "sent", "done", "shed", "p99 ms"].map(str::to_owned).to_vec(),
        rows: kinds,
    });
    section.notes.push(
        "Generator, server and database share the processors: what the generator uses at 2 and 5 times the \
         capacity is taken from the server. It goes before them where it may, so that requests are sent when they \
         are meant to be. Ready, but waiting: of the time in which the server's threads for HTTP have something to do, \
         how much they wait for a processor; a request that is turned away waits as long. Unsent: no connection was \
         free within 10 s. What the server can do is measured anew in each round."
            .to_owned(),
    );
    Ok(())
}

/// 70 % questions, 22 % payments of which 15 % are sent again, 3 % history. Of the questions four in
/// seven come from an app, of the payments a third from counters.
fn mix(callers: &Callers, accounts: u64) -> Vec<Kind> {
    let Callers { app, counter, bank, .. } = callers;
    let sent = Sent::default();
    let (from_bank, from_counter) = (22.0 * 2.0 / 3.0, 22.0 / 3.0);
    vec![
        app.ask("question, app", 40.0, accounts),
        counter.ask("question, counter", 30.0, accounts),
        bank.post("payment, bank", from_bank - 22.0 * 0.15, accounts, &sent),
        bank.retry("payment sent again, bank", 22.0 * 0.15, accounts, &sent),
        counter.post("payment, counter", from_counter, accounts, &Sent::default()),
        app.history("history, app", 3.0, accounts),
    ]
}

fn run(side: &Side, callers: &Callers, pace: Pace) -> anyhow::Result<(Outcome, f64)> {
    let requests = file_requests(&callers.results, 100 * LINES_PER_REQUEST, side.accounts, PLACE)?;
    let (is_over, lines) = (AtomicBool::new(false), AtomicU64::new(0));
    let began = std::time::Instant::now();
    let outcome = std::thread::scope(|scope| {
        let file = scope.spawn(|| -> anyhow::Result<()> {
            let mut client = Client::connect(&callers.results.address)?;
            for request in requests.iter().cycle() {
                match client.insist(request, || is_over.load(Ordering::Acquire))? {
                    Some(_) => lines.fetch_add(LINES_PER_REQUEST as u64, Ordering::Relaxed),
                    None => break,
                };
            }
            Ok(())
        });
        let load = Load {
            address: callers.bank.address.clone(),
            kinds: mix(callers, side.accounts),
            pace,
            connections_max: CONNECTIONS_MAX,
            give_up: GIVE_UP,
            seed: fresh_seed(),
            until: Arc::default(),
        };
        let outcome = load.run();
        is_over.store(true, Ordering::Release);
        if let Ok(Err(error)) = file.join() {
            say(&format!("  the file's sender gave up: {error:#}"));
        }
        outcome
    });
    Ok((outcome?, lines.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64()))
}

/// What is done in a second, and how much was done in all.
fn capacity(lab: &Lab, side: &Side, callers: &Callers) -> anyhow::Result<(f64, f64)> {
    let duration = |seconds| Duration::from_secs(u64::from(seconds));
    let (first, _) = run(side, callers, Pace::Closed(CLIENTS_CLOSED, duration(2)))?;
    let measured = duration(lab.scale.run_s.max(2));
    let (outcome, _) = run(side, callers, Pace::Closed(CLIENTS_CLOSED, measured))?;
    let answers = first.all(0).done.len() + outcome.all(0).done.len();
    Ok((outcome.done_per_second(0), answers as f64))
}

/// What it costs to turn a request away at the door, as shedding does: its token isn't valid.
fn refused(lab: &Lab, side: &Side, callers: &Callers) -> anyhow::Result<Cost> {
    let stranger = Caller { token: "nobody".to_owned(), ..callers.app.clone() };
    let load = Load {
        address: stranger.address.clone(),
        kinds: vec![stranger.ask("refused", 1.0, side.accounts)],
        pace: Pace::Closed(CLIENTS_CLOSED, Duration::from_secs(u64::from(lab.scale.run_s.max(2)))),
        connections_max: CONNECTIONS_MAX,
        give_up: GIVE_UP,
        seed: fresh_seed(),
        until: Arc::default(),
    };
    let before = side.meter.read()?;
    let outcome = load.run()?;
    Ok(Cost::of(side.meter.since(before)?, outcome.all(0).sent() as f64))
}

/// One storm, with calm before and after.
struct Pass {
    capacity: f64,
    multiple: f64,
    outcome: Outcome,
    /// Of the storm itself, all kinds together.
    counts: Counts,
    lines_per_second: f64,
    memory_mib: f64,
    /// `None` where the system doesn't tell.
    waiting_percent: Option<f64>,
    normal_after_s: f64,
}

impl Pass {
    fn go(lab: &Lab, side: &Side, callers: &Callers, capacity: f64, multiple: f64) -> anyhow::Result<Self> {
        let length = Duration::from_secs(if lab.scale.is_quick { 4 } else { 8 });
        let stretches = vec![
            (CALM * capacity, CALM_BEFORE),
            (multiple * capacity, length),
            (CALM * capacity, CALM_AFTER),
        ];
        let server = side.meter.server.unwrap_or_default();
        process::reset_memory_peak(server);
        let (ran, turns) = std::thread::scope(|scope| {
            let turns = scope.spawn(|| {
                std::thread::sleep(CALM_BEFORE);
                let before = process::turns(server, HTTP_THREADS);
                std::thread::sleep(length);
                process::turns(server, HTTP_THREADS).since(before)
            });
            let ran = run(side, callers, Pace::Open(stretches));
            (ran, turns.join().unwrap_or_default())
        });
        let (outcome, lines_per_second) = ran?;
        let normal_after_s = normal_after_s(&outcome, capacity, CALM_BEFORE + length);
        Ok(Self {
            capacity,
            multiple,
            lines_per_second,
            memory_mib: process::memory_peak_mib(server),
            waiting_percent: turns.waiting_percent(),
            normal_after_s: normal_after_s.unwrap_or(CALM_AFTER.as_secs_f64()),
            counts: outcome.all(1),
            outcome,
        })
    }

    fn offered(&self) -> f64 {
        self.multiple * self.capacity
    }

    fn done(&self) -> f64 {
        self.outcome.done_per_second(1)
    }

    fn of_capacity_percent(&self) -> f64 {
        self.done() / self.capacity * 100.0
    }

    fn shed_ms(&self) -> Option<f64> {
        let busy = &self.counts.busy;
        (!busy.is_empty()).then(|| quantile_ms(busy, 0.5))
    }
}

fn aim(section: &mut Section, name: &str, multiple: f64, passes: &[&Pass]) {
    let spread = |of: fn(&Pass) -> f64| Spread::of(passes.iter().map(|pass| of(pass)));
    if multiple == 2.0 {
        let of_peak = spread(Pass::of_capacity_percent);
        let goal = Goal::at_least(GOODPUT_MIN, 95.0);
        section.aim(&format!("W5 at 2 ×: goodput of peak, {name}"), of_peak, "%", goal);
        let shed = Spread::of(passes.iter().filter_map(|pass| pass.shed_ms()));
        let goal = Goal::at_most(5.0, None);
        section.aim(&format!("W5 at 2 ×: shed answers, median, {name}"), shed, "ms", goal);
        let memory = spread(|pass| pass.memory_mib);
        let goal = Goal::at_most(120.0, Some(60.0));
        section.aim(&format!("W5: memory of the server, {name}"), memory, "MiB", goal);
    }
    if multiple >= 2.0 {
        let after = spread(|pass| pass.normal_after_s);
        let goal = Goal::at_most(5.0, None);
        section.aim(&format!("W5 at {multiple} ×: normal again, {name}"), after, "s", goal);
    }
}

fn row(name: &str, passes: &[&Pass]) -> Vec<String> {
    let of = |part: fn(&Pass) -> f64| median(passes.iter().map(|pass| part(pass))).unwrap_or(0.0);
    let ms = |part: fn(&Counts) -> f64| {
        format!("{:.1}", median(passes.iter().map(|pass| part(&pass.counts))).unwrap_or(0.0))
    };
    let count =
        |part: fn(&Counts) -> u64| passes.iter().map(|pass| part(&pass.counts)).sum::<u64>().to_string();
    let after = of(|pass| pass.normal_after_s);
    let waiting = median(passes.iter().filter_map(|pass| pass.waiting_percent));
    vec![
        name.to_owned(),
        format!("{}", of(|pass| pass.multiple)),
        format!("{:.0}", of(Pass::offered)),
        format!("{:.0}", of(Pass::done)),
        format!("{:.0} %", of(Pass::of_capacity_percent)),
        ms(|counts| quantile_ms(&counts.done, 0.5)),
        ms(|counts| quantile_ms(&counts.done, 0.99)),
        format!("{:.0} %", of(|pass| percent(pass.counts.busy.len(), pass.counts.sent()))),
        ms(|counts| quantile_ms(&counts.busy, 0.5)),
        ms(|counts| quantile_ms(&counts.busy, 0.99)),
        count(|counts| counts.otherwise),
        count(|counts| counts.unanswered),
        count(|counts| counts.unsent),
        format!("{:.0}", of(|pass| pass.lines_per_second)),
        format!("{:.0}", of(|pass| pass.memory_mib)),
        waiting.map_or_else(|| "–".to_owned(), |percent| format!("{percent:.0} %")),
        if after < CALM_AFTER.as_secs_f64() { format!("{after:.2}") } else { "not within 8".to_owned() },
    ]
}

fn rows_of_kinds(name: &str, passes: &[&Pass]) -> Vec<Vec<String>> {
    let names = passes.first().map(|pass| pass.outcome.names.clone()).unwrap_or_default();
    let row = |(place, kind): (usize, &&str)| {
        let of_kind = || passes.iter().filter_map(|pass| pass.outcome.counts.get(1)?.get(place));
        let sum = |part: fn(&Counts) -> u64| of_kind().map(part).sum::<u64>();
        let sent = sum(Counts::sent);
        let p99_ms = median(of_kind().map(|counts| quantile_ms(&counts.done, 0.99))).unwrap_or(0.0);
        vec![
            name.to_owned(),
            passes.first().map_or_else(String::new, |pass| pass.multiple.to_string()),
            (*kind).to_owned(),
            sent.to_string(),
            format!("{:.0} %", percent(sum(|counts| counts.done.len()), sent)),
            format!("{:.0} %", percent(sum(|counts| counts.busy.len()), sent)),
            format!("{p99_ms:.1}"),
        ]
    };
    names.iter().enumerate().map(row).collect()
}

fn quantile_ms(latencies: &Latencies, quantile: f64) -> f64 {
    latencies.value_at_quantile(quantile) as f64 / 1e3
}

fn percent(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64 * 100.0
}

/// When, after the storm's end, a second began in which all was as in the calm before it: nearly all
/// that was offered is done, and about as soon.
fn normal_after_s(outcome: &Outcome, capacity: f64, end: Duration) -> Option<f64> {
    let first = usize::try_from(end.as_millis() / WINDOW.as_millis()).ok()?;
    let p99_us = (3 * outcome.all(0).done.value_at_quantile(0.99)).max(P99_UNMINDED_US);
    let expected = CALM * capacity * WINDOW.as_secs_f64();
    let is_normal = |window: &Window| {
        let done = window.done.len() as f64;
        done >= 0.9 * (done + window.not_done as f64).max(0.8 * expected)
            && window.done.value_at_quantile(0.99) <= p99_us
    };
    let after: Vec<bool> = outcome.timeline.iter().skip(first).map(is_normal).collect();
    let place = after.windows(CALM_WINDOWS).position(|windows| windows.iter().all(|normal| *normal))?;
    Some(place as f64 * WINDOW.as_secs_f64())
}
