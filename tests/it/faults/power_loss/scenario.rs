//! What is asked while the disk is watched, and the record of it: every operation on the files, and what
//! had been told by then.

use std::path::{Path, PathBuf};

use crash_vfs::crash::{Damage, crash};
use crash_vfs::image::Image;
use crash_vfs::journal::{Operation, Recording};
use granary::domain::account::CustomerClass;
use granary::domain::book::{Answer, Command};
use granary::domain::channel::ChannelMode;
use granary::store::base::connection::Database;

use super::writer::Durability;
use crate::simulator::random::Random;
use crate::support::backends::TestDatabase;
use crate::support::commands::{NOON_MS, add_channel, issue_bill, post, reverse, save_account};

const CHANNEL: &str = "BANK";
const ACCOUNTS: [&str; 4] = ["1001", "1002", "1003", "1004"];
const DUE_ON: [&str; 3] = ["2026-09-30", "2026-10-31", "2026-11-30"];
const PRINCIPAL_FEN: i64 = 12_345;
const PAYMENT_FEN_MAX: i64 = 20_000;
/// How many payments come in each batch: 40 in all.
const BATCHES: [usize; 35] =
    [1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 3, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1];
/// The batch after which a payment is undone: in the second log, before the last checkpoint.
const REVERSED_AFTER: usize = 17;
const REVERSED: &str = "payment-3";
/// The log is started over by the next writer.
const PASSIVE_AFTER: usize = 11;
/// The log is emptied.
const TRUNCATE_AFTER: usize = 23;
const BATCH_MS: i64 = 60_000;

/// Commands, each with the instant it was taken in.
pub type Batch = Vec<(i64, Command)>;

/// What is done in turn.
pub enum Step {
    /// Commands are settled together.
    Settle(Batch),
    /// Another connection copies the log into the database.
    Checkpoint(&'static str),
}

/// What a caller had been told.
#[derive(Debug, Clone)]
pub struct Told {
    /// How many operations had been made when it was told.
    pub after: usize,
    /// Which of the commands it answers.
    pub place: usize,
    /// The answer.
    pub answer: Answer,
}

/// What happened to the files of a folder, and what was told meanwhile, in order.
pub struct History {
    /// The files before, all durable.
    pub base: Image,
    /// What was done to them.
    pub operations: Vec<Operation>,
    /// What was told.
    pub told: Vec<Told>,
}

impl History {
    /// What had been told when so many operations were made.
    pub fn told_by(&self, operation_count: usize) -> &[Told] {
        &self.told[..self.told.partition_point(|told| told.after <= operation_count)]
    }
}

/// The steps of a seed, which sets who pays and how much.
pub fn steps(seed: u64) -> Vec<Step> {
    let mut random = Random::new(seed);
    let mut steps = vec![Step::Settle(set_up())];
    let mut payment_count = 0;
    for (batch, len) in BATCHES.into_iter().enumerate() {
        let at_ms = NOON_MS + BATCH_MS * (1 + i64::try_from(batch).expect("a small number"));
        let mut payment = |_| {
            payment_count += 1;
            let (account, fen) = (random.one_of(&ACCOUNTS), random.between(1, PAYMENT_FEN_MAX));
            (at_ms, post(CHANNEL, &format!("payment-{payment_count}"), account, fen))
        };
        steps.push(Step::Settle((0..len).map(&mut payment).collect()));
        match batch {
            REVERSED_AFTER => {
                steps.push(Step::Settle(vec![(at_ms, reverse(CHANNEL, "reversal-1", REVERSED))]))
            }
            PASSIVE_AFTER => steps.push(Step::Checkpoint("PRAGMA wal_checkpoint(PASSIVE)")),
            TRUNCATE_AFTER => steps.push(Step::Checkpoint("PRAGMA wal_checkpoint(TRUNCATE)")),
            _ => {}
        }
    }
    steps
}

fn set_up() -> Batch {
    let mut commands = vec![add_channel(CHANNEL, ChannelMode::Asking)];
    for account in ACCOUNTS {
        commands.push(save_account(account, CustomerClass::Residential));
        let bill = |due_on: &str| issue_bill(account, &format!("{account}-{due_on}"), PRINCIPAL_FEN, due_on);
        commands.extend(DUE_ON.map(bill));
    }
    commands.into_iter().map(|command| (NOON_MS, command)).collect()
}

/// All commands of these steps, in order.
pub fn commands(steps: &[Step]) -> Batch {
    let batches = steps.iter().filter_map(|step| match step {
        Step::Settle(batch) => Some(batch.clone()),
        Step::Checkpoint(_) => None,
    });
    batches.flatten().collect()
}

/// Plays the steps on a database of its own, watched from when it is migrated until its last connection
/// is closed.
pub fn record(steps: &[Step], durability: Durability) -> History {
    let test = TestDatabase::sqlite();
    let folder = folder_of(&test.database);
    let base = Image::load(&folder).expect("the files can be read");
    let recording = Recording::start(&folder).expect("SQLite takes the shim");
    let mut other = durability.connect(&test.database);
    let mut settle = durability.writer(&test.database);
    let mut told = Vec::new();
    for step in steps {
        match step {
            Step::Settle(batch) => {
                let answers = settle(batch.clone());
                let after = recording.operation_count();
                told.extend((told.len()..).zip(answers).map(|(place, answer)| Told { after, place, answer }));
            }
            Step::Checkpoint(statement) => other.execute(statement),
        }
    }
    drop(other);
    drop(settle);
    let operations = recording.finish();
    let played = crash(&base, &operations, Damage::Kept, || 0);
    assert!(played == Image::load(&folder).expect("the files can be read"), "an operation was not recorded");
    History { base, operations, told }
}

/// Where an embedded database's files are.
pub fn folder_of(database: &Database) -> PathBuf {
    let Database::Sqlite(path) = database else { unreachable!("a SQLite file") };
    path.parent().map(Path::to_owned).expect("a file in a folder")
}
