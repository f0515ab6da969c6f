//! One reader: a connection of its own, on which the look-ups of a round are answered, those of a kind with one
//! statement.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::error::{EngineError, OnStorageFailure};
use crate::domain::bill::{Bill, BilledAccount};
use crate::store::base::connection::{self, Connection, Database, Purpose};
use crate::store::base::files::{FirstOpened, Opened};
use crate::store::{Severity, StoreError, bill};

/// Statements for those that are answered together: enough to find one among a hundred that makes the others fail.
const STATEMENTS_MAX: usize = 16;
/// What fails later than this failed for want of time, not for what was asked.
const FAILS_WITHIN: Duration = Duration::from_secs(1);

/// Where the answer goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, EngineError>>;

/// A look-up by keys that can be combined with others of its kind.
pub(super) struct ByKeys<K, T> {
    pub(super) keys: Vec<K>,
    pub(super) reply: Reply<HashMap<K, T>>,
}

/// Any other look-up; an error says that it isn't answered yet. Told that it is the last try, it is answered unless
/// there is nothing to answer from.
type OtherLookUp = Box<dyn FnMut(&mut Opened, bool) -> Result<(), StoreError> + Send>;

/// What is asked of a reader.
pub(super) enum Job {
    /// Accounts by number.
    Accounts(ByKeys<String, Arc<BilledAccount>>),
    /// Bills by account number and bill number, each with the last sequence of its account.
    Bills(ByKeys<(String, String), (Bill, i64)>),
    /// Anything else.
    Other(OtherLookUp),
}

/// A look-up of many keys in one statement.
type CombinedLookUp<K, T> = fn(&mut Connection, &[K]) -> Result<HashMap<K, T>, StoreError>;

/// Where readers look.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) database: Database,
    pub(super) first_opened: FirstOpened,
    pub(super) on_storage_failure: OnStorageFailure,
}

/// What a reader answers from.
enum View {
    /// The database as it is at each statement, on one connection after the other.
    Latest,
    /// The database as it was at one instant. It ends with its connection.
    OneInstant { is_taken: bool },
}

/// One of the readers.
pub(super) struct Reader<'a> {
    source: &'a Source,
    view: View,
    opened: Option<Opened>,
}

impl<'a> Reader<'a> {
    /// It connects when its first round comes.
    pub(super) fn new(source: &'a Source) -> Self {
        Self { source, view: View::Latest, opened: None }
    }

    /// All that this one answers is of the instant of its first look-up.
    pub(super) fn of_one_instant(source: &'a Source) -> Self {
        Self { source, view: View::OneInstant { is_taken: false }, opened: None }
    }

    /// Answers each of them.
    pub(super) fn answer_round(&mut self, jobs: Vec<Job>) {
        let (mut accounts, mut bills, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for job in jobs {
            match job {
                Job::Accounts(job) => accounts.push(job),
                Job::Bills(job) => bills.push(job),
                Job::Other(job) => others.push(job),
            }
        }
        self.answer_combined(accounts, bill::read::accounts);
        self.answer_combined(bills, bill::read::bills_of);
        for job in others {
            self.answer_other(job);
        }
    }

    /// Answers them with one statement. Where that fails although the database answers, one of them is the cause:
    /// then halves are tried, so that it hurts no other. Where the connection is gone, they are tried once on another.
    fn answer_combined<K: Ord + Hash + Clone, T: Clone>(
        &mut self,
        jobs: Vec<ByKeys<K, T>>,
        look_up: CombinedLookUp<K, T>,
    ) {
        let mut search = Search::new(jobs);
        while let Some(group) = search.groups.pop() {
            let keys = keys_of(&group);
            if keys.is_empty() {
                answer(group, Ok(&HashMap::new()));
                continue;
            }
            search.statements_left -= 1;
            let begun = Instant::now();
            match self.opened().and_then(|opened| opened.look_up(|connection| look_up(connection, &keys))) {
                Ok(found) => answer(group, Ok(&found)),
                Err(error) => {
                    let is_alive = search.is_alive_after(&error, begun.elapsed(), || self.is_well());
                    if !is_alive {
                        self.let_go(&error);
                    }
                    if let Some(group) = search.try_again(group) {
                        answer(group, Err(engine_error(&error)));
                        // A connection can go wrong in ways of its own; the next round has another.
                        self.opened = None;
                    }
                }
            }
        }
    }

    fn answer_other(&mut self, mut job: OtherLookUp) {
        for is_last_try in [false, true] {
            match self.opened().and_then(|opened| job(opened, is_last_try)) {
                Ok(()) => return,
                Err(error) => self.let_go(&error),
            }
        }
    }

    /// Whether the database still answers on this connection.
    fn is_well(&mut self) -> bool {
        self.opened.as_mut().is_some_and(|opened| opened.look_up(connection::ping).is_ok())
    }

    /// A connection that failed isn't used again. From a file that is damaged, or not the database's any more, nobody must
    /// read; and what a look-up finds damaged must not be posted to either.
    fn let_go(&mut self, error: &StoreError) {
        self.opened = None;
        if is_storage_failure(error) {
            (self.source.on_storage_failure)(error);
        }
    }

    fn opened(&mut self) -> Result<&mut Opened, StoreError> {
        let Source { database, first_opened, .. } = self.source;
        match &mut self.opened {
            Some(opened) => Ok(opened),
            none => {
                let opened = match &mut self.view {
                    View::Latest => Opened::connect(database, Purpose::Read, first_opened)?,
                    View::OneInstant { is_taken: true } => {
                        return Err(StoreError::Connect("that of the instant is gone".to_owned()));
                    }
                    View::OneInstant { is_taken } => {
                        let mut opened = Opened::connect(database, Purpose::Read, first_opened)?;
                        opened.look_up(connection::begin_of_one_instant)?;
                        *is_taken = true;
                        opened
                    }
                };
                Ok(none.insert(opened))
            }
        }
    }
}

/// How those that make a combined look-up fail are found, within a number of statements.
struct Search<K, T> {
    groups: Vec<Vec<ByKeys<K, T>>>,
    statements_left: usize,
    /// Whether the connection is known to be well: then what fails on it fails for what was asked.
    is_alive: bool,
    is_renewed: bool,
}

impl<K, T> Search<K, T> {
    fn new(jobs: Vec<ByKeys<K, T>>) -> Self {
        Self { groups: vec![jobs], statements_left: STATEMENTS_MAX, is_alive: false, is_renewed: false }
    }

    /// Whether the connection outlived a failure; asked of the database once, if there is a statement to spare.
    fn is_alive_after(&mut self, error: &StoreError, took: Duration, is_well: impl FnOnce() -> bool) -> bool {
        let is_passing = error.severity() == Severity::Passing;
        self.is_alive &= is_passing;
        if !self.is_alive && is_passing && took < FAILS_WITHIN && self.statements_left > self.groups.len() {
            self.statements_left -= 1;
            self.is_alive = is_well();
        }
        self.is_alive
    }

    /// Halves a group that failed on a connection that lives; tries it once more where that is gone. Returns it where
    /// neither would help.
    fn try_again(&mut self, mut group: Vec<ByKeys<K, T>>) -> Option<Vec<ByKeys<K, T>>> {
        if self.is_alive && group.len() > 1 && self.statements_left >= self.groups.len() + 2 {
            let others = group.split_off(group.len() / 2);
            self.groups.extend([others, group]);
            return None;
        }
        if !self.is_alive && !self.is_renewed && self.statements_left > self.groups.len() + 1 {
            self.is_renewed = true;
            self.groups.push(group);
            return None;
        }
        Some(group)
    }
}

fn keys_of<K: Ord + Clone, T>(group: &[ByKeys<K, T>]) -> Vec<K> {
    let mut keys: Vec<K> = group.iter().flat_map(|job| job.keys.iter().cloned()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
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

/// Whether the process must not go on.
pub(super) fn is_storage_failure(error: &StoreError) -> bool {
    error.severity() == Severity::Storage
}

/// What a look-up that failed is to whoever waits for it.
pub(super) fn engine_error(error: &StoreError) -> EngineError {
    tracing::warn!(%error, "a look-up failed");
    EngineError::of(error)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const JOBS: u32 = 100;
    /// Less one that asks whether the database answers.
    const LOOK_UPS_MAX: usize = STATEMENTS_MAX - 1;

    thread_local! {
        static LOOK_UPS: Cell<usize> = const { Cell::new(0) };
    }

    /// Asks for the numbers from 0 on, one each, and returns which were answered.
    fn answered(look_up: CombinedLookUp<u32, u32>) -> Vec<u32> {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::Sqlite(folder.path().join("granary.db"));
        drop(database.connect_or_create().expect("a file"));
        let source = Source {
            database,
            first_opened: FirstOpened::default(),
            on_storage_failure: std::sync::Arc::new(|error| panic!("{error}")),
        };
        let mut reader = Reader::new(&source);
        let (jobs, replies): (Vec<ByKeys<u32, u32>>, Vec<_>) = (0..JOBS)
            .map(|key| {
                let (reply, answer) = oneshot::channel();
                (ByKeys { keys: vec![key], reply }, (key, answer))
            })
            .unzip();
        LOOK_UPS.set(0);
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

    fn all_but(keys: &[u32], is_poison: impl Fn(&u32) -> bool) -> Result<HashMap<u32, u32>, StoreError> {
        LOOK_UPS.set(LOOK_UPS.get() + 1);
        match keys.iter().any(is_poison) {
            true => Err(StoreError::Corrupt("a row that can't be".to_owned())),
            false => Ok(keys.iter().map(|key| (*key, *key)).collect()),
        }
    }

    #[test]
    fn what_makes_a_combined_look_up_fail_hurts_nobody_else() {
        let others =
            |is_poison: fn(u32) -> bool| (0..JOBS).filter(|key| !is_poison(*key)).collect::<Vec<_>>();
        assert_eq!(answered(|_, keys| all_but(keys, |key| *key == 0)), others(|key| key == 0));
        assert_eq!(answered(|_, keys| all_but(keys, |key| *key == 57)), others(|key| key == 57));
        assert_eq!(answered(|_, keys| all_but(keys, |key| *key == 99)), others(|key| key == 99));
        assert_eq!(answered(|_, keys| all_but(keys, |_| false)), others(|_| false));
        assert_eq!(LOOK_UPS.get(), 1, "one that is well is asked once");
        let many = answered(|_, keys| all_but(keys, |key| key % 3 == 0));
        assert!(LOOK_UPS.get() <= LOOK_UPS_MAX && many.len() < 67, "{} {}", LOOK_UPS.get(), many.len());
        answered(|_, keys| all_but(keys, |key| *key == 99));
        assert_eq!(LOOK_UPS.get(), LOOK_UPS_MAX, "as many as it takes to find one among a hundred");
    }

    #[test]
    fn a_connection_that_comes_and_goes_takes_no_more_statements() {
        let answered = answered(|_, _| {
            LOOK_UPS.set(LOOK_UPS.get() + 1);
            match LOOK_UPS.get() {
                number if number > 7 && number % 2 == 0 => Err(StoreError::Connect("gone".to_owned())),
                _ => Err(StoreError::Corrupt("a row that can't be".to_owned())),
            }
        });
        assert_eq!(answered, Vec::<u32>::new());
        assert!(LOOK_UPS.get() <= LOOK_UPS_MAX, "{}", LOOK_UPS.get());
    }

    #[test]
    fn an_outage_is_not_split() {
        let gone = |_: &mut Connection, _: &[u32]| {
            LOOK_UPS.set(LOOK_UPS.get() + 1);
            Err(StoreError::Connect("gone".to_owned()))
        };
        assert_eq!(answered(gone), Vec::<u32>::new());
        assert_eq!(LOOK_UPS.get(), 2, "it is tried once more, on a new connection");
    }

    #[test]
    fn what_is_found_to_fail_on_a_new_connection_is_split_there() {
        let answered = answered(|_, keys| match LOOK_UPS.get() {
            0 => {
                LOOK_UPS.set(1);
                Err(StoreError::Connect("gone".to_owned()))
            }
            _ => all_but(keys, |key| *key == 5),
        });
        assert!(answered.len() >= 97, "{}", answered.len());
        assert!(LOOK_UPS.get() <= LOOK_UPS_MAX);
    }
}
