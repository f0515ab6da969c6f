//! What one fault did, as a row of a table: printed, and in the long form written down.

use std::fmt::Write as _;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::processes::load::Book;
use crate::processes::proof::{Judgement, judge};
use crate::processes::site::Site;
use crate::simulator::random::Random;
use crate::support::client::Client;

/// How often each fault is made, in the long form.
const RUNS_VARIABLE: &str = "GRANARY_FAULT_RUNS";
/// Where the sequence of chosen instants begins.
const SEED_VARIABLE: &str = "GRANARY_FAULT_SEED";

/// The names of the back ends in the table.
pub const SQLITE: &str = "SQLite";
/// See [`SQLITE`].
pub const POSTGRES: &str = "PostgreSQL";

/// How often a fault is made: `short`, unless the long form was asked for.
pub fn runs(short: usize) -> usize {
    long_runs().unwrap_or(short)
}

fn long_runs() -> Option<usize> {
    number(RUNS_VARIABLE)
}

fn number<T: std::str::FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok().map(|text| text.parse().ok().unwrap_or_else(|| panic!("{variable}={text}?")))
}

/// The seed that was asked for, if any.
pub fn seed() -> Option<u64> {
    number(SEED_VARIABLE)
}

/// One fault on one back end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    fault: String,
    what: String,
    back_end: String,
    runs: usize,
    acknowledged: usize,
    unknown: u64,
    found_posted: u64,
    lost: usize,
    doubled: i64,
    unexplained_fen: i64,
    broken: usize,
    recovery_ms: Vec<u64>,
    note: String,
    took_s: u64,
    seed: u64,
}

/// A fault that is being made.
pub struct Trial {
    row: Row,
    /// What speaks against it, in full.
    words: Vec<String>,
    started: Instant,
    /// Chooses instants and places.
    pub random: Random,
}

impl Trial {
    /// Begins, with the fault's number, what is done, and to which back end; with any seed, unless one was asked for.
    pub fn begin(fault: &str, what: &str, back_end: &str) -> Self {
        let seed = seed().unwrap_or_else(|| RandomState::new().hash_one(0));
        Self::begin_with(seed, fault, what, back_end)
    }

    /// As [`Trial::begin`], with this seed.
    pub fn begin_with(seed: u64, fault: &str, what: &str, back_end: &str) -> Self {
        let row = Row {
            fault: fault.to_owned(),
            what: what.to_owned(),
            back_end: back_end.to_owned(),
            runs: 0,
            acknowledged: 0,
            unknown: 0,
            found_posted: 0,
            lost: 0,
            doubled: 0,
            unexplained_fen: 0,
            broken: 0,
            recovery_ms: Vec::new(),
            note: String::new(),
            took_s: 0,
            seed,
        };
        Self { row, words: Vec::new(), started: Instant::now(), random: Random::new(seed) }
    }

    /// The fault was made once more.
    pub fn made(&mut self) {
        self.made_times(1);
    }

    /// The fault was made so many times more.
    pub fn made_times(&mut self, times: usize) {
        self.row.runs += times;
    }

    /// The service was back after this long.
    pub fn back_after(&mut self, time: Duration) {
        self.row.recovery_ms.push(u64::try_from(time.as_millis()).expect("less than an age"));
    }

    /// Something worth saying of this fault alone.
    pub fn note(&mut self, note: impl AsRef<str>) {
        let separator = if self.row.note.is_empty() { "" } else { "; " };
        let _writing_to_a_string_succeeds = write!(self.row.note, "{separator}{}", note.as_ref());
    }

    /// Adds what clients saw.
    pub fn heard(&mut self, book: &Book) {
        self.row.acknowledged += book.acknowledged.len();
        self.row.unknown += book.unknown;
        self.row.found_posted += book.found_posted;
    }

    /// Adds what was counted without a book.
    pub fn counted(&mut self, acknowledged: usize, unknown: u64, found_posted: u64) {
        self.row.acknowledged += acknowledged;
        self.row.unknown += unknown;
        self.row.found_posted += found_posted;
    }

    /// Adds what was found to be so.
    pub fn judged(&mut self, judgement: &Judgement) {
        self.row.lost += judgement.lost.len();
        self.row.doubled += judgement.doubled + judgement.untold;
        self.row.unexplained_fen += judgement.unexplained_fen;
        self.row.broken += judgement.broken.len();
        self.words.extend(judgement.lost.iter().chain(&judgement.broken).cloned());
    }

    /// Adds what clients saw, compares it with what is there, and ends.
    #[track_caller]
    pub fn conclude(mut self, site: &Site, client: &Client, book: &Book) {
        self.heard(book);
        self.judged(&judge(site, client, &[book]));
        self.end();
    }

    /// Prints the row, writes it down in the long form, and fails unless all is well.
    #[track_caller]
    pub fn end(mut self) {
        self.row.took_s = self.started.elapsed().as_secs();
        println!("{}", self.row.text());
        if long_runs().is_some() {
            write_down(&self.row);
        }
        self.words.iter().for_each(|words| println!("{words}"));
        let Row { lost, doubled, unexplained_fen, broken, .. } = self.row;
        assert_eq!((lost, doubled, unexplained_fen, broken), (0, 0, 0, 0), "{:?}", self.row);
        assert!(self.row.runs > 0, "the fault was never made: {:?}", self.row);
    }
}

impl Row {
    fn cells(&self) -> [String; 10] {
        let mut recovery = self.recovery_ms.clone();
        recovery.sort_unstable();
        let recovery = match (recovery.get(recovery.len() / 2), recovery.last()) {
            (Some(median), Some(longest)) => format!("{median} / {longest}"),
            _ => "–".to_owned(),
        };
        [
            format!("{} {}", self.fault, self.what),
            self.back_end.clone(),
            self.runs.to_string(),
            self.acknowledged.to_string(),
            format!("{} / {}", self.unknown, self.found_posted),
            self.lost.to_string(),
            self.doubled.to_string(),
            self.unexplained_fen.to_string(),
            recovery,
            self.note.clone(),
        ]
    }

    fn text(&self) -> String {
        format!("| {} | {} s, seed {}", self.cells().join(" | "), self.took_s, self.seed)
    }
}

/// Tests run one at a time here (see `processes::alone`), so that nobody else writes meanwhile.
fn write_down(row: &Row) {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults.json");
    let mut rows: Vec<Row> = fs::read(&kept)
        .ok()
        .map_or_else(Vec::new, |text| serde_json::from_slice(&text).expect("rows that were written here"));
    rows.retain(|other| {
        (&other.fault, &other.what, &other.back_end) != (&row.fault, &row.what, &row.back_end)
    });
    rows.push(row.clone());
    let number = |row: &Row| row.fault.trim_start_matches('F').parse::<u32>().unwrap_or(u32::MAX);
    rows.sort_by_key(|row| (number(row), row.what.clone(), row.back_end.clone()));
    let text = serde_json::to_string_pretty(&rows).expect("rows are JSON");
    fs::write(&kept, text).expect("the folder of the tests takes a file");
    let path = document();
    fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
    fs::write(path, markdown(&rows)).expect("the document can be written");
}

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/RELIABILITY.md")
}

fn len(len: usize) -> i64 {
    i64::try_from(len).expect("a count")
}

fn markdown(rows: &[Row]) -> String {
    let sum = |of: fn(&Row) -> i64| rows.iter().map(of).sum::<i64>();
    let mut text = format!(
        "# Reliability\n\n**{} payments through {} faults: {} lost, {} doubled, {} \
         unexplained fen.**\n\nWritten by the fault bench from its own runs \
         (`GRANARY_FAULT_RUNS=n cargo test --test it faults`). Each fault is made under load. Clients choose their \
         keys before the first try, write down what they send and hear, and send each key again until it has a \
         definite answer. Afterwards every payment that was acknowledged is asked for again and must be answered \
         as it was at first; the database must hold nothing else, down to the fen; and the audit must be clean.\n\n\
         *Unknown* are keys of which a try was answered TIMEOUT or not at all; *found* are those of them that turned \
         out to be posted already, and were answered as replays; the others were posted by a later try.\n\n",
        sum(|row| len(row.acknowledged)),
        sum(|row| len(row.runs)),
        sum(|row| len(row.lost)),
        sum(|row| row.doubled),
        sum(|row| row.unexplained_fen.abs()),
    );
    text.push_str(
        "| fault | back end | runs | acknowledged | unknown / found | lost | doubled | unexplained fen | \
         back after, ms: median / longest | |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let _writing_to_a_string_succeeds = writeln!(text, "| {} |", row.cells().join(" | "));
    }
    text
}
