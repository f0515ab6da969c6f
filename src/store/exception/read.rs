//! What readers ask of exceptions.

use diesel::{OptionalExtension, RunQueryDsl};

use super::super::StoreError;
use super::super::base::connection::{Connection, on_each};
use super::super::base::look_up::{LookUp, NEWEST, Place};
use super::super::base::statement::statement;
use super::{exception_columns, exceptions};
use crate::domain::exception::Exception;

statement! {
    struct Page { before_ms: i64 => BigInt, before_id: i64 => BigInt, limit: i64 => BigInt } -> (exceptions::Sql)
    both concat!("SELECT ", exception_columns!(), " FROM exceptions x WHERE (x.recorded_at_ms, x.id) < (?, ?) \
        ORDER BY x.recorded_at_ms DESC, x.id DESC LIMIT ?")
}

statement! {
    struct OfNumber<'a> { account_number: &'a str => Text, id: i64 => BigInt } -> (exceptions::Sql)
    both concat!("SELECT ", exception_columns!(), " FROM exceptions x WHERE x.account_number = ? AND x.id = ?")
}

/// The exception of this number.
#[derive(Debug, Clone)]
pub struct ExceptionOfNumber {
    /// The account number that it was given with.
    pub account_number: String,
    /// Its number.
    pub id: i64,
}

impl LookUp for ExceptionOfNumber {
    type Found = Option<Exception>;

    fn run(&mut self, connection: &mut Connection) -> Result<Self::Found, StoreError> {
        let statement = OfNumber { account_number: &self.account_number, id: self.id };
        let row: Option<exceptions::Row> =
            on_each!(connection, inner => statement.get_result(inner).optional())?;
        Ok(row.map(exceptions::Row::into_pair).transpose()?.map(|(_, exception)| exception))
    }
}

/// By the instant it was found, then by number.
pub fn place((number, exception): &(i64, Exception)) -> Place {
    (exception.recorded_at_ms, *number)
}

/// A page of exceptions with their numbers, newest first.
#[derive(Debug, Clone)]
pub struct ExceptionPage {
    /// Only exceptions older than the one [there](place).
    pub before: Option<Place>,
    /// How many at most.
    pub limit: i64,
}

impl LookUp for ExceptionPage {
    type Found = Vec<(i64, Exception)>;

    fn run(&mut self, connection: &mut Connection) -> Result<Self::Found, StoreError> {
        let (before_ms, before_id) = self.before.unwrap_or(NEWEST);
        let statement = Page { before_ms, before_id, limit: self.limit };
        let rows: Vec<exceptions::Row> = on_each!(connection, inner => statement.load(inner))?;
        rows.into_iter().map(exceptions::Row::into_pair).collect()
    }
}
