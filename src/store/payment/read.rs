//! What readers ask of payments: by number, by key, and in pages.

use chrono::NaiveDate;
use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::base::connection::{Connection, on_each};
use super::super::base::look_up::LookUp;
use super::super::base::statement::statement;
use super::super::key;
use super::super::reversal::reversal_columns;
use super::load::{payments_of_movements, with_allocations};
use super::{Rows, RowsSql, payment_columns};
use crate::domain::base::keys::Key;
use crate::domain::keyed::Keyed;
use crate::domain::payment::{EARLY_REVERSAL, KeyOutcome, Payment, PostPayment};

/// The payment of this number.
#[derive(Debug, Clone, Copy)]
pub struct PaymentOfNumber(pub i64);

impl LookUp for PaymentOfNumber {
    type Found = Option<Payment>;

    fn run(&mut self, connection: &mut Connection) -> Result<Option<Payment>, StoreError> {
        let found = payments_of_movements(connection, &[self.0])?;
        Ok(found.into_iter().find(|payment| payment.id == self.0))
    }
}

/// What became of the payment of this key; `None` where nothing was committed of it or its reversal.
#[derive(Debug, Clone)]
pub struct PaymentOfKey(pub Key);

impl LookUp for PaymentOfKey {
    type Found = Option<KeyOutcome>;

    fn run(&mut self, connection: &mut Connection) -> Result<Option<KeyOutcome>, StoreError> {
        let Some(record) = key::find(connection, &self.0)? else { return Ok(None) };
        if record.kind == EARLY_REVERSAL {
            return Ok(Some(KeyOutcome::Remembered));
        }
        if record.kind != PostPayment::KIND {
            return Ok(None);
        }
        if let Some(refusal) = record.refusal_of() {
            return Ok(Some(KeyOutcome::Decided(Err(refusal))));
        }
        let payment = PaymentOfNumber(record.number).run(connection)?;
        let payment = payment.ok_or_else(|| key::lacks_outcome(&self.0))?;
        Ok(Some(KeyOutcome::Decided(Ok(Box::new(payment)))))
    }
}

statement! {
    struct PageOfAccount<'a> { account_number: &'a str => Text, before_id: i64 => BigInt, limit: i64 => BigInt } -> (RowsSql)
    both concat!("SELECT ", payment_columns!(), ", ", reversal_columns!(), " FROM payments p LEFT JOIN reversals r \
        ON r.account_number = p.account_number AND r.payment_id = p.id \
        WHERE p.account_number = ? AND p.id < ? ORDER BY p.id DESC LIMIT ?")
}

/// A page of the payments made under an account number, newest first.
#[derive(Debug, Clone)]
pub struct PaymentPage {
    /// As the payer gave it.
    pub account_number: String,
    /// Only payments older than the one of this number.
    pub before_id: Option<i64>,
    /// How many at most.
    pub limit: i64,
}

impl LookUp for PaymentPage {
    type Found = Vec<Payment>;

    fn run(&mut self, connection: &mut Connection) -> Result<Vec<Payment>, StoreError> {
        let statement = PageOfAccount {
            account_number: &self.account_number,
            before_id: self.before_id.unwrap_or(i64::MAX),
            limit: self.limit,
        };
        let rows: Vec<Rows> = on_each!(connection, inner => statement.load(inner))?;
        with_allocations(connection, rows)
    }
}

statement! {
    struct PageOfBill<'a> {
        account_number: &'a str => Text, before_id: i64 => BigInt, bill_number: &'a str => Text, limit: i64 => BigInt,
    } -> (RowsSql)
    both concat!("SELECT ", payment_columns!(), ", ", reversal_columns!(), " FROM payments p LEFT JOIN reversals r \
        ON r.account_number = p.account_number AND r.payment_id = p.id \
        WHERE p.account_number = ? AND p.id < ? AND EXISTS (SELECT 1 FROM entries e WHERE e.movement_id = p.id \
        AND e.bill_number = ? AND e.remaining_after_fen IS NOT NULL) ORDER BY p.id DESC LIMIT ?")
}

/// A page of the payments that settled some of a bill, newest first. They are looked for among the account's: an index of
/// entries by bill would cost every payment more than this saves.
#[derive(Debug, Clone)]
pub struct BillPaymentPage {
    /// The account.
    pub account_number: String,
    /// The bill.
    pub bill_number: String,
    /// Only payments older than the one of this number.
    pub before_id: Option<i64>,
    /// How many at most.
    pub limit: i64,
}

impl LookUp for BillPaymentPage {
    type Found = Vec<Payment>;

    fn run(&mut self, connection: &mut Connection) -> Result<Vec<Payment>, StoreError> {
        let statement = PageOfBill {
            account_number: &self.account_number,
            bill_number: &self.bill_number,
            before_id: self.before_id.unwrap_or(i64::MAX),
            limit: self.limit,
        };
        let rows: Vec<Rows> = on_each!(connection, inner => statement.load(inner))?;
        with_allocations(connection, rows)
    }
}

statement! {
    struct PageOfChannel<'a> {
        channel_code: &'a str => Text, day: NaiveDate => Date, before_id: i64 => BigInt, limit: i64 => BigInt,
    } -> (RowsSql)
    both concat!("SELECT ", payment_columns!(), ", ", reversal_columns!(), " FROM payments p LEFT JOIN reversals r \
        ON r.account_number = p.account_number AND r.payment_id = p.id \
        WHERE p.channel_code = ? AND p.business_day = ? AND p.id < ? ORDER BY p.id DESC LIMIT ?")
}

/// A page of a channel's payments of one business day, newest first.
#[derive(Debug, Clone)]
pub struct ChannelPaymentPage {
    /// The channel.
    pub channel_code: String,
    /// The business day.
    pub day: NaiveDate,
    /// Only payments older than the one of this number.
    pub before_id: Option<i64>,
    /// How many at most.
    pub limit: i64,
}

impl LookUp for ChannelPaymentPage {
    type Found = Vec<Payment>;

    fn run(&mut self, connection: &mut Connection) -> Result<Vec<Payment>, StoreError> {
        let statement = PageOfChannel {
            channel_code: &self.channel_code,
            day: self.day,
            before_id: self.before_id.unwrap_or(i64::MAX),
            limit: self.limit,
        };
        let rows: Vec<Rows> = on_each!(connection, inner => statement.load(inner))?;
        with_allocations(connection, rows)
    }
}
