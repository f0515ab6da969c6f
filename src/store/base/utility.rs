//! Whose database this is.

use diesel::RunQueryDsl;

use super::super::StoreError;
use super::connection::{Connection, on_each};
use super::statement::statement;

/// The one row that says whose database this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utility {
    /// Name of the utility.
    pub name: String,
    /// ISO 4217 code of every amount.
    pub currency: String,
    /// Zone in which days are counted.
    pub zone: chrono_tz::Tz,
}

statement! {
    struct UtilityRow -> (Text, Text, Text) both "SELECT name, currency, time_zone FROM utilities WHERE id = 1"
}

/// Whose database this is.
///
/// # Errors
/// Whatever the database says.
pub fn utility(connection: &mut Connection) -> Result<Utility, StoreError> {
    let (name, currency, zone): (String, String, String) =
        on_each!(connection, inner => UtilityRow {}.get_result(inner))?;
    let zone = zone.parse().map_err(|_| StoreError::Corrupt(format!("time zone {zone:?}")))?;
    Ok(Utility { name, currency, zone })
}

statement! {
    struct TablesPg<'a> { name: &'a str => Text } -> (BigInt)
    pg "SELECT count(*) FROM information_schema.tables WHERE table_schema = ANY(current_schemas(false)) \
        AND table_name = ?"
}

statement! {
    struct TablesSqlite<'a> { name: &'a str => Text } -> (BigInt)
    sqlite "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?"
}

/// Whether a table of that name exists.
///
/// # Errors
/// Whatever the database says.
pub fn has_table(connection: &mut Connection, name: &str) -> Result<bool, StoreError> {
    let count: i64 = match connection {
        Connection::Postgres(connection) => TablesPg { name }.get_result(connection)?,
        Connection::Sqlite(connection) => TablesSqlite { name }.get_result(connection)?,
    };
    Ok(count > 0)
}
