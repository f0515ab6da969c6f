//! What payments do, written: payments, entries, totals, and the rows of bills and accounts that follow.
//! PostgreSQL takes it all in one statement; SQLite, where a statement costs no round trip, row by row.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::{PgConnection, QueryResult, RunQueryDsl, SqliteConnection};

use super::super::StoreError;
use super::super::account::{self, moved_accounts};
use super::super::base::connection::Connection;
use super::super::base::in_order::InOrder;
use super::super::base::table::expect_rows;
use super::super::bill::{self, settled_bills};
use super::super::channel::{self, channel_total_deltas};
use super::super::ledger::{self, entries};
use super::payments;
use crate::domain::base::clock::Ids;
use crate::domain::payment::Payment;
use crate::domain::state::State;

/// The rows of a batch that money moved.
struct PaymentRows<'a> {
    payments: InOrder<payments::New<'a>>,
    entries: InOrder<entries::New<'a>>,
    totals: InOrder<channel_total_deltas::New<'a>>,
    bills: InOrder<settled_bills::Change<'a>>,
    accounts: InOrder<moved_accounts::Change<'a>>,
}

impl PaymentRows<'_> {
    fn is_empty(&self) -> bool {
        self.payments.is_empty()
            && self.entries.is_empty()
            && self.totals.is_empty()
            && self.bills.is_empty()
            && self.accounts.is_empty()
    }
}

/// Writes them all.
pub(in crate::store) fn write(
    connection: &mut Connection,
    state: &State,
    ids: &mut dyn Ids,
) -> Result<(), StoreError> {
    let rows = PaymentRows {
        payments: new_rows(&state.changes.payments.posted),
        entries: ledger::new_rows(&state.changes.entries),
        totals: channel::write::new_totals(&state.changes.channels, ids),
        bills: bill::write::settled(state),
        accounts: account::write::moved(state),
    };
    if rows.is_empty() {
        return Ok(());
    }
    match connection {
        Connection::Postgres(connection) => write_together(connection, rows),
        Connection::Sqlite(connection) => write_each(connection, rows),
    }
}

fn new_rows(payments: &[Payment]) -> InOrder<payments::New<'_>> {
    InOrder::of(payments.iter().map(|payment| payments::New {
        id: payment.id,
        account_number: &payment.account_number,
        sequence: payment.sequence,
        channel_code: &payment.channel_code,
        idempotency_key: &payment.idempotency_key,
        amount_fen: payment.amount_fen,
        to_advance_fen: payment.to_advance_fen,
        to_suspense_fen: payment.to_suspense_fen,
        paid_at_ms: payment.paid_at_ms,
        posted_at_ms: payment.posted_at_ms,
        paid_on: payment.paid_on,
        business_day: payment.business_day,
        actor: &payment.actor.subject,
        token_id: &payment.actor.token_id,
        note: payment.note.as_deref(),
    }))
}

fn write_each(connection: &mut SqliteConnection, rows: PaymentRows<'_>) -> Result<(), StoreError> {
    payments::insert_each(connection, rows.payments)?;
    entries::insert_each(connection, rows.entries)?;
    settled_bills::make_each(connection, rows.bills)?;
    moved_accounts::make_each(connection, rows.accounts)?;
    channel_total_deltas::insert_each(connection, rows.totals)?;
    Ok(())
}

fn write_together(connection: &mut PgConnection, rows: PaymentRows<'_>) -> Result<(), StoreError> {
    let (bill_count, account_count) = (rows.bills.len(), rows.accounts.len());
    let statement = WriteTogether {
        payments: payments::Columns::of(rows.payments),
        entries: entries::Columns::of(rows.entries),
        totals: channel_total_deltas::Columns::of(rows.totals),
        bills: settled_bills::Columns::of(rows.bills),
        accounts: moved_accounts::Columns::of(rows.accounts),
    };
    let (bills_written, accounts_written): (i64, i64) = statement.get_result(connection)?;
    expect_rows("bills", usize::try_from(bills_written).unwrap_or(0), bill_count)?;
    expect_rows("accounts", usize::try_from(accounts_written).unwrap_or(0), account_count)
}

/// One statement for all of them.
struct WriteTogether<'a> {
    payments: payments::Columns<'a>,
    entries: entries::Columns<'a>,
    totals: channel_total_deltas::Columns<'a>,
    bills: settled_bills::Columns<'a>,
    accounts: moved_accounts::Columns<'a>,
}

impl QueryId for WriteTogether<'_> {
    type QueryId = WriteTogether<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for WriteTogether<'_> {
    type SqlType = (diesel::sql_types::BigInt, diesel::sql_types::BigInt);
}

impl<Conn> RunQueryDsl<Conn> for WriteTogether<'_> {}

impl QueryFragment<Pg> for WriteTogether<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH new_payments AS (");
        self.payments.walk(&mut out)?;
        out.push_sql("), new_entries AS (");
        self.entries.walk(&mut out)?;
        out.push_sql("), new_totals AS (");
        self.totals.walk(&mut out)?;
        out.push_sql("), settled_bills AS (");
        self.bills.walk(&mut out)?;
        out.push_sql(" RETURNING 1), moved_accounts AS (");
        self.accounts.walk(&mut out)?;
        out.push_sql(" RETURNING 1) SELECT (SELECT count(*) FROM settled_bills), (SELECT count(*) FROM moved_accounts)");
        Ok(())
    }
}
