//! One check: a query that returns only what breaks an invariant. Its rows are streamed and
//! counted; the first few are kept in words.

use diesel::{QueryableByName, RunQueryDsl, sql_query, sql_types};

use super::super::StoreError;
use super::super::connection::Connection;
use super::{ROWS_SHOWN_MAX, Verdict};
use crate::domain::money::format_amount;

/// Hands each row of a query on without ever holding them all. PostgreSQL's client would otherwise
/// read the whole answer first.
macro_rules! for_each_row {
    ($connection:expr, $query:expr, $row:ty, $each:expr) => {{
        let (query, mut each) = ($query, $each);
        match $connection {
            $crate::store::connection::Connection::Postgres(connection) => {
                for row in query.load_iter::<$row, diesel::pg::PgRowByRowLoadingMode>(connection)? {
                    each(row?);
                }
            }
            $crate::store::connection::Connection::Sqlite(connection) => {
                for row in query.load_iter::<$row, diesel::connection::DefaultLoadingMode>(connection)? {
                    each(row?);
                }
            }
        }
    }};
}
pub(super) use for_each_row;

/// What a check's query returns beside `subject`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Columns {
    /// Nothing.
    Subject,
    /// `found` and `expected`, in fen.
    Fen,
    /// `found` and `expected`, as plain numbers.
    Count,
}

/// A query that returns nothing while its invariant holds.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) invariant: &'static str,
    /// What is wrong with each row it returns.
    pub(super) words: &'static str,
    pub(super) columns: Columns,
    /// One text for both back ends.
    pub(super) sql: &'static str,
}

#[derive(Debug, QueryableByName)]
struct Breach {
    #[diesel(sql_type = sql_types::Text)]
    subject: String,
    #[diesel(sql_type = sql_types::BigInt)]
    found: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    expected: i64,
}

impl Check {
    /// Runs the query and adds what it returns. An audit runs each once, so nothing is gained by
    /// keeping it prepared.
    pub(super) fn run(&self, connection: &mut Connection, tally: &mut Tally) -> Result<(), StoreError> {
        for_each_row!(connection, sql_query(self.full_sql()), Breach, |breach| self.add(&breach, tally));
        Ok(())
    }

    fn full_sql(&self) -> String {
        let (found, expected) = match self.columns {
            Columns::Subject => ("0", "0"),
            Columns::Fen | Columns::Count => ("found", "expected"),
        };
        format!(
            "SELECT subject, CAST({found} AS BIGINT) AS found, CAST({expected} AS BIGINT) AS expected \
             FROM ({}) AS breaches ORDER BY subject",
            self.sql
        )
    }

    fn add(&self, Breach { subject, found, expected }: &Breach, tally: &mut Tally) {
        tally.add(|| match self.columns {
            Columns::Subject => format!("{}: {subject}", self.words),
            Columns::Fen => {
                let (found, expected) = (format_amount(*found), format_amount(*expected));
                format!("{}: {subject}: {found}, not {expected}", self.words)
            }
            Columns::Count => format!("{}: {subject}: {found}, not {expected}", self.words),
        });
    }
}

/// What speaks against one invariant so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    count: u64,
    rows: Vec<String>,
}

impl Tally {
    /// Counts one difference and keeps its words while there is room.
    pub(super) fn add(&mut self, row: impl FnOnce() -> String) {
        self.count += 1;
        if self.rows.len() < ROWS_SHOWN_MAX {
            self.rows.push(printable(&row()));
        }
    }

    pub(super) fn into_verdict(self) -> Verdict {
        match self.count {
            0 => Verdict::Holds,
            count => Verdict::Broken { count, rows: self.rows },
        }
    }
}

/// Account numbers of reporting channels are kept as given, so they may hold anything.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => printable.extend(character.escape_default()),
            false => printable.push(character),
        }
    }
    printable
}
