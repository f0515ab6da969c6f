//! The sides of a comparison, and one run of one of them: pgbench on a function, or wrk on a server.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::rc::Rc;

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::draw::fresh_seed;
use crate::lab::{Lab, sources};
use crate::meter::Meter;
use crate::process::{both_of, output_of};
use crate::results::Run;
use crate::say;
use crate::server::Server;

/// Threads of a generator; there are seldom more processors to spare.
const GENERATOR_THREADS: u32 = 2;
/// pgbench's sessions are new in each run; while they plan and compile for the first time doesn't count.
const PGBENCH_FIRST_S: u32 = 1;
/// Seeds that Lua's numbers can hold.
const SEEDS: u64 = 1 << 30;

/// One closed-loop workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// W1: ask for an account's open bills.
    Ask,
    /// W2: post one payment per request; `mode` 1 pays a little of a large bill, 2 exactly the oldest.
    Post { mode: u32 },
    /// W3: post again what was posted.
    Replay,
}

/// Whom to ask.
#[derive(Clone)]
pub enum Door {
    /// pgbench, by its script; so many payments a call.
    Pgbench { program: PathBuf, script: PathBuf, url: String, per_call: u32 },
    /// A GraphQL server.
    Http { server: Rc<Server>, dialect: Dialect },
}

/// How a server is spoken to.
#[derive(Clone)]
pub struct Dialect {
    /// The wrk scripts' word for it.
    pub side: &'static str,
    /// A file with a token a line, which requests carry in turns; the others have none.
    pub tokens: Option<PathBuf>,
}

/// One side.
#[derive(Clone)]
pub struct Side {
    /// Its name in tables.
    pub name: String,
    /// Whom to ask.
    pub door: Door,
    /// What it uses.
    pub meter: Meter,
    /// Accounts of the district it works on.
    pub accounts: u64,
    /// Seed of the payments posted last, and how many of each thread can be posted again.
    pub last_post: Cell<(u64, u64)>,
}

/// What a wrk script prints when it is done.
#[derive(Deserialize)]
struct WrkSays {
    requests: f64,
    duration_us: f64,
    errors: BTreeMap<String, u64>,
    first_error: String,
    posted_each: u64,
    p50_us: f64,
    p99_us: f64,
    max_us: f64,
}

impl Work {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ask => "W1",
            Self::Post { mode: 1 } => "W2",
            Self::Post { .. } => "W2 (b)",
            Self::Replay => "W3",
        }
    }

    fn script(self) -> &'static str {
        match self {
            Self::Ask => "w1.lua",
            Self::Post { .. } => "w2.lua",
            Self::Replay => "w3.lua",
        }
    }
}

impl Side {
    /// Runs for so many seconds at so many connections, and says what it came to.
    pub fn run(&self, work: Work, connections: u32, seconds: u32) -> anyhow::Result<Run> {
        let before = self.meter.read()?;
        let mut run = match &self.door {
            Door::Pgbench { .. } => self.run_pgbench(work, connections, seconds)?,
            Door::Http { .. } => self.run_wrk(work, connections, seconds)?,
        };
        run.side.clone_from(&self.name);
        (run.work, run.connections) = (work.name().to_owned(), connections);
        let run = run.share(self.meter.since(before)?);
        say(&format!(
            "  {:<24} {:<7} {connections:>4} connections {:>8.0}/s   CPU µs: generator {:.0}, server {:.0}, database {:.0}",
            run.side, run.work, run.per_second, run.generator_us, run.server_us, run.database_us
        ));
        Ok(run)
    }

    fn run_pgbench(&self, work: Work, connections: u32, seconds: u32) -> anyhow::Result<Run> {
        let (Door::Pgbench { program, script, url, per_call }, Work::Post { mode }) = (&self.door, work)
        else {
            bail!("{} posts payments and nothing else", self.name);
        };
        let mut command = Command::new(program);
        command.args(["-n", "-M", "prepared", "-j", &GENERATOR_THREADS.min(connections).to_string()]);
        let with_first = (seconds + PGBENCH_FIRST_S).to_string();
        command.args(["-c", &connections.to_string(), "-T", &with_first, "-P", "1"]);
        command.args(["-D", &format!("accounts={}", self.accounts), "-D", &format!("mode={mode}")]);
        command.arg("-f").arg(script).arg(url);
        let output = both_of(&mut command)?;
        let calls = number_after(&output, "number of transactions actually processed: ");
        let seconds: Vec<(f64, f64)> =
            output.lines().filter_map(progress).skip(PGBENCH_FIRST_S as usize).collect();
        let mean =
            |of: fn(&(f64, f64)) -> f64| seconds.iter().map(of).sum::<f64>() / seconds.len().max(1) as f64;
        Ok(Run {
            answers: calls.with_context(|| format!("pgbench said {output}"))? * f64::from(*per_call),
            per_second: mean(|(calls, _)| *calls) * f64::from(*per_call),
            p50_us: Some(mean(|(_, latency_ms)| *latency_ms) * 1e3),
            ..Run::default()
        })
    }

    fn run_wrk(&self, work: Work, connections: u32, seconds: u32) -> anyhow::Result<Run> {
        let Door::Http { server, dialect } = &self.door else { bail!("{} is no server", self.name) };
        let threads = GENERATOR_THREADS.min(connections);
        let mut command = Command::new("wrk");
        command.args(["-t", &threads.to_string(), "-c", &connections.to_string()]);
        command.args(["-d", &format!("{seconds}s"), "--timeout", "20s", "--latency", "-s"]);
        command.arg(sources().join("wrk").join(work.script())).arg(server.url()).arg("--");
        command.args([format!("side={}", dialect.side), format!("accounts={}", self.accounts)]);
        command.args(dialect.tokens.iter().map(|path| format!("tokens={}", path.display())));
        let seed = match work {
            Work::Ask | Work::Post { .. } => fresh_seed() % SEEDS,
            Work::Replay => self.last_post.get().0,
        };
        command.arg(format!("seed={seed}"));
        match work {
            Work::Ask => {}
            Work::Post { mode } => {
                command.arg(if mode == 1 { "mode=a" } else { "mode=b" });
            }
            Work::Replay => {
                command.arg(format!("count={}", self.last_post.get().1));
            }
        }
        let output = output_of(&mut command)?;
        let line = output.lines().rfind(|line| line.starts_with('{'));
        let says: WrkSays = serde_json::from_str(line.with_context(|| format!("wrk said {output}"))?)?;
        if let Work::Post { .. } = work {
            self.last_post.set((seed, says.posted_each));
        }
        let errors = says.errors.values().sum();
        if errors > 0 {
            say(&format!("  {}: {errors} answers were not as expected: {}", self.name, says.first_error));
        }
        Ok(Run {
            answers: says.requests,
            errors,
            per_second: says.requests * 1e6 / says.duration_us,
            p50_us: Some(says.p50_us),
            p99_us: Some(says.p99_us),
            max_us: Some(says.max_us),
            ..Run::default()
        })
    }

    /// Stops its server, if it has one.
    pub fn stop(self) -> anyhow::Result<()> {
        match self.door {
            Door::Pgbench { .. } => Ok(()),
            Door::Http { server, .. } => Rc::into_inner(server).map_or(Ok(()), Server::stop),
        }
    }
}

fn number_after(output: &str, name: &str) -> Option<f64> {
    output.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// Calls per second and average latency in milliseconds of `progress: 2.0 s, 4321.0 tps, lat 14.8 ms …`.
fn progress(line: &str) -> Option<(f64, f64)> {
    let mut parts = line.strip_prefix("progress: ")?.split(", ").skip(1);
    let calls = parts.next()?.strip_suffix(" tps")?.parse().ok()?;
    let latency_ms = parts.next()?.strip_prefix("lat ")?.split_whitespace().next()?.parse();
    Some((calls, latency_ms.unwrap_or(0.0)))
}

/// Runs every side once to warm up and then in turns, round by round: A B C A B C …
pub fn in_turns(
    lab: &Lab,
    plan: &[(&Side, Work, u32)],
    rounds: u32,
    seconds: u32,
) -> anyhow::Result<Vec<Run>> {
    for (side, work, connections) in plan {
        side.run(*work, *connections, lab.scale.warm_up_s)?;
    }
    let mut runs = Vec::new();
    for round in 1..=rounds {
        for (side, work, connections) in plan {
            runs.push(Run { round, ..side.run(*work, *connections, seconds)? });
        }
    }
    Ok(runs)
}
