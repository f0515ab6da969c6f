//! One check: a query that returns only what breaks an invariant. Its rows are streamed and
//! counted; the first few are kept in words.

use diesel::{QueryableByName, RunQueryDsl, sql_query, sql_types};

use super::super::StoreError;
use super::connection::Connection;
use crate::domain::base::money::format_amount;

/// Hands each row of a query on without ever holding them all. PostgreSQL's client would otherwise
/// read the whole answer first.
macro_rules! for_each_row {
    ($connection:expr, $query:expr, $row:ty, $each:expr) => {{
        let (query, mut each) = ($query, $each);
        match $connection {
            $crate::store::base::connection::Connection::Postgres(connection) => {
                for row in query.load_iter::<$row, diesel::pg::PgRowByRowLoadingMode>(connection)? {
                    each(row?);
                }
            }
            $crate::store::base::connection::Connection::Sqlite(connection) => {
                for row in query.load_iter::<$row, diesel::connection::DefaultLoadingMode>(connection)? {
                    each(row?);
                }
            }
        }
    }};
}
pub(in crate::store) use for_each_row;

/// How many rows that break an invariant are shown.
pub const ROWS_SHOWN_MAX: usize = 10;

/// Whether an invariant holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing speaks against it.
    Holds,
    /// Something does.
    Broken {
        /// How many differences there are.
        count: u64,
        /// The first [`ROWS_SHOWN_MAX`] of them, in words; amounts in yuan.
        rows: Vec<String>,
    },
    /// A database alone can't show it.
    NotVisible {
        /// Why.
        why: &'static str,
    },
}

/// What a check's query returns beside `subject`.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) enum Columns {
    /// Nothing.
    Subject,
    /// `found` and `expected`, in fen.
    Fen,
    /// `found` and `expected`, as plain numbers.
    Count,
}

/// A query that returns nothing while its invariant holds.
#[derive(Debug)]
pub(in crate::store) struct Check {
    pub(in crate::store) invariant: &'static str,
    /// What is wrong with each row it returns.
    pub(in crate::store) words: &'static str,
    pub(in crate::store) columns: Columns,
    /// One text for both back ends.
    pub(in crate::store) sql: &'static str,
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
    pub(in crate::store) fn run(
        &self,
        connection: &mut Connection,
        tally: &mut Tally,
    ) -> Result<(), StoreError> {
        let sql = self.full_sql(matches!(connection, Connection::Postgres(_)));
        for_each_row!(connection, sql_query(sql), Breach, |breach| self.add(&breach, tally));
        Ok(())
    }

    fn full_sql(&self, is_postgres: bool) -> String {
        let (found, expected) = match self.columns {
            Columns::Subject => ("0", "0"),
            Columns::Fen | Columns::Count => ("found", "expected"),
        };
        format!(
            "SELECT subject, CAST({found} AS BIGINT) AS found, CAST({expected} AS BIGINT) AS expected \
             FROM ({}) AS breaches ORDER BY subject",
            with_inputs(self.sql, is_postgres)
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

/// Puts the back end's words for what is kept in key row `k`: `INPUT(k,1)` for the first value of its input as text,
/// `NUMBER(k,2)` for the second as a whole number, NULL where it is none.
fn with_inputs(sql: &str, is_postgres: bool) -> String {
    let text = |row: &str, place: &str| match is_postgres {
        true => format!("({row}.input::json ->> {place})"),
        false => format!("CAST({row}.input ->> {place} AS TEXT)"),
    };
    let number = |row: &str, place: &str| match is_postgres {
        true => format!(
            "CASE WHEN ({row}.input::json ->> {place}) ~ '^-?[0-9]{{1,18}}$' \
             THEN CAST({row}.input::json ->> {place} AS BIGINT) END"
        ),
        false => format!(
            "CASE WHEN json_type({row}.input, '$[{place}]') = 'integer' THEN {row}.input ->> {place} END"
        ),
    };
    replace_calls(&replace_calls(sql, "INPUT(", text), "NUMBER(", number)
}

/// Puts other words in the place of each call with a key row and a place.
fn replace_calls(sql: &str, call: &str, words: impl Fn(&str, &str) -> String) -> String {
    let mut pieces = sql.split(call);
    let mut full = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (arguments, rest) = piece.split_once(')').expect("a call has an end");
        let (row, place) = arguments.split_once(',').expect("a call has a key row and a place");
        full.push_str(&words(row, place));
        full.push_str(rest);
    }
    full
}

/// What speaks against one invariant so far.
#[derive(Debug, Default)]
pub(in crate::store) struct Tally {
    count: u64,
    rows: Vec<String>,
}

impl Tally {
    /// Counts one difference and keeps its words while there is room.
    pub(in crate::store) fn add(&mut self, row: impl FnOnce() -> String) {
        self.count += 1;
        if self.rows.len() < ROWS_SHOWN_MAX {
            self.rows.push(printable(&row()));
        }
    }

    pub(in crate::store) fn into_verdict(self) -> Verdict {
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
