//! One migrated database per test, on each back end that is there.

use granary::store::base::connection::{Connection, Database, Purpose};
use granary::store::base::migrations;
use tempfile::TempDir;

use super::scratch::scratch_folder;
use super::shared_postgres::{self, Server};

/// A database of the test's own, gone when dropped.
pub struct TestDatabase {
    /// What an engine or a lane takes.
    pub database: Database,
    /// The same as text, for a process.
    pub url: String,
    _keep: Keep,
}

/// What must outlive the database's use.
enum Keep {
    Folder(#[expect(dead_code, reason = "held until dropped")] TempDir),
    Postgres(&'static Server, String),
}

impl Drop for Keep {
    fn drop(&mut self) {
        if let Self::Postgres(server, name) = self {
            server.drop_database(name);
        }
    }
}

impl TestDatabase {
    /// A migrated SQLite file.
    pub fn sqlite() -> Self {
        let empty = Self::sqlite_empty();
        let mut connection = empty.database.connect_or_create().expect("a SQLite file can be created");
        migrations::run_pending(&mut connection).expect("the migrations run");
        empty
    }

    /// A SQLite file that isn't there yet.
    pub fn sqlite_empty() -> Self {
        let folder = scratch_folder("granary-sqlite-");
        let url = format!("sqlite://{}", folder.path().join("granary.db").display());
        Self::of(url, Keep::Folder(folder))
    }

    /// A migrated PostgreSQL database; `None`, said aloud once, where there is no PostgreSQL.
    pub fn postgres() -> Option<Self> {
        let server = shared_postgres::shared()?;
        let name = server.create_migrated();
        Some(Self::of(server.url(&name), Keep::Postgres(server, name)))
    }

    /// A PostgreSQL database without tables; `None` where there is no PostgreSQL.
    pub fn postgres_empty() -> Option<Self> {
        let server = shared_postgres::shared()?;
        let name = server.create_empty();
        Some(Self::of(server.url(&name), Keep::Postgres(server, name)))
    }

    /// A PostgreSQL database without tables that keeps text in this encoding; `None` where there is no PostgreSQL.
    pub fn postgres_encoded(encoding: &str) -> Option<Self> {
        let server = shared_postgres::shared()?;
        let name = server.create_encoded(encoding);
        Some(Self::of(server.url(&name), Keep::Postgres(server, name)))
    }

    /// The back end's name.
    pub fn name(&self) -> &'static str {
        if self.is_postgres() { "PostgreSQL" } else { "SQLite" }
    }

    /// A connection for looking.
    pub fn reader(&self) -> Connection {
        self.database.connect(Purpose::Read).expect("the test's database answers")
    }

    /// A connection for writing.
    pub fn writer(&self) -> Connection {
        self.database.connect(Purpose::Write).expect("the test's database answers")
    }

    /// Whether it is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        matches!(self.database, Database::Postgres(_))
    }

    fn of(url: String, keep: Keep) -> Self {
        let database = Database::from_url(&url).expect("a database URL");
        Self { database, url, _keep: keep }
    }
}

/// Runs a test on a new migrated database of each back end that is there.
pub fn for_each_backend(test: impl Fn(&TestDatabase)) {
    test(&TestDatabase::sqlite());
    if let Some(database) = TestDatabase::postgres() {
        test(&database);
    }
}
