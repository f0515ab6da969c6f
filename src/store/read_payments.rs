//! What readers and lanes ask of payments: by movement, and in pages, newest first.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use diesel::RunQueryDsl;

use super::StoreError;
use super::connection::{Connection, on_each};
use super::rows::{AllocationRow, PaymentRow, PaymentSql, allocations_of, payment_columns};
use super::statement::statement;
use crate::domain::payment::{Allocation, Payment};

statement! {
    struct PaymentsOfMovementsPg { posted: Vec<i64> => Array<BigInt>, reversed: Vec<i64> => Array<BigInt> } -> (PaymentSql)
    pg concat!("SELECT ", payment_columns!(), " FROM payments p LEFT JOIN reversals r \
        ON r.account_number = p.account_number AND r.payment_id = p.id WHERE p.id = ANY(?) \
        UNION ALL SELECT ", payment_columns!(), " FROM reversals r JOIN payments p \
        ON p.id = r.payment_id AND p.account_number = r.account_number WHERE r.id = ANY(?)")
}

statement! {
    struct PaymentsOfMovementSqlite { posted: i64 => BigInt, reversed: i64 => BigInt } -> (PaymentSql)
    sqlite concat!("SELECT ", payment_columns!(), " FROM payments p LEFT JOIN reversals r \
        ON r.account_number = p.account_number AND r.payment_id = p.id WHERE p.id = ? \
        UNION ALL SELECT ", payment_columns!(), " FROM reversals r JOIN payments p \
        ON p.id = r.payment_id AND p.account_number = r.account_number WHERE r.id = ?")
}

/// The payments that these movements posted or reversed, with their allocations.
pub fn load_payments_of_movements(
    connection: &mut Connection,
    movement_ids: &[i64],
) -> Result<Vec<Payment>, StoreError> {
    let rows: Vec<PaymentRow> = match connection {
        Connection::Postgres(connection) => {
            PaymentsOfMovementsPg { posted: movement_ids.to_vec(), reversed: movement_ids.to_vec() }
                .load(connection)?
        }
        Connection::Sqlite(connection) => {
            let mut rows = Vec::new();
            for &id in movement_ids {
                rows.extend(
                    PaymentsOfMovementSqlite { posted: id, reversed: id }.load::<PaymentRow>(connection)?,
                );
            }
            rows
        }
    };
    with_allocations(connection, once_each(rows))
}

/// A payment comes twice where its own movement and its reversal's are both asked for.
fn once_each(rows: Vec<PaymentRow>) -> Vec<PaymentRow> {
    let mut seen = HashSet::new();
    rows.into_iter().filter(|row| seen.insert(row.id)).collect()
}

statement! {
    struct AllocationsPg { payment_ids: Vec<i64> => Array<BigInt> } -> (BigInt, Text, Text, BigInt, BigInt)
    pg "SELECT movement_id, bill_number, credit, amount_fen, remaining_after_fen FROM entries \
        WHERE movement_id = ANY(?) AND remaining_after_fen IS NOT NULL AND bill_number IS NOT NULL \
        ORDER BY movement_id, line"
}

statement! {
    struct AllocationsSqlite { payment_id: i64 => BigInt } -> (BigInt, Text, Text, BigInt, BigInt)
    sqlite "SELECT movement_id, bill_number, credit, amount_fen, remaining_after_fen FROM entries \
        WHERE movement_id = ? AND remaining_after_fen IS NOT NULL AND bill_number IS NOT NULL ORDER BY line"
}

fn with_allocations(connection: &mut Connection, rows: Vec<PaymentRow>) -> Result<Vec<Payment>, StoreError> {
    let mut allocations = allocations(connection, &rows.iter().map(|row| row.id).collect::<Vec<_>>())?;
    let mut payment = |row: PaymentRow| {
        let own = allocations.remove(&row.id).unwrap_or_default();
        row.into_payment(own)
    };
    rows.into_iter().map(&mut payment).collect()
}

fn allocations(
    connection: &mut Connection,
    payment_ids: &[i64],
) -> Result<HashMap<i64, Vec<Allocation>>, StoreError> {
    if payment_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<AllocationRow> = match connection {
        Connection::Postgres(connection) => {
            AllocationsPg { payment_ids: payment_ids.to_vec() }.load(connection)?
        }
        Connection::Sqlite(connection) => {
            let mut rows = Vec::new();
            for &payment_id in payment_ids {
                rows.extend(AllocationsSqlite { payment_id }.load::<AllocationRow>(connection)?);
            }
            rows
        }
    };
    Ok(allocations_of(rows))
}

statement! {
    struct PaymentPage<'a> { account_number: &'a str => Text, before_id: i64 => BigInt, limit: i64 => BigInt } -> (PaymentSql)
    both concat!("SELECT ", payment_columns!(), " FROM payments p LEFT JOIN reversals r \
        ON r.account_number = p.account_number AND r.payment_id = p.id \
        WHERE p.account_number = ? AND p.id < ? ORDER BY p.id DESC LIMIT ?")
}

/// A page of the payments made under an account number, newest first, older than `before_id`.
pub fn payment_page(
    connection: &mut Connection,
    account_number: &str,
    before_id: Option<i64>,
    limit: i64,
) -> Result<Vec<Payment>, StoreError> {
    let statement = PaymentPage { account_number, before_id: before_id.unwrap_or(i64::MAX), limit };
    let rows: Vec<PaymentRow> = on_each!(connection, inner => statement.load(inner))?;
    with_allocations(connection, rows)
}

statement! {
    struct BillPaymentPage<'a> {
        account_number: &'a str => Text, before_id: i64 => BigInt, bill_number: &'a str => Text, limit: i64 => BigInt,
    } -> (PaymentSql)
    both concat!("SELECT ", payment_columns!(), " FROM payments p LEFT JOIN reversals r \
        ON r.account_number = p.account_number AND r.payment_id = p.id \
        WHERE p.account_number = ? AND p.id < ? AND EXISTS (SELECT 1 FROM entries e WHERE e.movement_id = p.id \
        AND e.bill_number = ? AND e.remaining_after_fen IS NOT NULL) ORDER BY p.id DESC LIMIT ?")
}

/// A page of the payments that settled some of a bill, newest first, older than `before_id`. They are looked
/// for among the account's: an index of entries by bill would cost every payment more than this saves.
pub fn bill_payment_page(
    connection: &mut Connection,
    account_number: &str,
    bill_number: &str,
    before_id: Option<i64>,
    limit: i64,
) -> Result<Vec<Payment>, StoreError> {
    let statement =
        BillPaymentPage { account_number, bill_number, before_id: before_id.unwrap_or(i64::MAX), limit };
    let rows: Vec<PaymentRow> = on_each!(connection, inner => statement.load(inner))?;
    with_allocations(connection, rows)
}

statement! {
    struct ChannelPaymentPage<'a> {
        channel_code: &'a str => Text, day: NaiveDate => Date, before_id: i64 => BigInt, limit: i64 => BigInt,
    } -> (PaymentSql)
    both concat!("SELECT ", payment_columns!(), " FROM payments p LEFT JOIN reversals r \
        ON r.account_number = p.account_number AND r.payment_id = p.id \
        WHERE p.channel_code = ? AND p.business_day = ? AND p.id < ? ORDER BY p.id DESC LIMIT ?")
}

/// A page of a channel's payments of one business day, newest first, older than `before_id`.
pub fn channel_payment_page(
    connection: &mut Connection,
    channel_code: &str,
    day: NaiveDate,
    before_id: Option<i64>,
    limit: i64,
) -> Result<Vec<Payment>, StoreError> {
    let statement = ChannelPaymentPage { channel_code, day, before_id: before_id.unwrap_or(i64::MAX), limit };
    let rows: Vec<PaymentRow> = on_each!(connection, inner => statement.load(inner))?;
    with_allocations(connection, rows)
}
