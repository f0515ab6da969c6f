//! What readers ask of bills. Every look-up is one statement over an index; lists come in pages by key.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::base::connection::{Connection, on_each};
use super::super::base::look_up::LookUp;
use super::super::base::statement::statement;
use super::{bill_columns, bills};
use crate::domain::bill::{Bill, BillStatus};

statement! {
    struct OpenBillsPg<'a> { numbers: Vec<&'a str> => Array<Text> } -> (bills::Sql)
    pg concat!("SELECT ", bill_columns!(), " FROM accounts a JOIN bills b ON b.account_number = a.account_number \
        AND b.due_on >= a.open_from AND b.status IN ('OPEN', 'PARTLY_PAID') WHERE a.account_number = ANY(?) \
        ORDER BY b.account_number, b.due_on, b.bill_number")
}

statement! {
    struct OpenBillsSqlite<'a> { number: &'a str => Text } -> (bills::Sql)
    sqlite concat!("SELECT ", bill_columns!(), " FROM accounts a JOIN bills b ON b.account_number = a.account_number \
        AND b.due_on >= a.open_from AND b.status IN ('OPEN', 'PARTLY_PAID') WHERE a.account_number = ? \
        ORDER BY b.due_on, b.bill_number")
}

/// All payable bills of these accounts, oldest due date first, by account number.
///
/// # Errors
/// Whatever the database says.
pub fn open_bills(
    connection: &mut Connection,
    numbers: &[String],
) -> Result<HashMap<String, Vec<Bill>>, StoreError> {
    let rows: Vec<bills::Row> = match connection {
        Connection::Postgres(connection) => {
            OpenBillsPg { numbers: numbers.iter().map(String::as_str).collect() }.load(connection)?
        }
        Connection::Sqlite(connection) => {
            let mut rows = Vec::new();
            for number in numbers {
                rows.extend(OpenBillsSqlite { number }.load::<bills::Row>(connection)?);
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
    -> (bills::Sql)
    pg concat!("SELECT ", bill_columns!(), " FROM UNNEST(?, ?) AS n (account_number, bill_number) \
        JOIN bills b ON b.account_number = n.account_number AND b.bill_number = n.bill_number")
}

statement! {
    struct BillSqlite<'a> { account_number: &'a str => Text, bill_number: &'a str => Text } -> (bills::Sql)
    sqlite concat!("SELECT ", bill_columns!(), " FROM bills b WHERE b.account_number = ? AND b.bill_number = ?")
}

/// The bills of these (account number, bill number) that exist, by the same.
///
/// # Errors
/// Whatever the database says.
pub fn bills_of(
    connection: &mut Connection,
    keys: &[(String, String)],
) -> Result<HashMap<(String, String), Bill>, StoreError> {
    let rows: Vec<bills::Row> = match connection {
        Connection::Postgres(connection) => BillsPg {
            account_numbers: keys.iter().map(|(account_number, _)| account_number.as_str()).collect(),
            bill_numbers: keys.iter().map(|(_, bill_number)| bill_number.as_str()).collect(),
        }
        .load(connection)?,
        Connection::Sqlite(connection) => {
            let mut rows = Vec::new();
            for (account_number, bill_number) in keys {
                rows.extend(BillSqlite { account_number, bill_number }.load::<bills::Row>(connection)?);
            }
            rows
        }
    };
    let keyed = |row: bills::Row| {
        row.into_bill().map(|bill| ((bill.account_number.clone(), bill.number.clone()), bill))
    };
    rows.into_iter().map(keyed).collect()
}

statement! {
    struct PageOfBills<'a> {
        account_number: &'a str => Text, after_due_on: NaiveDate => Date, after_number: &'a str => Text,
        open: &'a str => Text, partly_paid: &'a str => Text, paid: &'a str => Text, cancelled: &'a str => Text,
        limit: i64 => BigInt,
    } -> (bills::Sql)
    both concat!("SELECT ", bill_columns!(), " FROM bills b WHERE b.account_number = ? \
        AND (b.due_on, b.bill_number) > (?, ?) AND b.status IN (?, ?, ?, ?) \
        ORDER BY b.due_on, b.bill_number LIMIT ?")
}

/// A page of an account's bills, oldest due date first, then by number.
#[derive(Debug, Clone)]
pub struct BillPage {
    /// The account.
    pub account_number: String,
    /// Only bills with one of these statuses; all, where none is named.
    pub statuses: Vec<BillStatus>,
    /// Only bills after the one of this due date and number.
    pub after: Option<(NaiveDate, String)>,
    /// How many at most.
    pub limit: i64,
}

impl LookUp for BillPage {
    type Found = Vec<Bill>;

    fn run(&mut self, connection: &mut Connection) -> Result<Vec<Bill>, StoreError> {
        let meant = |status: BillStatus| match self.statuses.is_empty() || self.statuses.contains(&status) {
            true => status.word(),
            false => "",
        };
        let after = self.after.as_ref().map(|(due_on, number)| (*due_on, number.as_str()));
        let (after_due_on, after_number) = after.unwrap_or((BEFORE_ALL_DAYS, ""));
        let statement = PageOfBills {
            account_number: &self.account_number,
            after_due_on,
            after_number,
            open: meant(BillStatus::Open),
            partly_paid: meant(BillStatus::PartlyPaid),
            paid: meant(BillStatus::Paid),
            cancelled: meant(BillStatus::Cancelled),
            limit: self.limit,
        };
        let rows: Vec<bills::Row> = on_each!(connection, inner => statement.load(inner))?;
        rows.into_iter().map(bills::Row::into_bill).collect()
    }
}

/// Before every due date a bill can have, on both back ends.
const BEFORE_ALL_DAYS: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).expect("a day");
