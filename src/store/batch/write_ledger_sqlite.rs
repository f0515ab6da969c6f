//! What payments do, written to SQLite row by row.

use chrono::NaiveDate;
use diesel::{RunQueryDsl, SqliteConnection};

use super::super::StoreError;
use super::super::statement::statement;
use super::write_ledger::{Moved, Total, expect_rows};
use crate::domain::account::Account;
use crate::domain::bill::Bill;
use crate::domain::ledger::Entry;
use crate::domain::payment::Payment;

/// Writes them all.
pub(super) fn write(connection: &mut SqliteConnection, moved: &Moved<'_>) -> Result<(), StoreError> {
    for payment in moved.payments.iter() {
        insert_payment(connection, payment)?;
    }
    for entry in moved.entries.iter() {
        insert_entry(connection, entry)?;
    }
    for bill in moved.bills.iter() {
        update_bill(connection, bill)?;
    }
    for account in moved.accounts.iter() {
        update_account(connection, account)?;
    }
    for total in moved.totals.iter() {
        insert_total(connection, total)?;
    }
    Ok(())
}

statement! {
    struct InsertPaymentSqlite<'a> {
        id: i64 => BigInt, account_number: &'a str => Text, sequence: Option<i64> => Nullable<BigInt>,
        channel_code: &'a str => Text, key: &'a str => Text, amount: i64 => BigInt, advance: i64 => BigInt,
        suspense: i64 => BigInt, paid_at: i64 => BigInt, posted_at: i64 => BigInt, paid_on: NaiveDate => Date,
        business_day: NaiveDate => Date, actor: &'a str => Text, token_id: &'a str => Text,
        note: Option<&'a str> => Nullable<Text>,
    }
    sqlite "INSERT INTO payments (id, account_number, sequence, channel_code, idempotency_key, amount_fen, \
        to_advance_fen, to_suspense_fen, paid_at_ms, posted_at_ms, paid_on, business_day, actor, token_id, note) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
}

fn insert_payment(connection: &mut SqliteConnection, payment: &Payment) -> Result<(), StoreError> {
    InsertPaymentSqlite {
        id: payment.id,
        account_number: &payment.account_number,
        sequence: payment.sequence,
        channel_code: &payment.channel_code,
        key: &payment.idempotency_key,
        amount: payment.amount_fen,
        advance: payment.to_advance_fen,
        suspense: payment.to_suspense_fen,
        paid_at: payment.paid_at_ms,
        posted_at: payment.posted_at_ms,
        paid_on: payment.paid_on,
        business_day: payment.business_day,
        actor: &payment.actor.subject,
        token_id: &payment.actor.token_id,
        note: payment.note.as_deref(),
    }
    .execute(connection)?;
    Ok(())
}

statement! {
    struct InsertEntrySqlite<'a> {
        movement_id: i64 => BigInt, line: i32 => Integer, account_number: &'a str => Text, debit: &'a str => Text,
        credit: &'a str => Text, channel_code: Option<&'a str> => Nullable<Text>,
        bill_number: Option<&'a str> => Nullable<Text>, amount: i64 => BigInt, paid_on: NaiveDate => Date,
        remaining: Option<i64> => Nullable<BigInt>, business_day: NaiveDate => Date,
    }
    sqlite "INSERT INTO entries (movement_id, line, account_number, debit, credit, channel_code, bill_number, \
        amount_fen, paid_on, remaining_after_fen, business_day) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
}

fn insert_entry(connection: &mut SqliteConnection, entry: &Entry) -> Result<(), StoreError> {
    InsertEntrySqlite {
        movement_id: entry.movement_id,
        line: entry.line,
        account_number: &entry.account_number,
        debit: entry.debit.word(),
        credit: entry.credit.word(),
        channel_code: entry.channel_code.as_deref(),
        bill_number: entry.bill_number.as_deref(),
        amount: entry.amount_fen,
        paid_on: entry.paid_on,
        remaining: entry.remaining_after_fen,
        business_day: entry.business_day,
    }
    .execute(connection)?;
    Ok(())
}

statement! {
    struct UpdateBillSqlite<'a> {
        status: &'a str => Text, principal_paid: i64 => BigInt, penalty_paid: i64 => BigInt, by_day: String => Text,
        account_number: &'a str => Text, bill_number: &'a str => Text,
    }
    sqlite "UPDATE bills SET status = ?, principal_paid_fen = ?, penalty_paid_fen = ?, principal_by_day = ? \
        WHERE account_number = ? AND bill_number = ?"
}

fn update_bill(connection: &mut SqliteConnection, bill: &Bill) -> Result<(), StoreError> {
    let rows_written = UpdateBillSqlite {
        status: bill.status.word(),
        principal_paid: bill.principal_paid_fen,
        penalty_paid: bill.penalty_paid_fen,
        by_day: bill.principal_by_day.to_text(),
        account_number: &bill.account_number,
        bill_number: &bill.number,
    }
    .execute(connection)?;
    expect_rows("bills", rows_written, 1)
}

statement! {
    struct UpdateAccountSqlite<'a> {
        sequence: i64 => BigInt, advance: i64 => BigInt, shortfall: i64 => BigInt,
        open_from: Option<NaiveDate> => Nullable<Date>, number: &'a str => Text,
    }
    sqlite "UPDATE accounts SET last_sequence = ?, advance_fen = ?, shortfall_fen = ?, open_from = ? \
        WHERE account_number = ?"
}

fn update_account(connection: &mut SqliteConnection, account: &Account) -> Result<(), StoreError> {
    let rows_written = UpdateAccountSqlite {
        sequence: account.last_sequence,
        advance: account.advance_fen,
        shortfall: account.shortfall_fen,
        open_from: account.open_from,
        number: &account.number,
    }
    .execute(connection)?;
    expect_rows("accounts", rows_written, 1)
}

statement! {
    struct InsertTotalSqlite<'a> {
        id: i64 => BigInt, channel_code: &'a str => Text, business_day: NaiveDate => Date, posted_fen: i64 => BigInt,
        posted_count: i64 => BigInt, reversed_fen: i64 => BigInt, reversed_count: i64 => BigInt,
    }
    sqlite "INSERT INTO channel_total_deltas (id, channel_code, business_day, posted_fen, posted_count, reversed_fen, \
        reversed_count) VALUES (?, ?, ?, ?, ?, ?, ?)"
}

fn insert_total(connection: &mut SqliteConnection, total: &Total<'_>) -> Result<(), StoreError> {
    InsertTotalSqlite {
        id: total.id,
        channel_code: total.channel_code,
        business_day: total.business_day,
        posted_fen: total.delta.posted_fen,
        posted_count: total.delta.posted_count,
        reversed_fen: total.delta.reversed_fen,
        reversed_count: total.delta.reversed_count,
    }
    .execute(connection)?;
    Ok(())
}
