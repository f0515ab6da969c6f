//! Opening a database from its URL, and the settings every connection runs with.

use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::{Connection as _, PgConnection, RunQueryDsl, SqliteConnection};

use super::super::{StoreError, absence};
use super::not_writable;
use super::postgres_url;
use super::statement::statement;

/// The oldest SQLite without the bug that resets the write-ahead log under a reader.
const SQLITE_VERSION_MIN: (u32, u32, u32) = (3, 51, 3);

/// A lane that stands still in a transaction (its process frozen, say) loses its locks after this.
const PG_SESSION: &str = "SET statement_timeout = '8s'; SET lock_timeout = '5s'; \
     SET idle_in_transaction_session_timeout = '4s'; SET synchronous_commit = on; SET jit = off; \
     SET client_min_messages = warning; SET timezone = 'UTC'";

/// Every statement of lanes and readers is a walk along an index, planned once. The planner would
/// else plan each anew, or choose by the size a table had when it was first asked.
const PG_PLANS: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
     SET enable_hashjoin = off; SET enable_mergejoin = off";

/// A server that is gone without a word is noticed within seconds: by what stays unacknowledged, or, while only
/// its answer is awaited, by keepalives. What stands in the URL goes first.
const PG_PARAMETERS: [(&str, &str); 6] = [
    ("connect_timeout", "3"),
    ("tcp_user_timeout", "5000"),
    ("keepalives_idle", "2"),
    ("keepalives_interval", "1"),
    ("keepalives_count", "3"),
    ("application_name", "granary"),
];

/// How long a connection waits for another's lock, in milliseconds.
pub(super) const SQLITE_WAITS: &str = "PRAGMA busy_timeout = 5000";

const SQLITE_SESSION: &str =
    "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY";

/// Once the write-ahead log holds this many pages (131 MB), the writer brings in what isn't yet in the database file, and
/// begins it again. The cache has room for the inner pages of all indexes; leaves seldom come again before they would
/// be dropped, however much is kept.
const SQLITE_WRITER: &str =
    "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 32000; PRAGMA cache_size = -16384";

/// Bytes to which the log's file is cut when it begins again: a little more than the pages after which the writer has it
/// begin again, so that it is cut only after somebody read for long.
pub const LOG_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// What a reader keeps is void after the next commit.
const SQLITE_READER: &str = "PRAGMA query_only = ON; PRAGMA cache_size = -2048";

/// Where the database is; the scheme of the URL names the back end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A PostgreSQL server, by the URL for libpq.
    Postgres(String),
    /// A SQLite file.
    Sqlite(PathBuf),
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A lane, or migrations.
    Write,
    /// Look-ups; can't write.
    Read,
}

/// A connection to either back end.
pub enum Connection {
    /// PostgreSQL.
    Postgres(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}

/// Runs one expression on whichever back end the connection is to.
macro_rules! on_each {
    ($conn:expr, $inner:ident => $body:expr) => {
        match $conn {
            $crate::store::base::connection::Connection::Postgres($inner) => $body,
            $crate::store::base::connection::Connection::Sqlite($inner) => $body,
        }
    };
}
pub(in crate::store) use on_each;

statement! { struct SqliteVersion -> (Text) both "SELECT sqlite_version()" }
statement! { struct Ping -> (Integer) both "SELECT 1" }
statement! { struct ServerEncoding -> (Text) pg "SELECT current_setting('server_encoding')" }
statement! { struct FileEncoding -> (Text) sqlite "PRAGMA encoding" }
statement! { struct ReadFile -> (BigInt) sqlite "PRAGMA schema_version" }

impl Database {
    /// Reads `sqlite://relative/path`, `sqlite:///absolute/path`, `postgres://…` or `postgresql://…`.
    ///
    /// # Errors
    /// Any other scheme, or no path.
    pub fn from_url(url: &str) -> Result<Self, StoreError> {
        match url.split_once("://") {
            Some(("sqlite", path)) if postgres_url::holds_password(path) => Err(StoreError::Url(
                "what follows sqlite:// looks like a user and a password or another URL, not like a path; it isn't \
                 shown"
                    .to_owned(),
            )),
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => {
                postgres_url::check(url).map(|()| Self::Postgres(url.to_owned()))
            }
            _ => Err(StoreError::Url(
                "the database URL must be sqlite://relative/path, sqlite:///absolute/path or postgres://…"
                    .to_owned(),
            )),
        }
    }

    /// Opens a connection to a database that exists.
    ///
    /// # Errors
    /// No such file, no such server, no right to it.
    pub fn connect(&self, purpose: Purpose) -> Result<Connection, StoreError> {
        match self {
            Self::Postgres(url) => connect_postgres(url, purpose).map(Connection::Postgres),
            Self::Sqlite(path) if path.exists() => connect_sqlite(path, purpose).map(Connection::Sqlite),
            Self::Sqlite(path) => Err(StoreError::NotMigrated(format!(
                "there is no database {}; `granary migrate` creates it",
                path.display()
            ))),
        }
    }

    /// Opens a connection for migrations; a SQLite file that isn't there is created.
    ///
    /// # Errors
    /// No right to create the file, no such server.
    pub fn connect_or_create(&self) -> Result<Connection, StoreError> {
        match self {
            Self::Postgres(url) => connect_postgres(url, Purpose::Write).map(Connection::Postgres),
            Self::Sqlite(path) => connect_sqlite(path, Purpose::Write).map(Connection::Sqlite),
        }
    }
}

fn connect_postgres(url: &str, purpose: Purpose) -> Result<PgConnection, StoreError> {
    let mut full = url.to_owned();
    for (name, value) in PG_PARAMETERS {
        if !full.contains(name) {
            full.push(if full.contains('?') { '&' } else { '?' });
            full.push_str(&format!("{name}={value}"));
        }
    }
    // Whatever the URL or the environment says: text is UTF-8 here.
    full.push_str(if full.contains('?') { "&client_encoding=UTF8" } else { "?client_encoding=UTF8" });
    let mut connection = PgConnection::establish(&full).map_err(|error| {
        let words = error.to_string();
        let shown = format!("PostgreSQL: {}", postgres_url::without_secrets(&words, url));
        if absence::is_absent(&words) { StoreError::Absent(shown) } else { StoreError::Connect(shown) }
    })?;
    check_encoding(&ServerEncoding {}.get_result::<String>(&mut connection)?, "UTF8")?;
    connection.batch_execute(PG_SESSION)?;
    connection.batch_execute(PG_PLANS)?;
    if purpose == Purpose::Read {
        connection.batch_execute("SET default_transaction_read_only = on")?;
    }
    Ok(connection)
}

fn connect_sqlite(path: &Path, purpose: Purpose) -> Result<SqliteConnection, StoreError> {
    open_sqlite(path, purpose).map_err(|error| not_writable::explain(path, error))
}

fn open_sqlite(path: &Path, purpose: Purpose) -> Result<SqliteConnection, StoreError> {
    let text = path.to_str().ok_or_else(|| StoreError::Url("the database path is not UTF-8".to_owned()))?;
    let mut connection = SqliteConnection::establish(text)
        .map_err(|error| StoreError::Connect(format!("SQLite {}: {error}", path.display())))?;
    connection.batch_execute(SQLITE_WAITS)?;
    connection.batch_execute(SQLITE_SESSION)?;
    match purpose {
        Purpose::Write => {
            connection
                .batch_execute(&format!("{SQLITE_WRITER}; PRAGMA journal_size_limit = {LOG_BYTES_MAX}"))?;
        }
        Purpose::Read => connection.batch_execute(SQLITE_READER)?,
    }
    check_sqlite_version(&mut connection)?;
    // By the first look into the file its write-ahead log is opened too, and stays as long as the connection does.
    let _: i64 = ReadFile {}.get_result(&mut connection)?;
    check_encoding(&FileEncoding {}.get_result::<String>(&mut connection)?, "UTF-8")?;
    Ok(connection)
}

/// In another encoding not every name can be stored, and what is stored sorts and measures otherwise.
fn check_encoding(encoding: &str, wanted: &str) -> Result<(), StoreError> {
    if encoding == wanted {
        return Ok(());
    }
    Err(StoreError::Connect(format!(
        "the database keeps its text in {encoding}, and granary needs {wanted}; an existing database can't be changed: \
         create one in {wanted} and use that"
    )))
}

fn check_sqlite_version(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let version: String = SqliteVersion {}.get_result(connection)?;
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < SQLITE_VERSION_MIN {
        return Err(StoreError::Connect(format!("SQLite {version} is too old; 3.51.3 or later is needed")));
    }
    Ok(())
}

/// Asks the least there is.
///
/// # Errors
/// No answer.
pub fn ping(connection: &mut Connection) -> Result<(), StoreError> {
    use diesel::RunQueryDsl;
    let _one: i32 = on_each!(connection, inner => Ping {}.get_result(inner))?;
    Ok(())
}

/// Opens a transaction that reads, and sees the database as it is at its first statement.
pub fn begin_of_one_instant(connection: &mut Connection) -> Result<(), StoreError> {
    match connection {
        Connection::Postgres(connection) => {
            connection.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")?;
        }
        Connection::Sqlite(connection) => connection.batch_execute("BEGIN")?,
    }
    Ok(())
}

/// Opens the batch's transaction. SQLite's takes the write lock at once.
pub fn begin(connection: &mut Connection) -> Result<(), StoreError> {
    match connection {
        Connection::Postgres(connection) => connection.batch_execute("BEGIN")?,
        Connection::Sqlite(connection) => connection.batch_execute("BEGIN IMMEDIATE")?,
    }
    Ok(())
}

/// Makes the transaction durable. After an error the outcome is unknown.
pub fn commit(connection: &mut Connection) -> Result<(), StoreError> {
    Ok(on_each!(connection, inner => inner.batch_execute("COMMIT"))?)
}

/// Gives the transaction up.
pub fn rollback(connection: &mut Connection) -> Result<(), StoreError> {
    Ok(on_each!(connection, inner => inner.batch_execute("ROLLBACK"))?)
}

/// Opens one unchanging view of the whole database for a long look.
pub fn begin_snapshot(connection: &mut Connection) -> Result<(), StoreError> {
    match connection {
        Connection::Postgres(connection) => connection.batch_execute(
            "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
             RESET plan_cache_mode; RESET enable_seqscan; RESET enable_hashjoin; RESET enable_mergejoin; \
             BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
        )?,
        Connection::Sqlite(connection) => connection.batch_execute("PRAGMA cache_size = -65536; BEGIN")?,
    }
    Ok(())
}
