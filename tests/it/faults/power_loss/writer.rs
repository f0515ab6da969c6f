//! Who writes while the disk is watched: the real lane, or one whose commits don't wait for the disk.

use crate::support::commands::numbered;
use diesel::connection::SimpleConnection;
use granary::domain::book::{Answer, Numbered};
use granary::store::base::connection::{self, Connection, Database, Purpose};
use granary::store::base::ids::IdBlock;
use granary::store::batch;

use super::scenario::Batch;
use crate::support::commands::lane;

/// More than a batch can draw.
const IDS_PER_BATCH: i64 = 1_000;

/// Settles a batch; every command gets an answer.
pub type Settle = Box<dyn FnMut(Batch) -> Vec<Answer>>;

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// As granary sets it.
    Full,
    /// No, but a checkpoint does.
    Normal,
    /// Nothing waits for it.
    Off,
}

impl Durability {
    /// What settles batches.
    pub fn writer(self, database: &Database) -> Settle {
        match self {
            Self::Full => real_lane(database),
            Self::Normal | Self::Off => hasty_lane(self.connect(database)),
        }
    }

    /// A connection for writing.
    pub fn connect(self, database: &Database) -> Writing {
        let connection = database.connect(Purpose::Write).expect("the test's database answers");
        let mut connection = Writing(connection);
        match self {
            Self::Full => {}
            Self::Normal => connection.execute("PRAGMA synchronous = NORMAL"),
            Self::Off => connection.execute("PRAGMA synchronous = OFF"),
        }
        connection
    }
}

/// A connection for writing.
pub struct Writing(Connection);

impl Writing {
    /// Runs one statement of SQLite's own.
    pub fn execute(&mut self, statement: &str) {
        let Connection::Sqlite(connection) = &mut self.0 else { unreachable!("a SQLite file") };
        connection.batch_execute(statement).expect("the statement succeeds");
    }
}

fn real_lane(database: &Database) -> Settle {
    let mut lane = lane(database);
    let definite = |answer: Result<_, _>| answer.expect("a definite answer");
    Box::new(move |batch| lane.settle(batch).into_iter().map(definite).collect())
}

/// What a lane does with a batch, without its retries.
fn hasty_lane(Writing(mut connection): Writing) -> Settle {
    let mut ids = IdBlock::default();
    Box::new(move |batch| {
        ids.reserve(&mut connection, IDS_PER_BATCH).expect("numbers can be reserved");
        let order = |(at_ms, command)| numbered(&mut ids, at_ms, command);
        let orders: Vec<Numbered> = batch.into_iter().map(order).collect();
        connection::begin(&mut connection).expect("a transaction");
        let mut loaded =
            batch::load(&mut connection, &orders, chrono_tz::Asia::Shanghai).expect("a batch is loaded");
        let decided = |order: &Numbered| order.settle(&mut loaded.state);
        let answers = orders.iter().map(decided).collect();
        batch::write(&mut connection, loaded, &mut ids).expect("a batch is written");
        connection::commit(&mut connection).expect("a commit");
        answers
    })
}
