//! What was measured, as it is kept in `results.json`. Everything that `RESULTS.md` says is made from
//! this, so that a section measured alone replaces only its part.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::machine::processors;
use crate::meter::Reading;
use crate::stats::Spread;

/// All sections, each as it was last measured.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Results {
    /// The machine, as name and value.
    pub machine: BTreeMap<String, String>,
    /// Settings of the databases, as name and value.
    pub settings: BTreeMap<String, String>,
    /// By name.
    pub sections: BTreeMap<String, Section>,
}

/// One section's measurements.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Section {
    /// Heading.
    pub title: String,
    /// What was measured, in a sentence or two.
    pub about: String,
    /// Day of measuring.
    pub measured_on: String,
    /// Whether the data was small and the runs short.
    pub is_quick: bool,
    /// How much was measured, in words.
    #[serde(default)]
    pub scale: String,
    /// How long it took.
    pub took_s: f64,
    /// Every run that counts.
    pub runs: Vec<Run>,
    /// What performance.md asks for.
    pub targets: Vec<Target>,
    /// Tables of their own, beside that of the runs.
    pub tables: Vec<Table>,
    /// Sentences.
    pub notes: Vec<String>,
    /// Sides of which an invariant broke, so that nothing measured beside them counts.
    pub broken: Vec<String>,
    /// Whether the databases were audited since.
    pub is_audited: bool,
    /// What is to be audited.
    #[serde(skip)]
    pub owes: Vec<Owed>,
}

/// A database that was measured and not audited since.
#[derive(Debug, Clone)]
pub struct Owed {
    /// Whose runs hang on it.
    pub side: String,
    /// The database.
    pub url: String,
}

/// One run of one side.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Run {
    /// Who.
    pub side: String,
    /// What.
    pub work: String,
    /// At how many connections.
    pub connections: u32,
    /// Of the interleaved rounds, from 1 on.
    pub round: u32,
    /// Answers, or payments where one answer holds many.
    pub answers: f64,
    /// Answers that weren't as expected.
    pub errors: u64,
    /// Answers per second.
    pub per_second: f64,
    /// Half of the answers came sooner.
    pub p50_us: Option<f64>,
    /// All but one in a hundred came sooner.
    pub p99_us: Option<f64>,
    /// The slowest.
    pub max_us: Option<f64>,
    /// Processor time per answer, in microseconds.
    pub generator_us: f64,
    /// The same of the server.
    pub server_us: f64,
    /// The same of the database, where it has processes of its own.
    pub database_us: f64,
    /// Bytes written per answer.
    pub bytes: f64,
    /// Of all processors' time, what generator, server and database used, in per cent.
    pub busy_percent: [f64; 3],
    /// The same of everything else on the machine; where it is much, the figure says little.
    pub others_percent: f64,
}

/// What performance.md asks for, and what came out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Target {
    /// What is compared.
    pub name: String,
    /// What came out.
    pub measured: Spread,
    /// Times, per second, per cent, …
    pub unit: String,
    /// What must be reached.
    pub bar: f64,
    /// What would be better still, where anything is said of it.
    pub stretch: Option<f64>,
    /// Whether less is better.
    pub is_ceiling: bool,
}

/// A target before anything is measured for it.
#[derive(Debug, Clone, Copy)]
pub struct Goal {
    bar: f64,
    stretch: Option<f64>,
    is_ceiling: bool,
}

impl Goal {
    /// More is better.
    pub fn at_least(bar: f64, stretch: f64) -> Self {
        Self { bar, stretch: Some(stretch), is_ceiling: false }
    }

    /// Less is better.
    pub fn at_most(bar: f64, stretch: Option<f64>) -> Self {
        Self { bar, stretch, is_ceiling: true }
    }
}

/// A table as it is shown.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Table {
    /// What stands above it.
    pub title: String,
    /// The head.
    pub columns: Vec<String>,
    /// The body.
    pub rows: Vec<Vec<String>>,
}

impl Results {
    /// What earlier runs left, or nothing.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(text) => serde_json::from_str(&text)
                .with_context(|| format!("{} is no results of this version; remove it", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    /// Writes them down.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(path, text).with_context(|| path.display().to_string())
    }
}

impl Run {
    /// Shares what a run used among its answers.
    pub fn share(mut self, spent: Reading) -> Self {
        let each = |seconds: f64| seconds * 1e6 / self.answers.max(1.0);
        let (generator_us, server_us) = (each(spent.generator_s), each(spent.server_s));
        let (database_us, bytes) = (each(spent.database_s), spent.bytes / self.answers.max(1.0));
        (self.generator_us, self.server_us) = (generator_us, server_us);
        (self.database_us, self.bytes) = (database_us, bytes);
        let percent = |seconds: f64| seconds / (spent.elapsed_s * processors()).max(0.001) * 100.0;
        self.busy_percent = [spent.generator_s, spent.server_s, spent.database_s].map(percent);
        self.others_percent = (percent(spent.machine_s) - self.busy_percent.iter().sum::<f64>()).max(0.0);
        self
    }
}

impl Section {
    /// Answers per second of a side, round by round.
    pub fn rates(&self, side: &str, work: &str, connections: u32) -> Vec<f64> {
        let is_meant = |run: &&Run| run.side == side && run.work == work && run.connections == connections;
        self.runs.iter().filter(is_meant).map(|run| run.per_second).collect()
    }

    /// Adds a target, provided that something was measured for it.
    pub fn aim(&mut self, name: &str, measured: Option<Spread>, unit: &str, goal: Goal) {
        let Some(measured) = measured else { return };
        let Goal { bar, stretch, is_ceiling } = goal;
        let (name, unit) = (name.to_owned(), unit.to_owned());
        self.targets.push(Target { name, measured, unit, bar, stretch, is_ceiling });
    }

    /// Takes out what was measured, since an invariant broke.
    pub fn strike(&mut self, side: &str) {
        self.runs.clear();
        self.targets.clear();
        self.tables.clear();
        self.notes.clear();
        self.broken.push(format!("an invariant of {side} broke"));
    }
}
