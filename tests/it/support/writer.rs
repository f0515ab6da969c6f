//! A writer that stops between writing a batch and making it durable, and who waits for whom meanwhile.

use std::time::Duration;

use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl};
use granary::domain::book::{Answer, Command, Numbered};
use granary::store::StoreError;
use granary::store::base::connection::{self, Connection};
use granary::store::base::ids::IdBlock;
use granary::store::batch::{self, Batch};

use super::backends::TestDatabase;
use super::commands::{NOON_MS, numbered};
use crate::support::wait::wait_until;

/// Sooner than PostgreSQL ends a transaction that stands still.
const WITHIN: Duration = Duration::from_secs(3);
/// Numbers that a batch of the tests may draw.
const IDS: i64 = 2_000;

/// A connection on which a batch is taken step by step.
pub struct Writer {
    connection: Connection,
    ids: IdBlock,
    orders: Vec<Numbered>,
}

impl Writer {
    /// Of this database.
    pub fn new(database: &TestDatabase) -> Self {
        Self { connection: database.writer(), ids: IdBlock::default(), orders: Vec::new() }
    }

    /// Opens the transaction, takes the locks and loads.
    pub fn load(&mut self, commands: &[Command]) -> Result<Batch, StoreError> {
        self.ids.reserve(&mut self.connection, IDS)?;
        let number = |command: &Command| numbered(&mut self.ids, NOON_MS, command.clone());
        self.orders = commands.iter().map(number).collect();
        connection::begin(&mut self.connection)?;
        batch::load(&mut self.connection, &self.orders, chrono_tz::Asia::Shanghai)
    }

    /// Decides what was loaded, and writes it.
    pub fn write(&mut self, mut loaded: Batch) -> Result<Vec<Answer>, StoreError> {
        let mut answers = Vec::new();
        for order in &self.orders {
            answers.push(order.settle(&mut loaded.state));
        }
        batch::write(&mut self.connection, loaded, &mut self.ids)?;
        Ok(answers)
    }

    /// All but the commit.
    pub fn load_and_write(&mut self, commands: &[Command]) -> Result<Vec<Answer>, StoreError> {
        let loaded = self.load(commands)?;
        self.write(loaded)
    }

    /// Makes it durable.
    pub fn commit(&mut self) -> Result<(), StoreError> {
        connection::commit(&mut self.connection)
    }

    /// Gives it up.
    pub fn roll_back(&mut self) {
        connection::rollback(&mut self.connection).expect("a transaction is given up");
    }
}

/// Waits until so many of this PostgreSQL database's sessions wait for a lock, or `is_over` says that nobody will.
#[track_caller]
pub fn wait_for_waiting(database: &TestDatabase, sessions: i64, is_over: impl Fn() -> bool) {
    let Connection::Postgres(mut looker) = database.reader() else {
        unreachable!("PostgreSQL alone has them")
    };
    wait_until("sessions that wait for a lock", WITHIN, || {
        assert!(!is_over(), "nobody waited");
        waiting(&mut looker) == sessions
    });
}

fn waiting(looker: &mut diesel::PgConnection) -> i64 {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let query = "SELECT count(*) AS count FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    diesel::sql_query(query).get_result::<Count>(looker).expect("PostgreSQL tells").count
}
