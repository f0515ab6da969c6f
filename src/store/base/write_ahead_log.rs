//! SQLite's write-ahead log: how much of it is in the database file, bringing the rest in, and giving back the room that
//! it took while a long reader kept it from beginning again.

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;

use super::super::StoreError;
use super::connection::{Connection, SQLITE_WAITS};
use super::statement::statement;

/// How much the log holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WalStatus {
    /// Pages in the log since it began.
    pub pages: i64,
    /// How many of them are in the database file.
    pub pages_in: i64,
}

statement! { struct Look -> (BigInt, BigInt, BigInt) sqlite "PRAGMA wal_checkpoint(NOOP)" }
statement! { struct BringAllIn -> (BigInt, BigInt, BigInt) sqlite "PRAGMA wal_checkpoint(FULL)" }
statement! { struct BringAllInAndCut -> (BigInt, BigInt, BigInt) sqlite "PRAGMA wal_checkpoint(TRUNCATE)" }
statement! { struct BringIn -> (BigInt, BigInt, BigInt) sqlite "PRAGMA wal_checkpoint(PASSIVE)" }

/// Looks how long the log is. PostgreSQL looks after its own.
///
/// # Errors
/// Whatever the database says.
pub fn status(connection: &mut Connection) -> Result<WalStatus, StoreError> {
    let Connection::Sqlite(connection) = connection else { return Ok(WalStatus::default()) };
    let (_, pages, pages_in): (i64, i64, i64) = Look {}.get_result(connection)?;
    Ok(WalStatus { pages, pages_in })
}

/// Brings into the database file what nobody still reads there as it was, and syncs it. Nobody waits for it.
///
/// # Errors
/// Whatever the database says. After a failed sync nothing may be written to it any more.
pub fn checkpoint(connection: &mut Connection) -> Result<(), StoreError> {
    let Connection::Sqlite(connection) = connection else { return Ok(()) };
    let _: (i64, i64, i64) = BringIn {}.get_result(connection)?;
    Ok(())
}

/// As [`checkpoint`], but waits for whoever writes, reads or does the same; whether nothing is left out.
///
/// # Errors
/// Whatever the database says.
pub fn checkpoint_all(connection: &mut Connection) -> Result<bool, StoreError> {
    let Connection::Sqlite(connection) = connection else { return Ok(true) };
    let (is_busy, pages, pages_in): (i64, i64, i64) = BringAllIn {}.get_result(connection)?;
    Ok(is_busy == 0 && pages == pages_in)
}

/// Brings all in and cuts the log's file to nothing, unless somebody is reading or writing right now. Nobody waits for it.
///
/// # Errors
/// As [`checkpoint`].
pub fn cut(connection: &mut Connection) -> Result<(), StoreError> {
    let Connection::Sqlite(connection) = connection else { return Ok(()) };
    // It would else wait for readers with the writer's lock in its hand.
    connection.batch_execute("PRAGMA busy_timeout = 0")?;
    let done: Result<(i64, i64, i64), _> = BringAllInAndCut {}.get_result(connection);
    connection.batch_execute(SQLITE_WAITS)?;
    done?;
    Ok(())
}
