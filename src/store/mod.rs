//! The only place with SQL: connections, migrations, what a batch loads and writes, what readers ask, and the audit. It
//! decides nothing. Each capability has a room: its tables in `mod`, what a batch loads and writes of it, what readers
//! ask, and what the audit checks. Where the two back ends differ, two short functions stand side by side in one file.

use std::fmt;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

mod absence;
pub mod base;

pub mod access;
pub mod account;
pub mod bill;
pub mod channel;
pub mod exception;
mod ledger;
pub mod payment;
mod reversal;
#[cfg(feature = "trial")]
pub mod trial;

pub mod audit;
pub mod batch;
pub mod key;
mod rooms;

/// What can go wrong with a database.
#[derive(Debug)]
pub enum StoreError {
    /// The URL is none of ours.
    Url(String),
    /// No connection.
    Connect(String),
    /// No connection, and no server yet that could give one.
    Absent(String),
    /// The database isn't at the version of this program.
    NotMigrated(String),
    /// A statement failed.
    Statement(DieselError),
    /// A row holds what the rules don't allow.
    Corrupt(String),
    /// Another writer created meanwhile what wasn't there when this one looked; begin anew.
    Overtaken(&'static str),
    /// The files of an embedded database are not those that were opened.
    Replaced(String),
}

/// What a failure calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Passing: the same work may succeed on this connection.
    Passing,
    /// The connection is gone or in doubt: reconnect and try again.
    Disconnected,
    /// The storage under an embedded database failed. A failed sync must never be retried.
    Storage,
}

impl StoreError {
    /// What this failure calls for.
    pub fn severity(&self) -> Severity {
        match self {
            Self::Url(_) | Self::NotMigrated(_) | Self::Corrupt(_) | Self::Overtaken(_) => Severity::Passing,
            Self::Connect(_) | Self::Absent(_) => Severity::Disconnected,
            Self::Replaced(_) => Severity::Storage,
            Self::Statement(error) => severity_of(error),
        }
    }

    /// Whether another has a SQLite file's lock, for longer than was waited or so that waiting would not have helped.
    pub fn is_locked(&self) -> bool {
        match self {
            Self::Statement(DieselError::DatabaseError(_, words)) => words.message() == "database is locked",
            Self::Statement(_)
            | Self::Url(_)
            | Self::Connect(_)
            | Self::Absent(_)
            | Self::NotMigrated(_)
            | Self::Corrupt(_)
            | Self::Overtaken(_)
            | Self::Replaced(_) => false,
        }
    }

    /// Whether the database isn't there yet, or is going just now: it may be there in a while without anybody doing
    /// anything here.
    pub fn is_absent(&self) -> bool {
        match self {
            Self::Absent(_) => true,
            Self::Statement(DieselError::DatabaseError(kind, words)) => {
                matches!(kind, DatabaseErrorKind::ClosedConnection) || absence::is_leaving(words.message())
            }
            Self::Statement(_)
            | Self::Url(_)
            | Self::Connect(_)
            | Self::NotMigrated(_)
            | Self::Corrupt(_)
            | Self::Overtaken(_)
            | Self::Replaced(_) => false,
        }
    }
}

/// SQLite's own words, which are all that Diesel hands on of its result codes.
fn severity_of(error: &DieselError) -> Severity {
    match error {
        // A session may have begun while the database was read-only, and would remain so.
        DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::ReadOnlyTransaction,
            _,
        )
        | DieselError::BrokenTransactionManager => Severity::Disconnected,
        DieselError::DatabaseError(_, words) => match words.message() {
            "disk I/O error" | "database disk image is malformed" | "file is not a database" => {
                Severity::Storage
            }
            words if words.starts_with("malformed database schema") => Severity::Storage,
            _ => Severity::Passing,
        },
        _ => Severity::Passing,
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(text)
            | Self::Connect(text)
            | Self::Absent(text)
            | Self::NotMigrated(text)
            | Self::Replaced(text) => f.write_str(text),
            Self::Overtaken(what) => write!(f, "another writer created {what} meanwhile"),
            Self::Statement(error) => write!(f, "statement failed: {error}"),
            Self::Corrupt(text) => write!(f, "unexpected row: {text}"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        Self::Statement(error)
    }
}
