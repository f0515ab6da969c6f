//! What payments do, written: payments, entries, totals, and the rows of bills and accounts that follow.
//! PostgreSQL takes it all in one statement; SQLite, where a statement costs no round trip, row by row.

use chrono::NaiveDate;

use super::super::StoreError;
use super::super::connection::Connection;
use super::in_order::{InOrder, Row};
use super::{write_keys, write_ledger_postgres, write_ledger_sqlite, write_seldom};
use crate::domain::account::Account;
use crate::domain::bill::Bill;
use crate::domain::clock::Ids;
use crate::domain::command::Key;
use crate::domain::ledger::Entry;
use crate::domain::payment::Payment;
use crate::domain::state::{State, TotalDelta};

/// The rows of a batch that money moved.
pub(super) struct Moved<'a> {
    pub(super) payments: InOrder<&'a Payment>,
    pub(super) entries: InOrder<&'a Entry>,
    pub(super) bills: InOrder<&'a Bill>,
    pub(super) accounts: InOrder<&'a Account>,
    pub(super) totals: InOrder<Total<'a>>,
}

/// What a channel's totals grow by on one business day: a row per batch, not per payment.
pub(super) struct Total<'a> {
    pub(super) id: i64,
    pub(super) channel_code: &'a str,
    pub(super) business_day: NaiveDate,
    pub(super) delta: TotalDelta,
}

impl Row for Total<'_> {
    fn place(&self) -> impl Ord {
        self.id
    }
}

impl<'a> Moved<'a> {
    fn of(state: &'a State, ids: &mut dyn Ids) -> Self {
        let changes = &state.changes;
        let bill = |(account_number, bill_number): &(String, String)| {
            state.accounts.get(account_number).and_then(|account| account.bill(bill_number))
        };
        let account = |number: &String| state.accounts.get(number).map(|account| &account.account);
        let total = |((channel_code, business_day), delta): (&'a (String, NaiveDate), &TotalDelta)| Total {
            id: ids.next_id(),
            channel_code,
            business_day: *business_day,
            delta: *delta,
        };
        Self {
            payments: InOrder::of(&changes.payments),
            entries: InOrder::of(&changes.entries),
            bills: InOrder::of(changes.touched_bills.iter().filter_map(bill)),
            accounts: InOrder::of(changes.touched_accounts.iter().filter_map(account)),
            totals: InOrder::of(changes.totals.iter().map(total)),
        }
    }

    fn is_empty(&self) -> bool {
        self.payments.is_empty()
            && self.entries.is_empty()
            && self.bills.is_empty()
            && self.accounts.is_empty()
            && self.totals.is_empty()
    }
}

/// Writes them all; `unclaimed` are keys that this batch inserted and nobody used in the end.
pub(super) fn write(
    connection: &mut Connection,
    state: &State,
    unclaimed: &InOrder<&Key>,
    ids: &mut dyn Ids,
) -> Result<(), StoreError> {
    let moved = Moved::of(state, ids);
    if !moved.is_empty() {
        match connection {
            Connection::Postgres(connection) => write_ledger_postgres::write(connection, &moved)?,
            Connection::Sqlite(connection) => write_ledger_sqlite::write(connection, &moved)?,
        }
    }
    write_seldom::insert_reversals(connection, &InOrder::of(&state.changes.reversals))?;
    write_keys::write(connection, &state.changes.keys, unclaimed)?;
    write_seldom::insert_exceptions(connection, &InOrder::of(&state.changes.exceptions), ids)
}

/// Every row that was loaded under lock must be there to be written.
pub(super) fn expect_rows(table: &str, written: usize, expected: usize) -> Result<(), StoreError> {
    if written == expected {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!("{written} rows of {table} were there to be written, not {expected}")))
}
