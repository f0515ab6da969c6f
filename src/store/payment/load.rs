//! Payments by the movements that posted or undid them.

use std::collections::{HashMap, HashSet};

use diesel::{Queryable, RunQueryDsl};

use super::super::StoreError;
use super::super::base::connection::Connection;
use super::super::base::statement::statement;
use super::super::base::table::word;
use super::super::key;
use super::super::reversal::reversal_columns;
use super::{Rows, RowsSql, payment_columns, payment_of};
use crate::domain::base::keys::{Key, Record};
use crate::domain::base::ledger::LedgerAccount;
use crate::domain::bill::{Allocation, part_paid_into};
use crate::domain::keyed::Keyed;
use crate::domain::payment::{EARLY_REVERSAL, Payment, PostPayment};
use crate::domain::reversal::ReversePayment;
use crate::domain::state::State;

/// Loads the payments that were posted or undone under these keys.
pub(in crate::store) fn recorded(
    connection: &mut Connection,
    keys: &[&Key],
    state: &mut State,
) -> Result<(), StoreError> {
    let is_ours =
        |record: &&Record| [PostPayment::KIND, ReversePayment::KIND, EARLY_REVERSAL].contains(&record.kind);
    let records = keys.iter().filter_map(|key| state.keys.record(key)).filter(is_ours);
    let numbers: Vec<i64> = records.map(|record| record.number).collect();
    if numbers.is_empty() {
        return Ok(());
    }
    for payment in payments_of_movements(connection, &numbers)? {
        state.rooms.payments.put(payment);
    }
    let lacks_payment = |key: &&&Key| {
        state.keys.record(key).is_some_and(|record| {
            let is_posted = record.kind == PostPayment::KIND && record.refusal.is_none();
            is_posted && state.rooms.payments.get(record.number).is_none()
        })
    };
    match keys.iter().find(lacks_payment) {
        Some(key) => Err(key::lacks_outcome(key)),
        None => Ok(()),
    }
}

statement! {
    struct PaymentsOfMovementsPg { posted: Vec<i64> => Array<BigInt>, reversed: Vec<i64> => Array<BigInt> } -> (RowsSql)
    pg concat!("SELECT ", payment_columns!(), ", ", reversal_columns!(), " FROM payments p LEFT JOIN reversals r \
        ON r.account_number = p.account_number AND r.payment_id = p.id WHERE p.id = ANY(?) \
        UNION ALL SELECT ", payment_columns!(), ", ", reversal_columns!(), " FROM reversals r JOIN payments p \
        ON p.id = r.payment_id AND p.account_number = r.account_number WHERE r.id = ANY(?)")
}

statement! {
    struct PaymentsOfMovementSqlite { posted: i64 => BigInt, reversed: i64 => BigInt } -> (RowsSql)
    sqlite concat!("SELECT ", payment_columns!(), ", ", reversal_columns!(), " FROM payments p LEFT JOIN reversals r \
        ON r.account_number = p.account_number AND r.payment_id = p.id WHERE p.id = ? \
        UNION ALL SELECT ", payment_columns!(), ", ", reversal_columns!(), " FROM reversals r JOIN payments p \
        ON p.id = r.payment_id AND p.account_number = r.account_number WHERE r.id = ?")
}

/// The payments that these movements posted or reversed, with their allocations.
pub(in crate::store) fn payments_of_movements(
    connection: &mut Connection,
    movement_ids: &[i64],
) -> Result<Vec<Payment>, StoreError> {
    let rows: Vec<Rows> = match connection {
        Connection::Postgres(connection) => {
            PaymentsOfMovementsPg { posted: movement_ids.to_vec(), reversed: movement_ids.to_vec() }
                .load(connection)?
        }
        Connection::Sqlite(connection) => {
            let mut rows = Vec::new();
            for &id in movement_ids {
                rows.extend(PaymentsOfMovementSqlite { posted: id, reversed: id }.load::<Rows>(connection)?);
            }
            rows
        }
    };
    with_allocations(connection, once_each(rows))
}

/// A payment comes twice where its own movement and its reversal's are both asked for.
fn once_each(rows: Vec<Rows>) -> Vec<Rows> {
    let mut seen = HashSet::new();
    rows.into_iter().filter(|row| seen.insert(row.0.id)).collect()
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

pub(super) fn with_allocations(
    connection: &mut Connection,
    rows: Vec<Rows>,
) -> Result<Vec<Payment>, StoreError> {
    let mut allocations = allocations(connection, &rows.iter().map(|row| row.0.id).collect::<Vec<_>>())?;
    let mut payment = |row: Rows| {
        let own = allocations.remove(&row.0.id).unwrap_or_default();
        payment_of(row, own)
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
    allocations_of(rows)
}

/// An allocation's row of `entries`.
#[derive(Debug, Queryable)]
struct AllocationRow {
    movement_id: i64,
    bill_number: String,
    credit: String,
    amount_fen: i64,
    remaining_after_fen: i64,
}

/// Gathers allocations by payment, in order of settlement.
fn allocations_of(rows: Vec<AllocationRow>) -> Result<HashMap<i64, Vec<Allocation>>, StoreError> {
    let mut by_payment: HashMap<i64, Vec<Allocation>> = HashMap::new();
    for row in rows {
        let credit = word("credit", &row.credit, LedgerAccount::from_word)?;
        let part = part_paid_into(credit).ok_or_else(|| {
            StoreError::Corrupt(format!("movement {} allocates to {}", row.movement_id, credit.word()))
        })?;
        by_payment.entry(row.movement_id).or_default().push(Allocation {
            bill_number: row.bill_number,
            part,
            amount_fen: row.amount_fen,
            remaining_after_fen: row.remaining_after_fen,
        });
    }
    Ok(by_payment)
}
