//! What payments do, written to PostgreSQL by one statement, whatever the batch's size.

use chrono::NaiveDate;
use diesel::{PgConnection, RunQueryDsl};

use super::super::StoreError;
use super::super::statement::statement;
use super::write_ledger::{Moved, expect_rows};

statement! {
    struct WriteMovedPg<'a> {
        payment_ids: Vec<i64> => Array<BigInt>, payment_accounts: Vec<&'a str> => Array<Text>,
        payment_sequences: Vec<Option<i64>> => Array<Nullable<BigInt>>, payment_channels: Vec<&'a str> => Array<Text>,
        payment_keys: Vec<&'a str> => Array<Text>, payment_amounts: Vec<i64> => Array<BigInt>,
        to_advance: Vec<i64> => Array<BigInt>, to_suspense: Vec<i64> => Array<BigInt>,
        paid_at: Vec<i64> => Array<BigInt>, posted_at: Vec<i64> => Array<BigInt>,
        payment_days: Vec<NaiveDate> => Array<Date>, payment_business_days: Vec<NaiveDate> => Array<Date>,
        actors: Vec<&'a str> => Array<Text>, token_ids: Vec<&'a str> => Array<Text>,
        notes: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        movement_ids: Vec<i64> => Array<BigInt>, lines: Vec<i32> => Array<Integer>,
        entry_accounts: Vec<&'a str> => Array<Text>, debits: Vec<&'a str> => Array<Text>,
        credits: Vec<&'a str> => Array<Text>, entry_channels: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        entry_bills: Vec<Option<&'a str>> => Array<Nullable<Text>>, entry_amounts: Vec<i64> => Array<BigInt>,
        entry_days: Vec<NaiveDate> => Array<Date>, remaining: Vec<Option<i64>> => Array<Nullable<BigInt>>,
        entry_business_days: Vec<NaiveDate> => Array<Date>,
        total_ids: Vec<i64> => Array<BigInt>, total_channels: Vec<&'a str> => Array<Text>,
        total_days: Vec<NaiveDate> => Array<Date>, posted_fen: Vec<i64> => Array<BigInt>,
        posted_counts: Vec<i64> => Array<BigInt>, reversed_fen: Vec<i64> => Array<BigInt>,
        reversed_counts: Vec<i64> => Array<BigInt>,
        bill_accounts: Vec<&'a str> => Array<Text>, bill_numbers: Vec<&'a str> => Array<Text>,
        bill_statuses: Vec<&'a str> => Array<Text>, principals_paid: Vec<i64> => Array<BigInt>,
        penalties_paid: Vec<i64> => Array<BigInt>, by_day: Vec<String> => Array<Text>,
        account_numbers: Vec<&'a str> => Array<Text>, last_sequences: Vec<i64> => Array<BigInt>,
        advances: Vec<i64> => Array<BigInt>, shortfalls: Vec<i64> => Array<BigInt>,
        open_from: Vec<Option<NaiveDate>> => Array<Nullable<Date>>,
    } -> (BigInt, BigInt)
    pg "WITH new_payments AS ( \
          INSERT INTO payments (id, account_number, sequence, channel_code, idempotency_key, amount_fen, to_advance_fen, \
            to_suspense_fen, paid_at_ms, posted_at_ms, paid_on, business_day, actor, token_id, note) \
          SELECT * FROM UNNEST(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)), \
        new_entries AS ( \
          INSERT INTO entries (movement_id, line, account_number, debit, credit, channel_code, bill_number, amount_fen, \
            paid_on, remaining_after_fen, business_day) \
          SELECT * FROM UNNEST(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)), \
        new_totals AS ( \
          INSERT INTO channel_total_deltas (id, channel_code, business_day, posted_fen, posted_count, reversed_fen, \
            reversed_count) \
          SELECT * FROM UNNEST(?, ?, ?, ?, ?, ?, ?)), \
        settled_bills AS ( \
          UPDATE bills b SET status = n.status, principal_paid_fen = n.principal_paid_fen, \
            penalty_paid_fen = n.penalty_paid_fen, principal_by_day = n.principal_by_day \
          FROM UNNEST(?, ?, ?, ?, ?, ?) AS n (account_number, bill_number, status, principal_paid_fen, \
            penalty_paid_fen, principal_by_day) \
          WHERE b.account_number = n.account_number AND b.bill_number = n.bill_number RETURNING 1), \
        moved_accounts AS ( \
          UPDATE accounts a SET last_sequence = n.last_sequence, advance_fen = n.advance_fen, \
            shortfall_fen = n.shortfall_fen, open_from = n.open_from \
          FROM UNNEST(?, ?, ?, ?, ?) AS n (account_number, last_sequence, advance_fen, shortfall_fen, open_from) \
          WHERE a.account_number = n.account_number RETURNING 1) \
        SELECT (SELECT count(*) FROM settled_bills), (SELECT count(*) FROM moved_accounts)"
}

/// Writes them all.
pub(super) fn write(connection: &mut PgConnection, moved: &Moved<'_>) -> Result<(), StoreError> {
    let Moved { payments, entries, bills, accounts, totals } = moved;
    let (bills_written, accounts_written): (i64, i64) = WriteMovedPg {
        payment_ids: payments.iter().map(|payment| payment.id).collect(),
        payment_accounts: payments.iter().map(|payment| payment.account_number.as_str()).collect(),
        payment_sequences: payments.iter().map(|payment| payment.sequence).collect(),
        payment_channels: payments.iter().map(|payment| payment.channel_code.as_str()).collect(),
        payment_keys: payments.iter().map(|payment| payment.idempotency_key.as_str()).collect(),
        payment_amounts: payments.iter().map(|payment| payment.amount_fen).collect(),
        to_advance: payments.iter().map(|payment| payment.to_advance_fen).collect(),
        to_suspense: payments.iter().map(|payment| payment.to_suspense_fen).collect(),
        paid_at: payments.iter().map(|payment| payment.paid_at_ms).collect(),
        posted_at: payments.iter().map(|payment| payment.posted_at_ms).collect(),
        payment_days: payments.iter().map(|payment| payment.paid_on).collect(),
        payment_business_days: payments.iter().map(|payment| payment.business_day).collect(),
        actors: payments.iter().map(|payment| payment.actor.subject.as_str()).collect(),
        token_ids: payments.iter().map(|payment| payment.actor.token_id.as_str()).collect(),
        notes: payments.iter().map(|payment| payment.note.as_deref()).collect(),
        movement_ids: entries.iter().map(|entry| entry.movement_id).collect(),
        lines: entries.iter().map(|entry| entry.line).collect(),
        entry_accounts: entries.iter().map(|entry| entry.account_number.as_str()).collect(),
        debits: entries.iter().map(|entry| entry.debit.word()).collect(),
        credits: entries.iter().map(|entry| entry.credit.word()).collect(),
        entry_channels: entries.iter().map(|entry| entry.channel_code.as_deref()).collect(),
        entry_bills: entries.iter().map(|entry| entry.bill_number.as_deref()).collect(),
        entry_amounts: entries.iter().map(|entry| entry.amount_fen).collect(),
        entry_days: entries.iter().map(|entry| entry.paid_on).collect(),
        remaining: entries.iter().map(|entry| entry.remaining_after_fen).collect(),
        entry_business_days: entries.iter().map(|entry| entry.business_day).collect(),
        total_ids: totals.iter().map(|total| total.id).collect(),
        total_channels: totals.iter().map(|total| total.channel_code).collect(),
        total_days: totals.iter().map(|total| total.business_day).collect(),
        posted_fen: totals.iter().map(|total| total.delta.posted_fen).collect(),
        posted_counts: totals.iter().map(|total| total.delta.posted_count).collect(),
        reversed_fen: totals.iter().map(|total| total.delta.reversed_fen).collect(),
        reversed_counts: totals.iter().map(|total| total.delta.reversed_count).collect(),
        bill_accounts: bills.iter().map(|bill| bill.account_number.as_str()).collect(),
        bill_numbers: bills.iter().map(|bill| bill.number.as_str()).collect(),
        bill_statuses: bills.iter().map(|bill| bill.status.word()).collect(),
        principals_paid: bills.iter().map(|bill| bill.principal_paid_fen).collect(),
        penalties_paid: bills.iter().map(|bill| bill.penalty_paid_fen).collect(),
        by_day: bills.iter().map(|bill| bill.principal_by_day.to_text()).collect(),
        account_numbers: accounts.iter().map(|account| account.number.as_str()).collect(),
        last_sequences: accounts.iter().map(|account| account.last_sequence).collect(),
        advances: accounts.iter().map(|account| account.advance_fen).collect(),
        shortfalls: accounts.iter().map(|account| account.shortfall_fen).collect(),
        open_from: accounts.iter().map(|account| account.open_from).collect(),
    }
    .get_result(connection)?;
    expect_rows("bills", usize::try_from(bills_written).unwrap_or(0), bills.len())?;
    expect_rows("accounts", usize::try_from(accounts_written).unwrap_or(0), accounts.len())
}
