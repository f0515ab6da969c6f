//! What readers ask of accounts and their bills. Every look-up is one statement over an index; lists come in pages by key.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use chrono::NaiveDate;
use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::account::{account_columns, account_holders, accounts, holder_columns};
use super::super::base::connection::{Connection, on_each};
use super::super::base::look_up::{AsOf, LookUp};
use super::super::base::statement::statement;
use super::{bill_columns, bills};
use crate::domain::bill::{Bill, BillStatus, BilledAccount};

/// A row of an account for each of its payable bills; one where it has none.
type BilledRows = (accounts::Row, account_holders::Row, Option<bills::Row>);

statement! {
    struct AccountsPg<'a> { numbers: Vec<&'a str> => Array<Text> }
    -> (accounts::Sql, account_holders::Sql, Nullable<bills::Sql>)
    pg concat!("SELECT ", account_columns!(), ", ", holder_columns!(), ", ", bill_columns!(), " FROM accounts a \
        JOIN account_holders h ON h.account_number = a.account_number LEFT JOIN bills b \
        ON b.account_number = a.account_number AND b.due_on >= a.open_from AND b.status IN ('OPEN', 'PARTLY_PAID') \
        WHERE a.account_number = ANY(?) ORDER BY a.account_number, b.due_on, b.bill_number")
}

statement! {
    struct AccountSqlite<'a> { number: &'a str => Text }
    -> (accounts::Sql, account_holders::Sql, Nullable<bills::Sql>)
    sqlite concat!("SELECT ", account_columns!(), ", ", holder_columns!(), ", ", bill_columns!(), " FROM accounts a \
        JOIN account_holders h ON h.account_number = a.account_number LEFT JOIN bills b \
        ON b.account_number = a.account_number AND b.due_on >= a.open_from AND b.status IN ('OPEN', 'PARTLY_PAID') \
        WHERE a.account_number = ? ORDER BY b.due_on, b.bill_number")
}

/// The accounts of these numbers that exist, each with its holder and its payable bills, by number: one statement for
/// each, so that all of it is of one instant.
///
/// # Errors
/// Whatever the database says.
pub fn accounts(
    connection: &mut Connection,
    numbers: &[String],
) -> Result<HashMap<String, Arc<BilledAccount>>, StoreError> {
    let rows: Vec<BilledRows> = match connection {
        Connection::Postgres(connection) => {
            AccountsPg { numbers: numbers.iter().map(String::as_str).collect() }.load(connection)?
        }
        Connection::Sqlite(connection) => {
            let mut rows = Vec::new();
            for number in numbers {
                rows.extend(AccountSqlite { number }.load::<BilledRows>(connection)?);
            }
            rows
        }
    };
    let mut found: HashMap<String, BilledAccount> = HashMap::new();
    for (account, holder, bill) in rows {
        let billed = match found.entry(account.account_number.clone()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let (account, holder) = (account.into_account()?, holder.into_holder());
                entry.insert(BilledAccount { account, holder, open_bills: Vec::new() })
            }
        };
        billed.open_bills.extend(bill.map(bills::Row::into_bill).transpose()?);
    }
    Ok(found.into_iter().map(|(number, billed)| (number, Arc::new(billed))).collect())
}

/// A bill with the last sequence of its account.
type SequencedBill = (bills::Row, i64);

statement! {
    struct BillsPg<'a> { account_numbers: Vec<&'a str> => Array<Text>, bill_numbers: Vec<&'a str> => Array<Text> }
    -> (bills::Sql, BigInt)
    pg concat!("SELECT ", bill_columns!(), ", a.last_sequence FROM UNNEST(?, ?) AS n (account_number, bill_number) \
        JOIN bills b ON b.account_number = n.account_number AND b.bill_number = n.bill_number \
        JOIN accounts a ON a.account_number = b.account_number")
}

statement! {
    struct BillSqlite<'a> { account_number: &'a str => Text, bill_number: &'a str => Text } -> (bills::Sql, BigInt)
    sqlite concat!("SELECT ", bill_columns!(), ", a.last_sequence FROM bills b \
        JOIN accounts a ON a.account_number = b.account_number WHERE b.account_number = ? AND b.bill_number = ?")
}

/// Bills by account number and bill number, each with the last sequence of its account.
pub type Bills = HashMap<(String, String), (Bill, i64)>;

/// The bills of these account numbers and bill numbers that exist.
///
/// # Errors
/// Whatever the database says.
pub fn bills_of(connection: &mut Connection, keys: &[(String, String)]) -> Result<Bills, StoreError> {
    let rows: Vec<SequencedBill> = match connection {
        Connection::Postgres(connection) => BillsPg {
            account_numbers: keys.iter().map(|(account_number, _)| account_number.as_str()).collect(),
            bill_numbers: keys.iter().map(|(_, bill_number)| bill_number.as_str()).collect(),
        }
        .load(connection)?,
        Connection::Sqlite(connection) => {
            let mut rows = Vec::new();
            for (account_number, bill_number) in keys {
                rows.extend(BillSqlite { account_number, bill_number }.load::<SequencedBill>(connection)?);
            }
            rows
        }
    };
    let keyed = |(row, sequence): SequencedBill| {
        let bill = row.into_bill()?;
        Ok(((bill.account_number.clone(), bill.number.clone()), (bill, sequence)))
    };
    rows.into_iter().map(keyed).collect()
}

statement! {
    struct PageOfBills<'a> {
        bills_of: &'a str => Text, after_due_on: NaiveDate => Date, after_number: &'a str => Text,
        open: &'a str => Text, partly_paid: &'a str => Text, paid: &'a str => Text, cancelled: &'a str => Text,
        limit: i64 => BigInt, account_number: &'a str => Text,
    } -> (BigInt, Nullable<bills::Sql>)
    both concat!("SELECT a.last_sequence, ", bill_columns!(), " FROM accounts a LEFT JOIN \
        (SELECT * FROM bills WHERE account_number = ? AND (due_on, bill_number) > (?, ?) AND status IN (?, ?, ?, ?) \
        ORDER BY due_on, bill_number LIMIT ?) b ON TRUE WHERE a.account_number = ? ORDER BY b.due_on, b.bill_number")
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
    type Found = AsOf<Vec<Bill>>;

    fn run(&mut self, connection: &mut Connection) -> Result<Self::Found, StoreError> {
        let meant = |status: BillStatus| match self.statuses.is_empty() || self.statuses.contains(&status) {
            true => status.word(),
            false => "",
        };
        let after = self.after.as_ref().map(|(due_on, number)| (*due_on, number.as_str()));
        let (after_due_on, after_number) = after.unwrap_or((BEFORE_ALL_DAYS, ""));
        let statement = PageOfBills {
            bills_of: &self.account_number,
            after_due_on,
            after_number,
            open: meant(BillStatus::Open),
            partly_paid: meant(BillStatus::PartlyPaid),
            paid: meant(BillStatus::Paid),
            cancelled: meant(BillStatus::Cancelled),
            limit: self.limit,
            account_number: &self.account_number,
        };
        let rows: Vec<(i64, Option<bills::Row>)> = on_each!(connection, inner => statement.load(inner))?;
        let sequence = rows.first().map(|(sequence, _)| (self.account_number.clone(), *sequence));
        let bills = rows.into_iter().filter_map(|(_, bill)| bill).map(bills::Row::into_bill);
        Ok(AsOf { found: bills.collect::<Result<_, _>>()?, sequences: Vec::from_iter(sequence) })
    }
}

/// Before every due date a bill can have, on both back ends.
const BEFORE_ALL_DAYS: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).expect("a day");
