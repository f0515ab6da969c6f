//! The statements that write what payments do: payments, entries, totals, and the rows of bills and
//! accounts that follow.

use chrono::NaiveDate;
use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::connection::{Connection, on_each};
use super::super::statement::statement;
use super::{write_keys, write_seldom};
use crate::domain::account::Account;
use crate::domain::bill::Bill;
use crate::domain::clock::Ids;
use crate::domain::command::Key;
use crate::domain::ledger::Entry;
use crate::domain::payment::Payment;
use crate::domain::state::State;

/// Writes them all; `unclaimed` are keys that this batch inserted and nobody used in the end.
pub(super) fn write(
    connection: &mut Connection,
    state: &State,
    unclaimed: &[&Key],
    ids: &mut dyn Ids,
) -> Result<(), StoreError> {
    let changes = &state.changes;
    insert_payments(connection, &changes.payments)?;
    insert_entries(connection, &changes.entries)?;
    let touched = changes.touched_bills.iter().filter_map(|(account_number, bill_number)| {
        state.accounts.get(account_number).and_then(|account| account.bill(bill_number))
    });
    update_bills(connection, &touched.collect::<Vec<_>>())?;
    let touched = changes.touched_accounts.iter().filter_map(|number| state.accounts.get(number));
    update_accounts(connection, &touched.map(|account| &account.account).collect::<Vec<_>>())?;
    insert_totals(connection, state, ids)?;
    write_seldom::insert_reversals(connection, &changes.reversals)?;
    write_keys::write(connection, &changes.keys, unclaimed)?;
    write_seldom::insert_exceptions(connection, &changes.exceptions, ids)
}

statement! {
    struct InsertPaymentsPg<'a> {
        ids: Vec<i64> => Array<BigInt>, account_numbers: Vec<&'a str> => Array<Text>,
        sequences: Vec<Option<i64>> => Array<Nullable<BigInt>>, channel_codes: Vec<&'a str> => Array<Text>,
        keys: Vec<&'a str> => Array<Text>, amounts: Vec<i64> => Array<BigInt>, advances: Vec<i64> => Array<BigInt>,
        suspenses: Vec<i64> => Array<BigInt>, paid_at: Vec<i64> => Array<BigInt>, posted_at: Vec<i64> => Array<BigInt>,
        paid_on: Vec<NaiveDate> => Array<Date>, business_days: Vec<NaiveDate> => Array<Date>,
        actors: Vec<&'a str> => Array<Text>, token_ids: Vec<&'a str> => Array<Text>,
        notes: Vec<Option<&'a str>> => Array<Nullable<Text>>,
    }
    pg "INSERT INTO payments (id, account_number, sequence, channel_code, idempotency_key, amount_fen, to_advance_fen, \
        to_suspense_fen, paid_at_ms, posted_at_ms, paid_on, business_day, actor, token_id, note) \
        SELECT * FROM UNNEST(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
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

fn insert_payments(connection: &mut Connection, payments: &[Payment]) -> Result<(), StoreError> {
    if payments.is_empty() {
        return Ok(());
    }
    let each = || payments.iter();
    match connection {
        Connection::Postgres(connection) => {
            InsertPaymentsPg {
                ids: each().map(|payment| payment.id).collect(),
                account_numbers: each().map(|payment| payment.account_number.as_str()).collect(),
                sequences: each().map(|payment| payment.sequence).collect(),
                channel_codes: each().map(|payment| payment.channel_code.as_str()).collect(),
                keys: each().map(|payment| payment.idempotency_key.as_str()).collect(),
                amounts: each().map(|payment| payment.amount_fen).collect(),
                advances: each().map(|payment| payment.to_advance_fen).collect(),
                suspenses: each().map(|payment| payment.to_suspense_fen).collect(),
                paid_at: each().map(|payment| payment.paid_at_ms).collect(),
                posted_at: each().map(|payment| payment.posted_at_ms).collect(),
                paid_on: each().map(|payment| payment.paid_on).collect(),
                business_days: each().map(|payment| payment.business_day).collect(),
                actors: each().map(|payment| payment.actor.subject.as_str()).collect(),
                token_ids: each().map(|payment| payment.actor.token_id.as_str()).collect(),
                notes: each().map(|payment| payment.note.as_deref()).collect(),
            }
            .execute(connection)?;
        }
        Connection::Sqlite(connection) => {
            for payment in payments {
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
            }
        }
    }
    Ok(())
}

statement! {
    struct InsertEntriesPg<'a> {
        movement_ids: Vec<i64> => Array<BigInt>, lines: Vec<i32> => Array<Integer>,
        account_numbers: Vec<&'a str> => Array<Text>, debits: Vec<&'a str> => Array<Text>,
        credits: Vec<&'a str> => Array<Text>, channel_codes: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        bill_numbers: Vec<Option<&'a str>> => Array<Nullable<Text>>, amounts: Vec<i64> => Array<BigInt>,
        paid_on: Vec<NaiveDate> => Array<Date>, remaining: Vec<Option<i64>> => Array<Nullable<BigInt>>,
        business_days: Vec<NaiveDate> => Array<Date>,
    }
    pg "INSERT INTO entries (movement_id, line, account_number, debit, credit, channel_code, bill_number, amount_fen, \
        paid_on, remaining_after_fen, business_day) SELECT * FROM UNNEST(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
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

fn insert_entries(connection: &mut Connection, entries: &[Entry]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let each = || entries.iter();
    match connection {
        Connection::Postgres(connection) => {
            InsertEntriesPg {
                movement_ids: each().map(|entry| entry.movement_id).collect(),
                lines: each().map(|entry| entry.line).collect(),
                account_numbers: each().map(|entry| entry.account_number.as_str()).collect(),
                debits: each().map(|entry| entry.debit.word()).collect(),
                credits: each().map(|entry| entry.credit.word()).collect(),
                channel_codes: each().map(|entry| entry.channel_code.as_deref()).collect(),
                bill_numbers: each().map(|entry| entry.bill_number.as_deref()).collect(),
                amounts: each().map(|entry| entry.amount_fen).collect(),
                paid_on: each().map(|entry| entry.paid_on).collect(),
                remaining: each().map(|entry| entry.remaining_after_fen).collect(),
                business_days: each().map(|entry| entry.business_day).collect(),
            }
            .execute(connection)?;
        }
        Connection::Sqlite(connection) => {
            for entry in entries {
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
            }
        }
    }
    Ok(())
}

statement! {
    struct UpdateBillsPg<'a> {
        account_numbers: Vec<&'a str> => Array<Text>, bill_numbers: Vec<&'a str> => Array<Text>,
        statuses: Vec<&'a str> => Array<Text>, principals_paid: Vec<i64> => Array<BigInt>,
        penalties_paid: Vec<i64> => Array<BigInt>, by_day: Vec<String> => Array<Text>,
    }
    pg "UPDATE bills b SET status = n.status, principal_paid_fen = n.principal_paid_fen, \
        penalty_paid_fen = n.penalty_paid_fen, principal_by_day = n.principal_by_day \
        FROM UNNEST(?, ?, ?, ?, ?, ?) AS n (account_number, bill_number, status, principal_paid_fen, penalty_paid_fen, \
        principal_by_day) WHERE b.account_number = n.account_number AND b.bill_number = n.bill_number"
}

statement! {
    struct UpdateBillSqlite<'a> {
        status: &'a str => Text, principal_paid: i64 => BigInt, penalty_paid: i64 => BigInt, by_day: String => Text,
        account_number: &'a str => Text, bill_number: &'a str => Text,
    }
    sqlite "UPDATE bills SET status = ?, principal_paid_fen = ?, penalty_paid_fen = ?, principal_by_day = ? \
        WHERE account_number = ? AND bill_number = ?"
}

fn update_bills(connection: &mut Connection, bills: &[&Bill]) -> Result<(), StoreError> {
    if bills.is_empty() {
        return Ok(());
    }
    match connection {
        Connection::Postgres(connection) => {
            let rows_written = UpdateBillsPg {
                account_numbers: bills.iter().map(|bill| bill.account_number.as_str()).collect(),
                bill_numbers: bills.iter().map(|bill| bill.number.as_str()).collect(),
                statuses: bills.iter().map(|bill| bill.status.word()).collect(),
                principals_paid: bills.iter().map(|bill| bill.principal_paid_fen).collect(),
                penalties_paid: bills.iter().map(|bill| bill.penalty_paid_fen).collect(),
                by_day: bills.iter().map(|bill| bill.principal_by_day.to_text()).collect(),
            }
            .execute(connection)?;
            expect_rows("bills", rows_written, bills.len())
        }
        Connection::Sqlite(connection) => {
            for bill in bills {
                let rows_written = UpdateBillSqlite {
                    status: bill.status.word(),
                    principal_paid: bill.principal_paid_fen,
                    penalty_paid: bill.penalty_paid_fen,
                    by_day: bill.principal_by_day.to_text(),
                    account_number: &bill.account_number,
                    bill_number: &bill.number,
                }
                .execute(connection)?;
                expect_rows("bills", rows_written, 1)?;
            }
            Ok(())
        }
    }
}

statement! {
    struct UpdateAccountsPg<'a> {
        numbers: Vec<&'a str> => Array<Text>, sequences: Vec<i64> => Array<BigInt>, advances: Vec<i64> => Array<BigInt>,
        shortfalls: Vec<i64> => Array<BigInt>, open_from: Vec<Option<NaiveDate>> => Array<Nullable<Date>>,
    }
    pg "UPDATE accounts a SET last_sequence = n.last_sequence, advance_fen = n.advance_fen, \
        shortfall_fen = n.shortfall_fen, open_from = n.open_from FROM UNNEST(?, ?, ?, ?, ?) \
        AS n (account_number, last_sequence, advance_fen, shortfall_fen, open_from) \
        WHERE a.account_number = n.account_number"
}

statement! {
    struct UpdateAccountSqlite<'a> {
        sequence: i64 => BigInt, advance: i64 => BigInt, shortfall: i64 => BigInt,
        open_from: Option<NaiveDate> => Nullable<Date>, number: &'a str => Text,
    }
    sqlite "UPDATE accounts SET last_sequence = ?, advance_fen = ?, shortfall_fen = ?, open_from = ? \
        WHERE account_number = ?"
}

fn update_accounts(connection: &mut Connection, accounts: &[&Account]) -> Result<(), StoreError> {
    if accounts.is_empty() {
        return Ok(());
    }
    match connection {
        Connection::Postgres(connection) => {
            let rows_written = UpdateAccountsPg {
                numbers: accounts.iter().map(|account| account.number.as_str()).collect(),
                sequences: accounts.iter().map(|account| account.last_sequence).collect(),
                advances: accounts.iter().map(|account| account.advance_fen).collect(),
                shortfalls: accounts.iter().map(|account| account.shortfall_fen).collect(),
                open_from: accounts.iter().map(|account| account.open_from).collect(),
            }
            .execute(connection)?;
            expect_rows("accounts", rows_written, accounts.len())
        }
        Connection::Sqlite(connection) => {
            for account in accounts {
                let rows_written = UpdateAccountSqlite {
                    sequence: account.last_sequence,
                    advance: account.advance_fen,
                    shortfall: account.shortfall_fen,
                    open_from: account.open_from,
                    number: &account.number,
                }
                .execute(connection)?;
                expect_rows("accounts", rows_written, 1)?;
            }
            Ok(())
        }
    }
}

/// Every row that was loaded under lock must be there to be written.
pub(super) fn expect_rows(table: &str, written: usize, expected: usize) -> Result<(), StoreError> {
    if written == expected {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!("{written} rows of {table} were there to be written, not {expected}")))
}

statement! {
    struct InsertTotal<'a> {
        id: i64 => BigInt, channel_code: &'a str => Text, business_day: NaiveDate => Date, posted_fen: i64 => BigInt,
        posted_count: i64 => BigInt, reversed_fen: i64 => BigInt, reversed_count: i64 => BigInt,
    }
    both "INSERT INTO channel_total_deltas (id, channel_code, business_day, posted_fen, posted_count, reversed_fen, \
          reversed_count) VALUES (?, ?, ?, ?, ?, ?, ?)"
}

/// A row per channel and business day of the batch: as many as there are channels, not payments.
fn insert_totals(connection: &mut Connection, state: &State, ids: &mut dyn Ids) -> Result<(), StoreError> {
    for ((channel_code, business_day), delta) in &state.changes.totals {
        let statement = InsertTotal {
            id: ids.next_id(),
            channel_code,
            business_day: *business_day,
            posted_fen: delta.posted_fen,
            posted_count: delta.posted_count,
            reversed_fen: delta.reversed_fen,
            reversed_count: delta.reversed_count,
        };
        on_each!(connection, inner => statement.execute(inner))?;
    }
    Ok(())
}
