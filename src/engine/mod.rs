//! Writer lanes and readers: the sole owner of threads, queues and connections. Above it nobody
//! touches a database, below it nobody waits.

use std::sync::{Arc, RwLock, mpsc};

use std::time::Duration;

use crate::domain::base::clock::Clock;
use crate::domain::book::Asked;
use crate::store::StoreError;
use crate::store::base::connection::{Connection, Database, Purpose};
use crate::store::base::files::{FirstOpened, Opened};
use crate::store::base::read_only::{self, IsReadOnly};
use crate::store::base::{migrations, utility};

mod backpressure;
mod checkpointer;
mod error;
pub mod lane;
mod look_ups;
mod priority;
mod queue;
mod reader;
mod readers;
mod rules;
mod shutdown;
mod snapshot;
mod supervisor;

use backpressure::Backpressure;
pub use backpressure::give_way;
use checkpointer::Checkpointer;
pub use error::{EngineError, OnStorageFailure};
use lane::{Lane, LaneSettings, NoFaults};
pub use look_ups::{Accounts, LookUps};
pub use priority::Priority;
use queue::{Lanes, Ticket};
use reader::Source;
use readers::Readers;
use rules::Refresher;
pub use rules::Rules;
use shutdown::Shutdown;
use snapshot::Snapshots;
use supervisor::{Supervisor, Work};

/// How the engine is built.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Writer lanes; SQLite always has one. With two, one decides while the other's commit is on its way to disk;
    /// a third makes batches smaller than it helps, on two processors.
    pub lanes: usize,
    /// Reader threads.
    pub readers: usize,
    /// Commands that may wait at once; one more is answered BUSY.
    pub queue_len_max: usize,
    /// Starts the jitter of retries.
    pub seed: u64,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self { lanes: 2, readers: 2, queue_len_max: 8_192, seed: 0 }
    }
}

/// How much waits, and how much was turned away since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Commands that wait for a lane.
    pub commands: usize,
    /// Commands turned away, in the order of [`Priority::ALL`].
    pub commands_shed: [u64; 3],
    /// How long the oldest command waits, in milliseconds.
    pub oldest_command_age_ms: i64,
    /// Look-ups that wait for a reader.
    pub look_ups: usize,
    /// Look-ups turned away, in the order of [`Priority::ALL`].
    pub look_ups_shed: [u64; 3],
    /// Attempts to settle a batch that failed, and were followed by another or given up.
    pub failed_attempts: u64,
    /// Times a thread that stood still was replaced by another.
    pub replaced_threads: u64,
    /// Times a lane or reader paused, because the door was late.
    pub pauses: u64,
}

/// The running engine. Cheap to share; closed once.
pub struct Engine {
    clock: Arc<dyn Clock>,
    database: Database,
    lanes: Arc<Lanes>,
    readers: Readers,
    snapshots: Snapshots,
    backpressure: Arc<Backpressure>,
    rules: Arc<RwLock<Arc<Rules>>>,
    shutdown: Shutdown,
    supervisor: Supervisor,
}

impl Engine {
    /// Connects, checks that the database is migrated, and starts lanes and readers.
    ///
    /// # Errors
    /// No connection, or a database that isn't at the version of this program.
    pub fn start(
        database: &Database,
        settings: &EngineSettings,
        clock: Arc<dyn Clock>,
        on_storage_failure: OnStorageFailure,
    ) -> Result<Self, StoreError> {
        let first_rules = read_once(database, Rules::load)?;
        let zone = first_rules.utility.zone;
        let source =
            Source { database: database.clone(), first_opened: FirstOpened::default(), on_storage_failure };
        if matches!(database, Database::Sqlite(_)) {
            // A copy of a file has no write-ahead log yet; who opened it before a writer gave it one would see none.
            drop(Opened::connect(database, Purpose::Write, &source.first_opened)?);
        }
        let rules = Arc::new(RwLock::new(Arc::new(first_rules)));
        let lane_count = match database {
            Database::Sqlite(_) => 1,
            Database::Postgres(_) => settings.lanes.max(1),
        };
        let backpressure = Arc::new(Backpressure::default());
        let lanes = Arc::new(Lanes::new(lane_count, settings.queue_len_max, backpressure.clone()));
        let readers = Readers::new(backpressure.clone());
        let shutdown = Shutdown::default();
        let mut places: Vec<(String, Work)> = Vec::new();
        for index in 0..lane_count {
            let (lanes, source) = (lanes.clone(), source.clone());
            let seed = settings.seed.wrapping_add(index as u64);
            let work = move |heartbeat| {
                let lane = Lane::new(LaneSettings {
                    database: source.database.clone(),
                    first_opened: source.first_opened.clone(),
                    zone,
                    seed,
                    on_storage_failure: source.on_storage_failure.clone(),
                    faults: Box::new(NoFaults),
                });
                lane.run(&lanes, index, heartbeat);
            };
            places.push((format!("lane-{index}"), Box::new(work)));
        }
        for index in 0..settings.readers.max(1) {
            let (readers, source) = (readers.clone(), source.clone());
            places.push((
                format!("reader-{index}"),
                Box::new(move |heartbeat| readers.run(&source, &heartbeat)),
            ));
        }
        let snapshots = Snapshots::new(source.clone());
        let Source { database, first_opened, on_storage_failure } = source;
        let refresher = Refresher {
            database: database.clone(),
            first_opened: first_opened.clone(),
            on_storage_failure: on_storage_failure.clone(),
            rules: rules.clone(),
            shutdown: shutdown.clone(),
        };
        places.push(("rules".to_owned(), Box::new(move |heartbeat| refresher.run(&heartbeat))));
        if matches!(database, Database::Sqlite(_)) {
            let (database, shutdown) = (database.clone(), shutdown.clone());
            let checkpointer = Checkpointer { database, first_opened, shutdown, on_storage_failure };
            places.push(("checkpointer".to_owned(), Box::new(move |heartbeat| checkpointer.run(&heartbeat))));
        }
        let supervisor = Supervisor::start(places, matches!(database, Database::Postgres(_)));
        Ok(Self { clock, database, lanes, readers, snapshots, backpressure, rules, shutdown, supervisor })
    }

    /// Now, by the clock that was handed in, in milliseconds UTC.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// The clock that was handed in.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// How much waits, and how much was turned away.
    pub fn load(&self) -> Load {
        let (look_ups, look_ups_shed) = self.readers.load();
        let age = |since| self.clock.passed().saturating_sub(since);
        let oldest = self.lanes.oldest_since().map(age).unwrap_or_default();
        Load {
            commands: self.lanes.len(),
            commands_shed: self.lanes.shed(),
            oldest_command_age_ms: i64::try_from(oldest.as_millis()).unwrap_or(i64::MAX),
            look_ups,
            look_ups_shed,
            failed_attempts: self.lanes.failed_attempts(),
            replaced_threads: self.supervisor.replaced_count(),
            pauses: self.backpressure.pauses(),
        }
    }

    /// Has lanes and readers pause, so that those who wait at the door for so long already go first.
    pub fn rest(&self, late: Duration) {
        self.backpressure.ask(late);
    }

    /// The utility, its dated rules and its channels, at most a few seconds old. No decision is made
    /// from them.
    pub fn rules(&self) -> Arc<Rules> {
        self.rules.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Has one command decided and made durable.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub async fn submit<C: Asked>(&self, priority: Priority, command: C) -> Result<C::Answer, EngineError> {
        let mut answers = self.submit_all(priority, vec![command]).await?;
        answers.pop().ok_or(EngineError::Internal)
    }

    /// Has a list of commands decided, those for one account in order. All are taken in or none; they have no common
    /// transaction.
    ///
    /// # Errors
    /// If any has no definite answer the whole list has none; send it again.
    pub async fn submit_all<C: Asked>(
        &self,
        priority: Priority,
        commands: Vec<C>,
    ) -> Result<Vec<C::Answer>, EngineError> {
        let commands = commands.into_iter().map(Into::into).collect();
        let tickets = self.lanes.push_all(commands, priority, self.clock.now_ms(), self.clock.passed())?;
        let mut answers = Vec::with_capacity(tickets.len());
        let mut failure = None;
        for ticket in tickets {
            match Ticket::answer(ticket).await {
                Ok(answer) => answers.push(answer),
                Err(EngineError::Timeout) => failure = Some(EngineError::Timeout),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            None => {
                answers.into_iter().map(|answer| C::answer_of(answer).ok_or(EngineError::Internal)).collect()
            }
            Some(error) => Err(error),
        }
    }

    /// What can be looked up, as it is when it is looked up.
    pub fn look_ups(&self, priority: Priority) -> LookUps {
        LookUps::of_readers(self.readers.clone(), priority)
    }

    /// What can be looked up as of one instant. There are few at once; the others wait.
    ///
    /// # Errors
    /// BUSY, where it isn't one's turn in time.
    pub async fn snapshot(&self) -> Result<LookUps, EngineError> {
        self.snapshots.open().await.map(LookUps::of_snapshot)
    }

    /// Whether the database would refuse every write: a standby, or made read-only by an operator.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub async fn is_read_only(&self) -> Result<bool, EngineError> {
        if let Database::Sqlite(path) = &self.database {
            return Ok(read_only::is_file_read_only(path));
        }
        self.look_ups(Priority::High).look_up(IsReadOnly::default()).await
    }

    /// Takes nothing more in, lets lanes finish what is queued, and waits for the threads.
    pub fn close(&self) {
        self.lanes.close();
        self.readers.close();
        self.shutdown.tell();
        self.supervisor.close();
    }
}

/// Closes an engine, but gives it up after `at_most`: a lane may wait for locks that others hold, and
/// whatever isn't durable by then was not acknowledged. Says whether all threads have ended.
#[must_use]
pub fn close_within(engine: Arc<Engine>, at_most: Duration) -> bool {
    let (tell, told) = mpsc::channel();
    supervisor::spawn("close", move || {
        engine.close();
        let _nobody_waits_any_more = tell.send(());
    });
    told.recv_timeout(at_most).is_ok()
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close();
    }
}

/// Reads straight from a database, without an engine: for the command line.
///
/// # Errors
/// Whatever the database says.
pub fn read_once<T>(
    database: &Database,
    look_up: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let mut opened = Opened::connect(database, Purpose::Read, &FirstOpened::default())?;
    migrations::check(opened.connection())?;
    opened.look_up(look_up)
}

/// The utility's row, by which a caller learns currency and zone.
pub type Utility = utility::Utility;
