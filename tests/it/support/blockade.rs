//! Holds writers up, so that requests stay under way for as long as a test likes.

use diesel::connection::SimpleConnection;
use granary::store::base::connection::Connection;

use super::backends::TestDatabase;

/// Keeps writers from committing until it is dropped.
pub struct Blockade(Connection);

impl Blockade {
    /// From now on.
    pub fn on(database: &TestDatabase) -> Self {
        let mut connection = database.writer();
        match &mut connection {
            Connection::Postgres(inner) => inner.batch_execute("BEGIN; LOCK TABLE idempotency_keys"),
            Connection::Sqlite(inner) => inner.batch_execute("BEGIN IMMEDIATE"),
        }
        .expect("a lock");
        Self(connection)
    }

    /// Lets them go on.
    pub fn lift(mut self) {
        match &mut self.0 {
            Connection::Postgres(inner) => inner.batch_execute("ROLLBACK"),
            Connection::Sqlite(inner) => inner.batch_execute("ROLLBACK"),
        }
        .expect("the lock is given back");
    }
}
