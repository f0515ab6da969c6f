//! What readers ask of payments: by number, by key, and in pages.

use chrono::NaiveDate;
use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::base::connection::{Connection, on_each};
use super::super::base::look_up::{AsOf, LookUp, NEWEST, Place};
use super::super::base::statement::statement;
use super::super::key;
use super::super::reversal::{reversal_columns, reversals};
use super::load::with_allocations;
use super::{payment_columns, payments};
use crate::domain::base::keys::Key;
use crate::domain::keyed::Keyed;
use crate::domain::payment::{EARLY_REVERSAL, KeyOutcome, Payment, PostPayment};

/// A payment with its reversal, if there is one, and the last sequence of its account, if there is one.
type SequencedRows = (payments::Row, Option<reversals::Row>, Option<i64>);

fn sequenced(
    connection: &mut Connection,
    rows: Vec<SequencedRows>,
) -> Result<AsOf<Vec<Payment>>, StoreError> {
    let sequence =
        |(payment, _, sequence): &SequencedRows| Some((payment.account_number.clone(), (*sequence)?));
    let sequences = rows.iter().filter_map(sequence).collect();
    let rows = rows.into_iter().map(|(payment, reversal, _)| (payment, reversal)).collect();
    Ok(AsOf { found: with_allocations(connection, rows)?, sequences })
}

statement! {
    struct OfNumber { id: i64 => BigInt } -> (payments::Sql, Nullable<reversals::Sql>, Nullable<BigInt>)
    both concat!("SELECT ", payment_columns!(), ", ", reversal_columns!(), ", a.last_sequence FROM payments p \
        LEFT JOIN reversals r ON r.account_number = p.account_number AND r.payment_id = p.id \
        LEFT JOIN accounts a ON a.account_number = p.account_number WHERE p.id = ?")
}

/// The payment of this number.
#[derive(Debug, Clone, Copy)]
pub struct PaymentOfNumber(pub i64);

impl LookUp for PaymentOfNumber {
    type Found = AsOf<Option<Payment>>;

    fn run(&mut self, connection: &mut Connection) -> Result<Self::Found, StoreError> {
        let statement = OfNumber { id: self.0 };
        let rows: Vec<SequencedRows> = on_each!(connection, inner => statement.load(inner))?;
        let AsOf { found, sequences } = sequenced(connection, rows)?;
        Ok(AsOf { found: found.into_iter().next(), sequences })
    }
}

/// What became of the payment of this key; `None` where nothing was committed of it or its reversal.
#[derive(Debug, Clone)]
pub struct PaymentOfKey(pub Key);

impl LookUp for PaymentOfKey {
    type Found = AsOf<Option<KeyOutcome>>;

    fn run(&mut self, connection: &mut Connection) -> Result<Self::Found, StoreError> {
        let without = |found| Ok(AsOf { found, sequences: Vec::new() });
        let Some(record) = key::find(connection, &self.0)? else { return without(None) };
        if record.kind == EARLY_REVERSAL {
            return without(Some(KeyOutcome::Remembered));
        }
        if record.kind != PostPayment::KIND {
            return without(None);
        }
        if let Some(refusal) = record.refusal_of() {
            return without(Some(KeyOutcome::Decided(Err(refusal))));
        }
        let AsOf { found, sequences } = PaymentOfNumber(record.number).run(connection)?;
        let payment = found.ok_or_else(|| key::lacks_outcome(&self.0))?;
        Ok(AsOf { found: Some(KeyOutcome::Decided(Ok(Box::new(payment)))), sequences })
    }
}

/// The last sequence of an account, where there is one, with one of the payments made under its number; one row
/// without a payment, where the page is empty.
type PageRows = (Option<i64>, Option<payments::Row>, Option<reversals::Row>);

fn page_of(
    connection: &mut Connection,
    account_number: &str,
    rows: Vec<PageRows>,
) -> Result<AsOf<Vec<Payment>>, StoreError> {
    let sequence = rows.first().and_then(|(sequence, ..)| Some((account_number.to_owned(), (*sequence)?)));
    let rows = rows.into_iter().filter_map(|(_, payment, reversal)| Some((payment?, reversal))).collect();
    Ok(AsOf { found: with_allocations(connection, rows)?, sequences: Vec::from_iter(sequence) })
}

/// By the sequence of the account; what was put in suspense before there was an account has none and comes last.
pub fn place_in_account(payment: &Payment) -> Place {
    (payment.sequence.unwrap_or(0), payment.id)
}

statement! {
    struct PageOfAccount<'a> {
        account_number: &'a str => Text, payments_of: &'a str => Text, before_sequence: i64 => BigInt,
        before_id: i64 => BigInt, limit: i64 => BigInt,
    } -> (Nullable<BigInt>, Nullable<payments::Sql>, Nullable<reversals::Sql>)
    both concat!("SELECT a.last_sequence, ", payment_columns!(), ", ", reversal_columns!(), " \
        FROM (SELECT 1 AS one) o LEFT JOIN accounts a ON a.account_number = ? \
        LEFT JOIN (SELECT * FROM payments WHERE account_number = ? AND (coalesce(sequence, 0), id) < (?, ?) \
        ORDER BY coalesce(sequence, 0) DESC, id DESC LIMIT ?) p ON TRUE \
        LEFT JOIN reversals r ON r.account_number = p.account_number AND r.payment_id = p.id \
        ORDER BY coalesce(p.sequence, 0) DESC, p.id DESC")
}

/// A page of the payments made under an account number, newest first.
#[derive(Debug, Clone)]
pub struct PaymentPage {
    /// The account.
    pub account_number: String,
    /// Only payments older than the one [there](place_in_account).
    pub before: Option<Place>,
    /// How many at most.
    pub limit: i64,
}

impl LookUp for PaymentPage {
    type Found = AsOf<Vec<Payment>>;

    fn run(&mut self, connection: &mut Connection) -> Result<Self::Found, StoreError> {
        let (before_sequence, before_id) = self.before.unwrap_or(NEWEST);
        let statement = PageOfAccount {
            payments_of: &self.account_number,
            before_sequence,
            before_id,
            limit: self.limit,
            account_number: &self.account_number,
        };
        let rows: Vec<PageRows> = on_each!(connection, inner => statement.load(inner))?;
        page_of(connection, &self.account_number, rows)
    }
}

statement! {
    struct PageOfBill<'a> {
        account_number: &'a str => Text, payments_of: &'a str => Text, before_sequence: i64 => BigInt,
        before_id: i64 => BigInt, bill_number: &'a str => Text, limit: i64 => BigInt,
    } -> (Nullable<BigInt>, Nullable<payments::Sql>, Nullable<reversals::Sql>)
    both concat!("SELECT a.last_sequence, ", payment_columns!(), ", ", reversal_columns!(), " \
        FROM (SELECT 1 AS one) o LEFT JOIN accounts a ON a.account_number = ? \
        LEFT JOIN (SELECT * FROM payments q WHERE account_number = ? AND (coalesce(sequence, 0), id) < (?, ?) \
        AND EXISTS (SELECT 1 FROM entries e WHERE e.movement_id = q.id AND e.bill_number = ? \
        AND e.remaining_after_fen IS NOT NULL) ORDER BY coalesce(sequence, 0) DESC, id DESC LIMIT ?) p ON TRUE \
        LEFT JOIN reversals r ON r.account_number = p.account_number AND r.payment_id = p.id \
        ORDER BY coalesce(p.sequence, 0) DESC, p.id DESC")
}

/// A page of the payments that settled some of a bill, newest first. They are looked for among the account's: an index of
/// entries by bill would cost every payment more than this saves.
#[derive(Debug, Clone)]
pub struct BillPaymentPage {
    /// The account.
    pub account_number: String,
    /// The bill.
    pub bill_number: String,
    /// Only payments older than the one [there](place_in_account).
    pub before: Option<Place>,
    /// How many at most.
    pub limit: i64,
}

impl LookUp for BillPaymentPage {
    type Found = AsOf<Vec<Payment>>;

    fn run(&mut self, connection: &mut Connection) -> Result<Self::Found, StoreError> {
        let (before_sequence, before_id) = self.before.unwrap_or(NEWEST);
        let statement = PageOfBill {
            payments_of: &self.account_number,
            before_sequence,
            before_id,
            bill_number: &self.bill_number,
            limit: self.limit,
            account_number: &self.account_number,
        };
        let rows: Vec<PageRows> = on_each!(connection, inner => statement.load(inner))?;
        page_of(connection, &self.account_number, rows)
    }
}

/// By the instant of posting, then by number.
pub fn place_in_channel(payment: &Payment) -> Place {
    (payment.posted_at_ms, payment.id)
}

statement! {
    struct PageOfChannel<'a> {
        channel_code: &'a str => Text, day: NaiveDate => Date, before_ms: i64 => BigInt, before_id: i64 => BigInt,
        limit: i64 => BigInt,
    } -> (payments::Sql, Nullable<reversals::Sql>, Nullable<BigInt>)
    both concat!("SELECT ", payment_columns!(), ", ", reversal_columns!(), ", a.last_sequence FROM payments p \
        LEFT JOIN reversals r ON r.account_number = p.account_number AND r.payment_id = p.id \
        LEFT JOIN accounts a ON a.account_number = p.account_number \
        WHERE p.channel_code = ? AND p.business_day = ? AND (p.posted_at_ms, p.id) < (?, ?) \
        ORDER BY p.posted_at_ms DESC, p.id DESC LIMIT ?")
}

/// A page of a channel's payments of one business day, newest first.
#[derive(Debug, Clone)]
pub struct ChannelPaymentPage {
    /// The channel.
    pub channel_code: String,
    /// The business day.
    pub day: NaiveDate,
    /// Only payments older than the one [there](place_in_channel).
    pub before: Option<Place>,
    /// How many at most.
    pub limit: i64,
}

impl LookUp for ChannelPaymentPage {
    type Found = AsOf<Vec<Payment>>;

    fn run(&mut self, connection: &mut Connection) -> Result<Self::Found, StoreError> {
        let (before_ms, before_id) = self.before.unwrap_or(NEWEST);
        let statement = PageOfChannel {
            channel_code: &self.channel_code,
            day: self.day,
            before_ms,
            before_id,
            limit: self.limit,
        };
        let rows: Vec<SequencedRows> = on_each!(connection, inner => statement.load(inner))?;
        sequenced(connection, rows)
    }
}
