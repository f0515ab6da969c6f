//! A writer: drains what has queued while the last commit was on its way to disk, settles it in one
//! transaction, and answers only after the commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use chrono_tz::Tz;

use super::error::{EngineError, OnStorageFailure};
use super::queue::{Lanes, Queued};
use super::supervisor::Heartbeat;
use crate::domain::base::clock::Ids;
use crate::domain::base::numbers::Given;
use crate::domain::book::{Answer, Command, Numbered};
use crate::domain::command::Rules;
use crate::store::base::connection::{self, Connection, Database, Purpose};
use crate::store::base::files::{FirstOpened, Opened};
use crate::store::base::ids::IdBlock;
use crate::store::{Severity, StoreError, batch};

/// What the commands of one transaction weigh together: as many payments.
const BATCH_WEIGHT_MAX: usize = 512;
/// Times a batch is run before it is given up.
const ATTEMPTS_MAX: u32 = 5;
/// Numbers that a command can draw beside its own: its exceptions' and its channel's total.
const NUMBERS_BESIDE_OWN: i64 = 15;
/// First pause between attempts; it doubles, and jitter takes off up to half.
const PAUSE_MS: u64 = 40;

/// Where in a batch a fault can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// All is written, nothing is durable.
    BeforeCommit,
    /// All is durable, nobody is answered.
    AfterCommit,
}

/// Makes faults for tests that crash a lane.
pub trait Faults: Send {
    /// An error here ends the attempt as if the database had failed at that point.
    ///
    /// # Errors
    /// The fault.
    fn at(&mut self, point: Point) -> Result<(), StoreError>;

    /// Waits between two attempts.
    fn pause(&mut self, pause: Duration) {
        std::thread::sleep(pause);
    }
}

/// No faults.
pub struct NoFaults;

impl Faults for NoFaults {
    fn at(&mut self, _: Point) -> Result<(), StoreError> {
        Ok(())
    }
}

/// How a lane is built.
pub struct LaneSettings {
    /// Where it writes.
    pub database: Database,
    /// Which file that is, where it is one.
    pub first_opened: FirstOpened,
    /// The utility's zone.
    pub zone: Tz,
    /// Starts the jitter of retries.
    pub seed: u64,
    /// What to do when the storage under an embedded database fails.
    pub on_storage_failure: OnStorageFailure,
    /// Faults for tests.
    pub faults: Box<dyn Faults>,
}

/// A writer with its own connection. It keeps no account, bill, key or channel between batches.
pub struct Lane {
    settings: LaneSettings,
    opened: Option<Opened>,
    ids: IdBlock,
    jitter: u64,
    heartbeat: Heartbeat,
    failed_attempts: u64,
}

/// An attempt that failed.
struct Failure {
    error: StoreError,
    /// Whether the commit may have happened all the same.
    is_in_doubt: bool,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self { error, is_in_doubt: false }
    }
}

impl Lane {
    /// A lane that connects when its first batch comes.
    pub fn new(settings: LaneSettings) -> Self {
        let jitter = settings.seed | 1;
        let (ids, heartbeat) = (IdBlock::default(), Heartbeat::default());
        Self { settings, opened: None, ids, jitter, heartbeat, failed_attempts: 0 }
    }

    /// Settles batches until the queue is closed and empty, or another does.
    pub(super) fn run(mut self, lanes: &Lanes, index: usize, heartbeat: Heartbeat) {
        self.heartbeat = heartbeat;
        while !self.heartbeat.is_replaced()
            && let Some(queued) = lanes.take_batch(index, BATCH_WEIGHT_MAX)
        {
            let (commands, callers): (Vec<_>, Vec<_>) = queued.into_iter().map(Queued::into_parts).unzip();
            let answers = self.settle(commands);
            lanes.count_failed_attempts(std::mem::take(&mut self.failed_attempts));
            for (caller, answer) in callers.into_iter().zip(answers) {
                caller.answer(answer);
            }
        }
    }

    /// Settles one batch of commands, each with the instant it was taken in, and returns an answer
    /// to each, in order.
    pub fn settle(&mut self, commands: Vec<(i64, Command)>) -> Vec<Result<Answer, EngineError>> {
        if commands.is_empty() {
            return Vec::new();
        }
        let taken_in = |(at_ms, command)| Numbered { given: Given::taken_in(at_ms), command };
        let mut batch: Vec<Numbered> = commands.into_iter().map(taken_in).collect();
        match self.settle_together(&mut batch) {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(error) if batch.len() == 1 || self.is_cut_off(error) => vec![Err(error); batch.len()],
            Err(error) => batch.chunks_mut(1).map(|numbered| self.settle_alone(numbered, error)).collect(),
        }
    }

    /// Whether trying one by one would only wait for a database that can't be reached. A panic drops
    /// the connection too, but there the database is well and one command is not.
    fn is_cut_off(&self, error: EngineError) -> bool {
        self.opened.is_none() && error != EngineError::Internal
    }

    /// Settles one command of a batch that failed with `batch_error`. A batch in doubt may have
    /// written it, so that a failure alone says no more than that.
    fn settle_alone(
        &mut self,
        numbered: &mut [Numbered],
        batch_error: EngineError,
    ) -> Result<Answer, EngineError> {
        let alone = self.settle_together(numbered);
        let mut answers = match (alone, batch_error) {
            (Err(_), EngineError::Timeout) => return Err(EngineError::Timeout),
            (alone, _) => alone?,
        };
        answers.pop().ok_or(EngineError::Internal)
    }

    /// Runs a batch again from fresh state until it succeeds or is given up.
    fn settle_together(&mut self, batch: &mut [Numbered]) -> Result<Vec<Answer>, EngineError> {
        let mut was_in_doubt = false;
        let mut last = EngineError::Busy;
        let heartbeat = self.heartbeat.clone();
        for attempt in 0..ATTEMPTS_MAX {
            if attempt > 0 {
                self.pause(attempt);
            }
            match heartbeat.work(|| self.attempt_safely(batch)) {
                Ok(answers) => return Ok(answers),
                Err(failure) => {
                    was_in_doubt |= failure.is_in_doubt;
                    last = self.note_failure(&failure, batch.len(), attempt);
                }
            }
            if heartbeat.is_replaced() {
                break;
            }
        }
        Err(if was_in_doubt { EngineError::Timeout } else { last })
    }

    /// Logs a failure and leaves the lane fit for another attempt.
    fn note_failure(&mut self, failure: &Failure, batch_len: usize, attempt: u32) -> EngineError {
        let Failure { error, is_in_doubt } = failure;
        tracing::warn!(%error, batch_len, attempt, is_in_doubt, "a batch failed");
        self.failed_attempts += 1;
        if error.severity() == Severity::Storage {
            (self.settings.on_storage_failure)(error);
        }
        let is_clean = match &mut self.opened {
            Some(opened) if !is_in_doubt && error.severity() == Severity::Passing => {
                connection::rollback(opened.connection()).is_ok()
            }
            _ => false,
        };
        if !is_clean {
            self.opened = None;
        }
        EngineError::of(error)
    }

    /// A panic, which can only come of a broken invariant, ends the attempt like an error.
    fn attempt_safely(&mut self, batch: &mut [Numbered]) -> Result<Vec<Answer>, Failure> {
        catch_unwind(AssertUnwindSafe(|| self.attempt(batch))).unwrap_or_else(|_| {
            self.opened = None;
            Err(StoreError::Corrupt("a decision panicked".to_owned()).into())
        })
    }

    fn attempt(&mut self, batch: &mut [Numbered]) -> Result<Vec<Answer>, Failure> {
        let LaneSettings { database, first_opened, .. } = &self.settings;
        let opened = match &mut self.opened {
            Some(opened) => opened,
            None => self.opened.insert(Opened::connect(database, Purpose::Write, first_opened)?),
        };
        let connection = opened.connection();
        self.ids.reserve(connection, batch.iter().map(numbers_max).sum())?;
        for Numbered { given, command } in batch.iter_mut().filter(|numbered| !numbered.given.is_numbered()) {
            let count = command.number_count();
            *given = given.with_numbers(self.ids.draw(count), count);
        }
        connection::begin(connection)?;
        let answers = decide_all(connection, batch, self.settings.zone, &mut self.ids)?;
        self.settings.faults.at(Point::BeforeCommit)?;
        let is_remote = matches!(connection, Connection::Postgres(_));
        connection::commit(connection).map_err(|error| Failure { error, is_in_doubt: is_remote })?;
        opened.check().map_err(|error| Failure { error, is_in_doubt: true })?;
        self.settings.faults.at(Point::AfterCommit).map_err(|error| Failure { error, is_in_doubt: true })?;
        Ok(answers)
    }

    fn pause(&mut self, attempt: u32) {
        self.jitter ^= self.jitter << 13;
        self.jitter ^= self.jitter >> 7;
        self.jitter ^= self.jitter << 17;
        let full_ms = PAUSE_MS << attempt.min(6);
        self.settings.faults.pause(Duration::from_millis(full_ms - self.jitter % (full_ms / 2)));
    }
}

/// The numbers that a command and what it leaves can draw.
fn numbers_max(numbered: &Numbered) -> i64 {
    numbered.command.number_count() + NUMBERS_BESIDE_OWN
}

/// Loads, decides each command in order on what the earlier ones left, and writes.
fn decide_all(
    connection: &mut Connection,
    batch: &[Numbered],
    zone: Tz,
    ids: &mut dyn Ids,
) -> Result<Vec<Answer>, StoreError> {
    let mut loaded = batch::load(connection, batch, zone)?;
    let mut answers = Vec::with_capacity(batch.len());
    for numbered in batch {
        answers.push(numbered.settle(&mut loaded.state));
    }
    batch::write(connection, loaded, ids)?;
    Ok(answers)
}
