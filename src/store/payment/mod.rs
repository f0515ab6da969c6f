//! The rows of payments. What they settled stands in the ledger, what undid them in a table of its own.

pub(in crate::store) mod audit;
pub(in crate::store) mod load;
pub mod read;
pub(in crate::store) mod write;

use super::StoreError;
use super::base::table::table;
use super::reversal::reversals;
use crate::domain::base::actor::Actor;
use crate::domain::bill::Allocation;
use crate::domain::payment::Payment;

table! {
    /// Money that arrived.
    payments as p, columns payment_columns, order (id), insert "" {
        id: i64, account_number: String, sequence: Option<i64>, channel_code: String, idempotency_key: String,
        amount_fen: i64, to_advance_fen: i64, to_suspense_fen: i64, paid_at_ms: i64, posted_at_ms: i64,
        paid_on: NaiveDate, business_day: NaiveDate, actor: String, token_id: String, note: Option<String>,
    }
}

/// A payment with its reversal, if there is one.
type Rows = (payments::Row, Option<reversals::Row>);

/// The SQL types of [`Rows`].
type RowsSql = (payments::Sql, diesel::sql_types::Nullable<reversals::Sql>);

fn payment_of((row, reversal): Rows, allocations: Vec<Allocation>) -> Result<Payment, StoreError> {
    Ok(Payment {
        id: row.id,
        account_number: row.account_number,
        sequence: row.sequence,
        channel_code: row.channel_code,
        idempotency_key: row.idempotency_key,
        amount_fen: row.amount_fen,
        to_advance_fen: row.to_advance_fen,
        to_suspense_fen: row.to_suspense_fen,
        paid_at_ms: row.paid_at_ms,
        posted_at_ms: row.posted_at_ms,
        paid_on: row.paid_on,
        business_day: row.business_day,
        actor: Actor { subject: row.actor, token_id: row.token_id },
        note: row.note,
        allocations,
        reversal: reversal.map(reversals::Row::into_reversal),
    })
}
