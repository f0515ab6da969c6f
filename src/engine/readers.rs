//! Readers: a few threads with a read-only connection each, which drain the look-ups that queued
//! and answer those of a kind with one statement.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::EngineError;
use super::crew::Duty;
use super::rest::Rest;
use super::urgency::{Urgency, Waiting};
use crate::domain::account::{Account, Holder};
use crate::domain::bill::Bill;
use crate::store::connection::{self, Connection, Database, Purpose};
use crate::store::{Severity, StoreError, read};

/// Look-ups answered together.
const ROUND_LEN_MAX: usize = 100;
/// Statements for those that are answered together: enough to find one among them that makes the others fail.
const STATEMENTS_MAX: usize = 16;
/// What fails later than this failed for want of time, not for what was asked.
const FAILS_WITHIN: Duration = Duration::from_secs(1);
/// Look-ups that may wait; one more is answered BUSY.
const QUEUE_LEN_MAX: usize = 8_192;
/// How long a caller waits.
const DEADLINE: Duration = Duration::from_secs(10);

/// Accounts with their holders, by number.
pub type Accounts = HashMap<String, (Account, Holder)>;
/// Payable bills, oldest due date first, by account number.
pub type OpenBills = HashMap<String, Vec<Bill>>;

/// Bills, by account number and bill number.
pub type Bills = HashMap<(String, String), Bill>;

type Reply<T> = oneshot::Sender<Result<T, EngineError>>;

/// A look-up by keys that can be combined with others of its kind.
struct ByKeys<K, T> {
    keys: Vec<K>,
    reply: Reply<HashMap<K, T>>,
}

/// Any other look-up; says why it isn't done. Told that it is the last try, it always is.
type OtherLookUp = Box<dyn FnMut(&mut Connection, bool) -> Result<(), StoreError> + Send>;

/// A look-up of many keys in one statement.
type CombinedLookUp<K, T> = fn(&mut Connection, &[K]) -> Result<HashMap<K, T>, StoreError>;

enum Job {
    Accounts(ByKeys<String, (Account, Holder)>),
    OpenBills(ByKeys<String, Vec<Bill>>),
    Bills(ByKeys<(String, String), Bill>),
    Other(OtherLookUp),
}

#[derive(Default)]
struct Queue {
    jobs: Waiting<Job>,
    shed: [u64; 3],
    is_closed: bool,
}

#[derive(Clone)]
pub(super) struct Readers {
    shared: Arc<(Mutex<Queue>, Condvar)>,
    rest: Arc<Rest>,
}

impl Readers {
    pub(super) fn new(rest: Arc<Rest>) -> Self {
        Self { shared: Arc::default(), rest }
    }

    pub(super) async fn accounts(
        &self,
        urgency: Urgency,
        numbers: Vec<String>,
    ) -> Result<Accounts, EngineError> {
        self.ask(urgency, |reply| Job::Accounts(ByKeys { keys: numbers, reply })).await
    }

    pub(super) async fn open_bills(
        &self,
        urgency: Urgency,
        numbers: Vec<String>,
    ) -> Result<OpenBills, EngineError> {
        self.ask(urgency, |reply| Job::OpenBills(ByKeys { keys: numbers, reply })).await
    }

    pub(super) async fn bills(
        &self,
        urgency: Urgency,
        keys: Vec<(String, String)>,
    ) -> Result<Bills, EngineError> {
        self.ask(urgency, |reply| Job::Bills(ByKeys { keys, reply })).await
    }

    pub(super) async fn read<T, F>(&self, urgency: Urgency, mut look_up: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: FnMut(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.ask(urgency, |reply| {
            let mut reply = Some(reply);
            Job::Other(Box::new(move |connection, is_last_try| {
                let result = match look_up(connection) {
                    Err(error) if !is_last_try => return Err(error),
                    result => result,
                };
                if let Some(reply) = reply.take() {
                    let _nobody_waits_any_more = reply.send(result.map_err(|error| engine_error(&error)));
                }
                Ok(())
            }))
        })
        .await
    }

    pub(super) fn close(&self) {
        let (queue, arrived) = &*self.shared;
        queue.lock().unwrap_or_else(PoisonError::into_inner).is_closed = true;
        arrived.notify_all();
    }

    /// Look-ups that wait, and those turned away for want of room, by urgency.
    pub(super) fn load(&self) -> (usize, [u64; 3]) {
        let queue = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        (queue.jobs.len(), queue.shed)
    }

    async fn ask<T>(&self, urgency: Urgency, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, EngineError> {
        let (reply, answered) = oneshot::channel();
        self.push(urgency, job(reply))?;
        match tokio::time::timeout(DEADLINE, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(EngineError::Busy),
        }
    }

    fn push(&self, urgency: Urgency, job: Job) -> Result<(), EngineError> {
        let (queue, arrived) = &*self.shared;
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.is_closed || queue.jobs.len() >= urgency.places(QUEUE_LEN_MAX) {
            queue.shed[urgency.index()] += 1;
            return Err(EngineError::Busy);
        }
        queue.jobs.push(urgency, job);
        arrived.notify_one();
        Ok(())
    }

    fn take_round(&self) -> Option<Vec<Job>> {
        self.rest.take();
        let (queue, arrived) = &*self.shared;
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        while queue.jobs.is_empty() {
            if queue.is_closed {
                return None;
            }
            queue = arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        Some(queue.jobs.take(ROUND_LEN_MAX))
    }

    /// Answers rounds until the queue is closed and empty, or another does.
    pub(super) fn run(&self, database: &Database, duty: &Duty) {
        let mut reader = Reader { database, connection: None };
        while !duty.is_relieved()
            && let Some(jobs) = self.take_round()
        {
            duty.work(|| reader.answer_round(jobs));
        }
    }
}

struct Reader<'a> {
    database: &'a Database,
    connection: Option<Connection>,
}

impl Reader<'_> {
    fn answer_round(&mut self, jobs: Vec<Job>) {
        let (mut accounts, mut open_bills, mut bills) = (Vec::new(), Vec::new(), Vec::new());
        for job in jobs {
            match job {
                Job::Accounts(job) => accounts.push(job),
                Job::OpenBills(job) => open_bills.push(job),
                Job::Bills(job) => bills.push(job),
                Job::Other(job) => self.answer_other(job),
            }
        }
        self.answer_combined(accounts, read::accounts);
        self.answer_combined(open_bills, read::open_bills);
        self.answer_combined(bills, read::bills);
    }

    /// Answers them with one statement. Where that fails although the database answers, one of them is the cause:
    /// then halves are tried, so that it hurts no other.
    fn answer_combined<K: Ord + Hash + Clone, T: Clone>(
        &mut self,
        jobs: Vec<ByKeys<K, T>>,
        look_up: CombinedLookUp<K, T>,
    ) {
        let mut groups = vec![jobs];
        let mut statements_left = STATEMENTS_MAX;
        while let Some(mut group) = groups.pop() {
            let mut keys: Vec<K> = group.iter().flat_map(|job| job.keys.iter().cloned()).collect();
            keys.sort_unstable();
            keys.dedup();
            if keys.is_empty() {
                answer(group, Ok(&HashMap::new()));
                continue;
            }
            statements_left -= 1;
            match self.look_up(|connection| look_up(connection, &keys)) {
                Ok(found) => answer(group, Ok(&found)),
                Err(Failure { is_of_what_was_asked: true, .. })
                    if group.len() > 1 && statements_left >= groups.len() + 2 =>
                {
                    let others = group.split_off(group.len() / 2);
                    groups.extend([others, group]);
                }
                Err(Failure { error, .. }) => answer(group, Err(engine_error(&error))),
            }
        }
    }

    /// Looks up, once more on a new connection where the first try shows that the old one is gone.
    fn look_up<T>(
        &mut self,
        mut look_up: impl FnMut(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, Failure> {
        let begun = Instant::now();
        let first = self.connection().and_then(&mut look_up);
        first.or_else(|error| {
            if begun.elapsed() < FAILS_WITHIN && self.is_alive_after(&error) {
                return Err(Failure { error, is_of_what_was_asked: true });
            }
            self.connection = None;
            let second = self.connection().and_then(&mut look_up);
            second.map_err(|error| Failure { error, is_of_what_was_asked: false })
        })
    }

    fn answer_other(&mut self, mut job: OtherLookUp) {
        for is_last_try in [false, true] {
            let Ok(connection) = self.connection() else { continue };
            let Err(error) = job(connection, is_last_try) else { return };
            if !self.is_alive_after(&error) {
                self.connection = None;
            }
        }
    }

    /// Whether the database still answers on the connection on which this failed.
    fn is_alive_after(&mut self, error: &StoreError) -> bool {
        let connection = self.connection.as_mut().filter(|_| error.severity() == Severity::Passing);
        connection.is_some_and(|connection| connection::ping(connection).is_ok())
    }

    fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        match &mut self.connection {
            Some(connection) => Ok(connection),
            none => Ok(none.insert(self.database.connect(Purpose::Read)?)),
        }
    }
}

/// A look-up that failed.
struct Failure {
    error: StoreError,
    /// The database is well, so that the same would fail again.
    is_of_what_was_asked: bool,
}

/// Gives each its part of what was found.
fn answer<K: Eq + Hash, T: Clone>(jobs: Vec<ByKeys<K, T>>, found: Result<&HashMap<K, T>, EngineError>) {
    for ByKeys { keys, reply } in jobs {
        let own = found.map(|found| {
            let own = keys.into_iter().filter_map(|key| {
                let value = found.get(&key)?.clone();
                Some((key, value))
            });
            own.collect()
        });
        let _nobody_waits_any_more = reply.send(own);
    }
}

/// What a damaged file holds can't be told, now or later; what it holds elsewhere still can.
fn engine_error(error: &StoreError) -> EngineError {
    if error.severity() == Severity::Storage {
        tracing::error!(%error, "the storage failed under a look-up; stop, run `granary audit`, restore if need be");
        return EngineError::Internal;
    }
    tracing::warn!(%error, "a look-up failed");
    match error {
        StoreError::Corrupt(_) | StoreError::Url(_) => EngineError::Internal,
        StoreError::Connect(_)
        | StoreError::NotMigrated(_)
        | StoreError::Statement(_)
        | StoreError::Overtaken(_) => EngineError::Busy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOBS: u32 = 100;

    /// Asks for the numbers from 0 on, one each, and returns which were answered.
    fn answered(connection: Connection, look_up: CombinedLookUp<u32, u32>) -> Vec<u32> {
        let database = Database::Sqlite("nowhere".into());
        let mut reader = Reader { database: &database, connection: Some(connection) };
        let (jobs, replies): (Vec<ByKeys<u32, u32>>, Vec<_>) = (0..JOBS)
            .map(|key| {
                let (reply, answer) = oneshot::channel();
                (ByKeys { keys: vec![key], reply }, (key, answer))
            })
            .unzip();
        reader.answer_combined(jobs, look_up);
        let mut answered = Vec::new();
        for (key, mut reply) in replies {
            if let Ok(found) = reply.try_recv().expect("a reply") {
                assert_eq!(found, HashMap::from([(key, key)]));
                answered.push(key);
            }
        }
        answered
    }

    fn in_memory() -> Connection {
        Database::Sqlite(":memory:".into()).connect_or_create().expect("memory")
    }

    fn all_but(keys: &[u32], is_poison: impl Fn(&u32) -> bool) -> Result<HashMap<u32, u32>, StoreError> {
        match keys.iter().any(is_poison) {
            true => Err(StoreError::Corrupt("a row that can't be".to_owned())),
            false => Ok(keys.iter().map(|key| (*key, *key)).collect()),
        }
    }

    #[test]
    fn what_makes_a_combined_look_up_fail_hurts_nobody_else() {
        let others =
            |is_poison: fn(u32) -> bool| (0..JOBS).filter(|key| !is_poison(*key)).collect::<Vec<_>>();
        assert_eq!(answered(in_memory(), |_, keys| all_but(keys, |key| *key == 0)), others(|key| key == 0));
        assert_eq!(answered(in_memory(), |_, keys| all_but(keys, |key| *key == 57)), others(|key| key == 57));
        assert_eq!(answered(in_memory(), |_, keys| all_but(keys, |key| *key == 99)), others(|key| key == 99));
        assert_eq!(answered(in_memory(), |_, keys| all_but(keys, |_| false)), others(|_| false));
        let many = answered(in_memory(), |_, keys| all_but(keys, |key| key % 3 == 0));
        assert!(many.len() < 67, "no more than {STATEMENTS_MAX} statements are made: {}", many.len());
    }

    #[test]
    fn an_outage_is_not_split() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static STATEMENTS: AtomicUsize = AtomicUsize::new(0);
        let gone = |_: &mut Connection, _: &[u32]| {
            STATEMENTS.fetch_add(1, Ordering::Relaxed);
            Err(StoreError::Connect("gone".to_owned()))
        };
        assert_eq!(answered(in_memory(), gone), Vec::<u32>::new());
        assert_eq!(STATEMENTS.load(Ordering::Relaxed), 1, "the second try finds no database");
    }
}
