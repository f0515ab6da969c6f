//! How many statements a batch takes, and how many are prepared, whatever its size.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::support::commands::numbered;
use diesel::Connection as _;
use diesel::connection::{Instrumentation, InstrumentationEvent};
use granary::domain::account::CustomerClass;
use granary::domain::book::{Answer, Command, Numbered};
use granary::store::base::connection::{self, Connection};
use granary::store::base::ids::IdBlock;
use granary::store::batch;

use super::payments::set_up;
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::commands::{NOON_MS, issue_bill, lacking, post, reverse, save_account};

/// What a connection was seen to do.
#[derive(Debug, Default, Clone)]
pub(super) struct Seen {
    /// Texts of the statements run, in order.
    pub(super) run: Vec<String>,
    /// Texts of the statements prepared to be kept.
    pub(super) kept: BTreeSet<String>,
}

#[derive(Clone, Default)]
struct Watcher(Arc<Mutex<Seen>>);

impl Instrumentation for Watcher {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        let mut seen = self.0.lock().expect("no watcher died");
        match event {
            InstrumentationEvent::StartQuery { query, .. } => {
                let text = query.to_string();
                let text = text.split(" -- binds").next().unwrap_or_default().to_owned();
                seen.run.push(text);
            }
            InstrumentationEvent::CacheQuery { sql, .. } => {
                seen.kept.insert(sql.to_owned());
            }
            _ => {}
        }
    }
}

/// A writer's connection that is watched between loading and writing.
pub(super) struct Watched {
    connection: Connection,
    watcher: Watcher,
    ids: IdBlock,
}

impl Watched {
    pub(super) fn new(database: &TestDatabase) -> Self {
        let mut connection = database.writer();
        let watcher = Watcher::default();
        match &mut connection {
            Connection::Postgres(connection) => connection.set_instrumentation(watcher.clone()),
            Connection::Sqlite(connection) => connection.set_instrumentation(watcher.clone()),
        }
        Self { connection, watcher, ids: IdBlock::default() }
    }

    /// Settles a batch as a lane does and returns what was run for it.
    pub(super) fn settle(&mut self, commands: Vec<Command>) -> (Vec<Answer>, Seen) {
        self.settle_and_look(commands, |_| ())
    }

    /// The same with a look at the connection before the commit.
    pub(super) fn settle_and_look(
        &mut self,
        commands: Vec<Command>,
        look: impl FnOnce(&mut Connection),
    ) -> (Vec<Answer>, Seen) {
        self.ids.reserve(&mut self.connection, 20_000).expect("numbers can be reserved");
        let number = |command| numbered(&mut self.ids, NOON_MS, command);
        let orders: Vec<Numbered> = commands.into_iter().map(number).collect();
        connection::begin(&mut self.connection).expect("a transaction");
        self.watcher.0.lock().expect("no watcher died").run.clear();
        let zone = chrono_tz::Asia::Shanghai;
        let mut loaded = batch::load(&mut self.connection, &orders, zone).expect("a batch is loaded");
        let answers = orders.iter().map(|order| order.settle(&mut loaded.state)).collect();
        batch::write(&mut self.connection, loaded, &mut self.ids).expect("a batch is written");
        let seen = self.watcher.0.lock().expect("no watcher died").clone();
        look(&mut self.connection);
        connection::commit(&mut self.connection).expect("a commit");
        (answers, seen)
    }
}

/// Every kind of thing a batch can hold, `len` of each, `round` telling batches apart.
fn mixed(round: u32, len: u32) -> Vec<Command> {
    let mut commands = Vec::new();
    for at in 0..len {
        let key = |kind: &str| format!("{kind}-{round}-{at}");
        let account = format!("9{round}{at:04}");
        commands.extend([
            save_account(&account, CustomerClass::Commercial),
            issue_bill(&account, "B1", 1_000, "2026-11-10"),
            issue_bill("0001", &key("B"), 1_000, "2026-11-25"),
            post("BANK", &key("paid"), &account, 400),
            post("BANK", &key("paid"), &account, 400),
            post("BANK", &key("paid"), &account, 401),
            post("BANK", &key("refused"), "7777", 500),
            post("WX", &key("suspense"), "7777", 500),
            post("BANK", &key("undone"), &account, 100),
            reverse("BANK", &key("undoes"), &key("undone")),
            reverse("BANK", &key("too-early"), &key("later")),
            post("BANK", &key("later"), &account, 300),
            reverse("BANK", &key("remembered"), &key("never")),
            reverse("BANK", &key("itself"), &key("itself")),
            reverse("BANK", &key("of-refused"), &key("refused")),
        ]);
    }
    commands
}

/// The same keys again: replays and conflicts only.
fn again(round: u32, len: u32) -> Vec<Command> {
    mixed(round, len).into_iter().filter(|command| !matches!(command, Command::SaveAccount(_))).collect()
}

#[test]
fn a_mixed_batch_has_every_keyed_command() {
    assert_eq!(lacking(&mixed(1, 1)), [""; 0]);
}

#[test]
fn prepared_statements_are_kept_and_don_t_grow_with_batches() {
    for_each_backend(|database| {
        set_up(database);
        let mut watched = Watched::new(database);
        watched.settle(mixed(1, 2));
        let (_, first) = watched.settle(again(1, 2));
        for (round, len) in [(2, 1), (3, 7), (4, 30)] {
            for commands in [mixed(round, len), again(round, len)] {
                let (_, seen) = watched.settle(commands);
                assert_eq!(seen.kept, first.kept, "batches of another size prepare nothing new");
                let passing: Vec<_> = seen.run.iter().filter(|text| !seen.kept.contains(*text)).collect();
                assert!(passing.is_empty(), "not kept for the next batch: {passing:#?}");
            }
        }
    });
}

#[test]
fn a_batch_takes_as_many_statements_on_postgres_whatever_its_size() {
    let Some(database) = TestDatabase::postgres() else { return };
    set_up(&database);
    let mut watched = Watched::new(&database);
    let (_, small) = watched.settle(mixed(1, 1));
    let (_, small_again) = watched.settle(again(1, 1));
    for (round, len) in [(2, 3), (3, 30)] {
        assert_eq!(watched.settle(mixed(round, len)).1.run, small.run);
        assert_eq!(watched.settle(again(round, len)).1.run, small_again.run);
    }
}

/// On SQLite, where a statement is no round trip, each command has its own few: as many for the
/// hundredth as for the first.
#[test]
fn a_command_takes_as_many_statements_on_sqlite_whatever_its_batch() {
    let database = TestDatabase::sqlite();
    set_up(&database);
    let mut watched = Watched::new(&database);
    let mut run = |round, len| watched.settle(mixed(round, len)).1.run.len();
    let (one, two, forty) = (run(1, 1), run(2, 2), run(3, 40));
    assert_eq!(forty - one, 39 * (two - one));
}

/// Payments of other accounts than each other, each settling part of the one bill it finds.
fn plain(round: u32, len: u32) -> Vec<Command> {
    (0..len).map(|at| post("BANK", &format!("plain-{round}-{at}"), &format!("8{at:05}"), 100)).collect()
}

fn set_up_plain(watched: &mut Watched, len: u32) {
    let account = |at| format!("8{at:05}");
    watched.settle((0..len).map(|at| save_account(&account(at), CustomerClass::Residential)).collect());
    watched.settle((0..len).map(|at| issue_bill(&account(at), "B1", 100_000, "2026-11-30")).collect());
}

/// Statements between BEGIN and COMMIT: keys, policies, channels, accounts, bills; then all that is written.
const POSTGRES_PER_BATCH: usize = 6;
/// Policies, channels, and the total of the channel; of each payment: its key, account, bills, and the rows of
/// payment, entry, bill and account.
const SQLITE_PER_BATCH: usize = 3;
const SQLITE_PER_PAYMENT: usize = 7;
/// Of a replay: the key that is there already, its row, the payment, its allocations.
const POSTGRES_PER_REPLAYED_BATCH: usize = 6;
const SQLITE_PER_REPLAY: usize = 4;

#[test]
fn plain_payments_and_their_replays_take_few_statements() {
    for_each_backend(|database| {
        set_up(database);
        let mut watched = Watched::new(database);
        set_up_plain(&mut watched, 40);
        for (round, len) in [(1, 1), (2, 40)] {
            let (_, posted) = watched.settle(plain(round, len));
            let (_, replayed) = watched.settle(plain(round, len));
            let len = len as usize;
            let expected = match database.is_postgres() {
                true => (POSTGRES_PER_BATCH, POSTGRES_PER_REPLAYED_BATCH),
                false => (SQLITE_PER_BATCH + len * SQLITE_PER_PAYMENT, 2 + len * SQLITE_PER_REPLAY),
            };
            assert_eq!((posted.run.len(), replayed.run.len()), expected, "{:#?}", posted.run);
        }
    });
}
