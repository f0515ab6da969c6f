//! What readers ask of exceptions.

use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::base::connection::{Connection, on_each};
use super::super::base::look_up::LookUp;
use super::super::base::statement::statement;
use super::{exception_columns, exceptions};
use crate::domain::exception::Exception;

statement! {
    struct Page { before_id: i64 => BigInt, limit: i64 => BigInt } -> (exceptions::Sql)
    both concat!("SELECT ", exception_columns!(), " FROM exceptions x WHERE x.id < ? ORDER BY x.id DESC LIMIT ?")
}

/// A page of exceptions with their numbers, newest first.
#[derive(Debug, Clone)]
pub struct ExceptionPage {
    /// Only exceptions older than the one of this number.
    pub before_id: Option<i64>,
    /// How many at most.
    pub limit: i64,
}

impl LookUp for ExceptionPage {
    type Found = Vec<(i64, Exception)>;

    fn run(&mut self, connection: &mut Connection) -> Result<Self::Found, StoreError> {
        let statement = Page { before_id: self.before_id.unwrap_or(i64::MAX), limit: self.limit };
        let rows: Vec<exceptions::Row> = on_each!(connection, inner => statement.load(inner))?;
        rows.into_iter().map(exceptions::Row::into_pair).collect()
    }
}
