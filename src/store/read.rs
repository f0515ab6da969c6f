//! What readers ask. Every look-up is one statement over an index; lists come in pages by key.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::RunQueryDsl;

use super::StoreError;
use super::connection::{Connection, on_each};
use super::key_row::{KeyRow, KeySql, key_columns};
use super::read_payments;
use super::rows::{BillRow, BillSql, HeldAccountRow, bill_columns, word};
use super::statement::statement;
use crate::domain::account::{Account, Holder};
use crate::domain::bill::Bill;
use crate::domain::channel::Channel;
use crate::domain::command::Key;
use crate::domain::exception::{Exception, ExceptionKind};
use crate::domain::state::{KeyState, Policies, TotalDelta};

/// The one row that says whose database this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utility {
    /// Name of the utility.
    pub name: String,
    /// ISO 4217 code of every amount.
    pub currency: String,
    /// Zone in which days are counted.
    pub zone: chrono_tz::Tz,
}

statement! {
    struct TablesPg<'a> { name: &'a str => Text } -> (BigInt)
    pg "SELECT count(*) FROM information_schema.tables WHERE table_schema = ANY(current_schemas(false)) \
        AND table_name = ?"
}

statement! {
    struct TablesSqlite<'a> { name: &'a str => Text } -> (BigInt)
    sqlite "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?"
}

/// Whether a table of that name exists.
pub fn has_table(connection: &mut Connection, name: &str) -> Result<bool, StoreError> {
    let count: i64 = match connection {
        Connection::Postgres(connection) => TablesPg { name }.get_result(connection)?,
        Connection::Sqlite(connection) => TablesSqlite { name }.get_result(connection)?,
    };
    Ok(count > 0)
}

statement! {
    struct UtilityRow -> (Text, Text, Text) both "SELECT name, currency, time_zone FROM utilities WHERE id = 1"
}

/// Whose database this is.
pub fn utility(connection: &mut Connection) -> Result<Utility, StoreError> {
    let (name, currency, zone): (String, String, String) =
        on_each!(connection, inner => UtilityRow {}.get_result(inner))?;
    let zone = zone.parse().map_err(|_| StoreError::Corrupt(format!("time zone {zone:?}")))?;
    Ok(Utility { name, currency, zone })
}

/// The dated rules and the channels as they stand.
pub fn rules(
    connection: &mut Connection,
    zone: chrono_tz::Tz,
) -> Result<(Policies, HashMap<String, Channel>), StoreError> {
    Ok((super::batch::load::policies(connection, zone)?, super::batch::load::channels(connection)?))
}

statement! {
    struct AccountsPg<'a> { numbers: Vec<&'a str> => Array<Text> }
    -> (Text, Text, Text, BigInt, BigInt, BigInt, Nullable<Date>, Text, Text, Text, Text)
    pg "SELECT a.account_number, a.status, a.customer_class, a.last_sequence, a.advance_fen, a.shortfall_fen, \
        a.open_from, h.name, h.address, h.phone, h.area FROM accounts a \
        JOIN account_holders h ON h.account_number = a.account_number WHERE a.account_number = ANY(?)"
}

statement! {
    struct HeldAccountSqlite<'a> { number: &'a str => Text }
    -> (Text, Text, Text, BigInt, BigInt, BigInt, Nullable<Date>, Text, Text, Text, Text)
    sqlite "SELECT a.account_number, a.status, a.customer_class, a.last_sequence, a.advance_fen, a.shortfall_fen, \
        a.open_from, h.name, h.address, h.phone, h.area FROM accounts a \
        JOIN account_holders h ON h.account_number = a.account_number WHERE a.account_number = ?"
}

/// The accounts of these numbers that exist, with their holders, by number.
pub fn accounts(
    connection: &mut Connection,
    numbers: &[String],
) -> Result<HashMap<String, (Account, Holder)>, StoreError> {
    let rows: Vec<HeldAccountRow> = match connection {
        Connection::Postgres(connection) => {
            AccountsPg { numbers: numbers.iter().map(String::as_str).collect() }.load(connection)?
        }
        Connection::Sqlite(connection) => {
            let mut rows = Vec::new();
            for number in numbers {
                rows.extend(HeldAccountSqlite { number }.load::<HeldAccountRow>(connection)?);
            }
            rows
        }
    };
    let pair = |row: HeldAccountRow| {
        row.into_pair().map(|(account, holder)| (account.number.clone(), (account, holder)))
    };
    rows.into_iter().map(pair).collect()
}

statement! {
    struct OpenBillsPg<'a> { numbers: Vec<&'a str> => Array<Text> } -> (BillSql)
    pg concat!("SELECT ", bill_columns!(), " FROM accounts a JOIN bills b ON b.account_number = a.account_number \
        AND b.due_on >= a.open_from AND b.status IN ('OPEN', 'PARTLY_PAID') WHERE a.account_number = ANY(?) \
        ORDER BY b.account_number, b.due_on, b.bill_number")
}

statement! {
    struct OpenBillsSqlite<'a> { number: &'a str => Text } -> (BillSql)
    sqlite concat!("SELECT ", bill_columns!(), " FROM accounts a JOIN bills b ON b.account_number = a.account_number \
        AND b.due_on >= a.open_from AND b.status IN ('OPEN', 'PARTLY_PAID') WHERE a.account_number = ? \
        ORDER BY b.due_on, b.bill_number")
}

/// All payable bills of these accounts, oldest due date first, by account number.
pub fn open_bills(
    connection: &mut Connection,
    numbers: &[String],
) -> Result<HashMap<String, Vec<Bill>>, StoreError> {
    let rows: Vec<BillRow> = match connection {
        Connection::Postgres(connection) => {
            OpenBillsPg { numbers: numbers.iter().map(String::as_str).collect() }.load(connection)?
        }
        Connection::Sqlite(connection) => {
            let mut rows = Vec::new();
            for number in numbers {
                rows.extend(OpenBillsSqlite { number }.load::<BillRow>(connection)?);
            }
            rows
        }
    };
    let mut by_account: HashMap<String, Vec<Bill>> = HashMap::new();
    for row in rows {
        let bill = row.into_bill()?;
        by_account.entry(bill.account_number.clone()).or_default().push(bill);
    }
    Ok(by_account)
}

statement! {
    struct BillsPg<'a> { account_numbers: Vec<&'a str> => Array<Text>, bill_numbers: Vec<&'a str> => Array<Text> }
    -> (BillSql)
    pg concat!("SELECT ", bill_columns!(), " FROM UNNEST(?, ?) AS n (account_number, bill_number) \
        JOIN bills b ON b.account_number = n.account_number AND b.bill_number = n.bill_number")
}

statement! {
    struct BillSqlite<'a> { account_number: &'a str => Text, bill_number: &'a str => Text } -> (BillSql)
    sqlite concat!("SELECT ", bill_columns!(), " FROM bills b WHERE b.account_number = ? AND b.bill_number = ?")
}

/// The bills of these (account number, bill number) that exist, by the same.
pub fn bills(
    connection: &mut Connection,
    keys: &[(String, String)],
) -> Result<HashMap<(String, String), Bill>, StoreError> {
    let rows: Vec<BillRow> = match connection {
        Connection::Postgres(connection) => BillsPg {
            account_numbers: keys.iter().map(|(account_number, _)| account_number.as_str()).collect(),
            bill_numbers: keys.iter().map(|(_, bill_number)| bill_number.as_str()).collect(),
        }
        .load(connection)?,
        Connection::Sqlite(connection) => {
            let mut rows = Vec::new();
            for (account_number, bill_number) in keys {
                rows.extend(BillSqlite { account_number, bill_number }.load::<BillRow>(connection)?);
            }
            rows
        }
    };
    let keyed =
        |row: BillRow| row.into_bill().map(|bill| ((bill.account_number.clone(), bill.number.clone()), bill));
    rows.into_iter().map(keyed).collect()
}

statement! {
    struct BillPage<'a> {
        account_number: &'a str => Text, after_due_on: NaiveDate => Date, after_number: &'a str => Text,
        open: &'a str => Text, partly_paid: &'a str => Text, paid: &'a str => Text, cancelled: &'a str => Text,
        limit: i64 => BigInt,
    } -> (BillSql)
    both concat!("SELECT ", bill_columns!(), " FROM bills b WHERE b.account_number = ? \
        AND (b.due_on, b.bill_number) > (?, ?) AND b.status IN (?, ?, ?, ?) \
        ORDER BY b.due_on, b.bill_number LIMIT ?")
}

/// A page of an account's bills with one of these statuses (all, where none is named), oldest due
/// date first, after the bill of that due date and number.
pub fn bill_page(
    connection: &mut Connection,
    account_number: &str,
    statuses: &[crate::domain::bill::BillStatus],
    after: Option<(NaiveDate, &str)>,
    limit: i64,
) -> Result<Vec<Bill>, StoreError> {
    use crate::domain::bill::BillStatus;
    let meant = |status: BillStatus| match statuses.is_empty() || statuses.contains(&status) {
        true => status.word(),
        false => "",
    };
    let (after_due_on, after_number) = after.unwrap_or((BEFORE_ALL_DAYS, ""));
    let statement = BillPage {
        account_number,
        after_due_on,
        after_number,
        open: meant(BillStatus::Open),
        partly_paid: meant(BillStatus::PartlyPaid),
        paid: meant(BillStatus::Paid),
        cancelled: meant(BillStatus::Cancelled),
        limit,
    };
    let rows: Vec<BillRow> = on_each!(connection, inner => statement.load(inner))?;
    rows.into_iter().map(BillRow::into_bill).collect()
}

/// Before every due date a bill can have, on both back ends.
const BEFORE_ALL_DAYS: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).expect("a day");

statement! {
    struct KeyOf<'a> { channel_code: &'a str => Text, key: &'a str => Text } -> (KeySql)
    both concat!("SELECT ", key_columns!(), " FROM idempotency_keys k WHERE k.channel_code = ? AND k.idempotency_key = ?")
}

/// The row of a key, if it was ever used.
pub(super) fn find_key_row(
    connection: &mut Connection,
    channel_code: &str,
    key: &str,
) -> Result<Option<KeyRow>, StoreError> {
    let rows: Vec<KeyRow> = on_each!(connection, inner => KeyOf { channel_code, key }.load(inner))?;
    Ok(rows.into_iter().next())
}

/// What is known of a key; `None` where nothing was ever committed under it.
pub fn find_key(connection: &mut Connection, key: &Key) -> Result<Option<KeyState>, StoreError> {
    let Some(row) = find_key_row(connection, &key.channel_code, &key.text)? else {
        return Ok(None);
    };
    let payments = read_payments::load_payments_of_movements(connection, &[row.movement_id])?;
    let (_, state) = super::batch::key_rows::state_of(row, payments.first())?;
    Ok(Some(state))
}

statement! {
    struct ChannelTotals<'a> { channel_code: &'a str => Text, day: NaiveDate => Date } -> (BigInt, BigInt, BigInt, BigInt)
    both "SELECT CAST(coalesce(sum(posted_fen), 0) AS BIGINT), CAST(coalesce(sum(posted_count), 0) AS BIGINT), \
          CAST(coalesce(sum(reversed_fen), 0) AS BIGINT), CAST(coalesce(sum(reversed_count), 0) AS BIGINT) \
          FROM channel_total_deltas WHERE channel_code = ? AND business_day = ?"
}

/// What a channel posted and reversed on one business day.
pub fn channel_totals(
    connection: &mut Connection,
    channel_code: &str,
    day: NaiveDate,
) -> Result<TotalDelta, StoreError> {
    let statement = ChannelTotals { channel_code, day };
    let (posted_fen, posted_count, reversed_fen, reversed_count) =
        on_each!(connection, inner => statement.get_result(inner))?;
    Ok(TotalDelta { posted_fen, posted_count, reversed_fen, reversed_count })
}

type ExceptionTuple = (i64, String, String, String, String, String, Option<i64>, i64, NaiveDate);

statement! {
    struct ExceptionPage { before_id: i64 => BigInt, limit: i64 => BigInt }
    -> (BigInt, Text, Text, Text, Text, Text, Nullable<BigInt>, BigInt, Date)
    both "SELECT id, account_number, channel_code, idempotency_key, kind, detail, payment_id, recorded_at_ms, \
          business_day FROM exceptions WHERE id < ? ORDER BY id DESC LIMIT ?"
}

/// A page of exceptions with their numbers, newest first, older than `before_id`.
pub fn exception_page(
    connection: &mut Connection,
    before_id: Option<i64>,
    limit: i64,
) -> Result<Vec<(i64, Exception)>, StoreError> {
    let statement = ExceptionPage { before_id: before_id.unwrap_or(i64::MAX), limit };
    let rows: Vec<ExceptionTuple> = on_each!(connection, inner => statement.load(inner))?;
    rows.into_iter().map(exception_of).collect()
}

fn exception_of(row: ExceptionTuple) -> Result<(i64, Exception), StoreError> {
    let (
        id,
        account_number,
        channel_code,
        idempotency_key,
        kind,
        detail,
        payment_id,
        recorded_at_ms,
        business_day,
    ) = row;
    let kind = word("kind", &kind, ExceptionKind::from_word)?;
    let exception = Exception {
        account_number,
        channel_code,
        idempotency_key,
        kind,
        detail,
        payment_id,
        recorded_at_ms,
        business_day,
    };
    Ok((id, exception))
}
