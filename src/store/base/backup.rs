//! A copy of a SQLite database, made beside whoever writes to it.

use std::path::Path;

use diesel::RunQueryDsl;

use super::super::StoreError;
use super::connection::Connection;
use super::statement::statement;

statement! { struct VacuumInto<'a> { file: &'a str => Text } sqlite "VACUUM INTO ?" }

/// Copies one snapshot of the whole database into a file that isn't there yet. Nobody waits for it; the
/// write-ahead log grows meanwhile. The connection must be one for writing, though nothing is written to it.
///
/// # Errors
/// PostgreSQL, which brings programs of its own for this; a file that is there; no room.
pub fn copy_into(connection: &mut Connection, file: &Path) -> Result<(), StoreError> {
    let Connection::Sqlite(connection) = connection else {
        return Err(StoreError::Url("only a SQLite database is copied into a file".to_owned()));
    };
    let file = file.to_str().ok_or_else(|| StoreError::Url("the file's path is not UTF-8".to_owned()))?;
    VacuumInto { file }.execute(connection)?;
    Ok(())
}
