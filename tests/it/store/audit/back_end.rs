//! Where the audit's tests get their databases: a SQLite file each, and on PostgreSQL, where there is one, a database
//! each.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::SimpleConnection;
use granary::store::base::connection::{Connection, Database, Purpose};

use crate::support::shared_postgres::shared;

/// A kind of database.
pub enum BackEnd {
    Sqlite(tempfile::TempDir),
    Postgres { server_url: String },
}

/// A database that is gone when dropped.
pub struct TestDatabase<'a> {
    back_end: &'a BackEnd,
    name: String,
}

/// Every back end that tests can run on here.
pub fn available() -> Vec<BackEnd> {
    let mut back_ends = vec![BackEnd::Sqlite(tempfile::tempdir().expect("a temporary folder"))];
    if let Some(server) = shared() {
        back_ends.push(BackEnd::Postgres { server_url: server.url("postgres") });
    }
    back_ends
}

impl BackEnd {
    /// An empty database.
    pub fn create(&self) -> TestDatabase<'_> {
        let name = new_name();
        if let Self::Postgres { .. } = self {
            self.on_server(&format!("CREATE DATABASE {name}"));
        }
        TestDatabase { back_end: self, name }
    }

    fn on_server(&self, sql: &str) {
        let Self::Postgres { server_url } = self else { unreachable!("SQLite has no server") };
        let database = Database::from_url(server_url).expect("a PostgreSQL URL");
        execute(&mut database.connect(Purpose::Write).expect("a PostgreSQL server"), sql);
    }
}

impl TestDatabase<'_> {
    /// A copy of it, which nobody may be connected to meanwhile.
    pub fn copy(&self) -> Self {
        let name = new_name();
        let copy = Self { back_end: self.back_end, name };
        match self.back_end {
            BackEnd::Sqlite(_) => {
                std::fs::copy(self.path(), copy.path()).expect("a copied file");
            }
            BackEnd::Postgres { .. } => self.back_end.on_server(&format!(
                "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY",
                copy.name, self.name
            )),
        }
        copy
    }

    /// A connection to it, by which a SQLite file is created.
    pub fn connect(&self) -> Connection {
        let database = match self.back_end {
            BackEnd::Sqlite(_) => Database::Sqlite(self.path()),
            BackEnd::Postgres { server_url } => Database::Postgres(replace_database(server_url, &self.name)),
        };
        database.connect_or_create().expect("a connection")
    }

    fn path(&self) -> PathBuf {
        let BackEnd::Sqlite(folder) = self.back_end else {
            unreachable!("PostgreSQL has no file of its own")
        };
        folder.path().join(&self.name)
    }
}

impl Drop for TestDatabase<'_> {
    fn drop(&mut self) {
        if let BackEnd::Postgres { .. } = self.back_end {
            self.back_end.on_server(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

/// Runs statements as they stand.
pub fn execute(connection: &mut Connection, sql: &str) {
    let done = match connection {
        Connection::Postgres(connection) => connection.batch_execute(sql),
        Connection::Sqlite(connection) => connection.batch_execute(sql),
    };
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

fn new_name() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("granary_audit_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// `postgres://host/this?…` with another database in its place.
fn replace_database(url: &str, name: &str) -> String {
    let parameters_at = url.find('?').unwrap_or(url.len());
    let (before, parameters) = url.split_at(parameters_at);
    let (server, _) = before.rsplit_once('/').expect("a URL that names a database");
    format!("{server}/{name}{parameters}")
}
