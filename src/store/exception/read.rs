//! What readers ask of exceptions.

use diesel::RunQueryDsl;

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
