//! The ledger's rows: one for each movement of money, append-only.

pub(in crate::store) mod audit;

use super::base::in_order::InOrder;
use super::base::table::table;
use crate::domain::base::ledger::Entry;

table! {
    /// The ledger.
    entries as e, columns entry_columns, order (movement_id, line), insert "" {
        movement_id: i64, line: i32, account_number: String, debit: String, credit: String,
        channel_code: Option<String>, bill_number: Option<String>, amount_fen: i64, paid_on: NaiveDate,
        remaining_after_fen: Option<i64>, business_day: NaiveDate,
    }
}

/// New entries as rows.
pub(in crate::store) fn new_rows(entries: &[Entry]) -> InOrder<entries::New<'_>> {
    InOrder::of(entries.iter().map(|entry| entries::New {
        movement_id: entry.movement_id,
        line: entry.line,
        account_number: &entry.account_number,
        debit: entry.debit.word(),
        credit: entry.credit.word(),
        channel_code: entry.channel_code.as_deref(),
        bill_number: entry.bill_number.as_deref(),
        amount_fen: entry.amount_fen,
        paid_on: entry.paid_on,
        remaining_after_fen: entry.remaining_after_fen,
        business_day: entry.business_day,
    }))
}
