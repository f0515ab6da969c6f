//! The bills that a batch can touch.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::base::connection::Connection;
use super::super::base::statement::statement;
use super::{bill_columns, bills};
use crate::domain::account::Account;
use crate::domain::bill::Bill;

statement! {
    struct BillsPg<'a> {
        numbers: Vec<&'a str> => Array<Text>, open_from: Vec<NaiveDate> => Array<Date>,
        named_accounts: Vec<&'a str> => Array<Text>, named_bills: Vec<&'a str> => Array<Text>,
    }
    -> (bills::Sql)
    pg concat!(
        "SELECT ", bill_columns!(), " FROM UNNEST(?, ?) AS a (account_number, open_from) \
         JOIN bills b ON b.account_number = a.account_number AND b.due_on >= a.open_from \
         AND b.status IN ('OPEN', 'PARTLY_PAID') \
         UNION ALL SELECT ", bill_columns!(), " FROM UNNEST(?, ?) AS n (account_number, bill_number) \
         JOIN bills b ON b.account_number = n.account_number AND b.bill_number = n.bill_number"
    )
}

statement! {
    struct OpenBillsSqlite<'a> { number: &'a str => Text, open_from: NaiveDate => Date }
    -> (bills::Sql)
    sqlite concat!("SELECT ", bill_columns!(), " FROM bills b WHERE b.account_number = ? AND b.due_on >= ? \
        AND b.status IN ('OPEN', 'PARTLY_PAID')")
}

statement! {
    struct BillSqlite<'a> { account_number: &'a str => Text, bill_number: &'a str => Text }
    -> (bills::Sql)
    sqlite concat!("SELECT ", bill_columns!(), " FROM bills b WHERE b.account_number = ? AND b.bill_number = ?")
}

/// All payable bills of the accounts and the bills named; one may come twice. The range by due date
/// keeps paid history out of reach.
pub(in crate::store) fn bills(
    connection: &mut Connection,
    accounts: &[Account],
    named: &BTreeSet<(&str, &str)>,
) -> Result<Vec<Bill>, StoreError> {
    let open = || accounts.iter().filter_map(|account| Some((account.number.as_str(), account.open_from?)));
    let rows: Vec<bills::Row> = match connection {
        Connection::Postgres(connection) => BillsPg {
            numbers: open().map(|(number, _)| number).collect(),
            open_from: open().map(|(_, open_from)| open_from).collect(),
            named_accounts: named.iter().map(|(account_number, _)| *account_number).collect(),
            named_bills: named.iter().map(|(_, bill_number)| *bill_number).collect(),
        }
        .load(connection)?,
        Connection::Sqlite(connection) => {
            let mut rows = Vec::new();
            for (number, open_from) in open() {
                rows.extend(OpenBillsSqlite { number, open_from }.load::<bills::Row>(connection)?);
            }
            for (account_number, bill_number) in named {
                rows.extend(BillSqlite { account_number, bill_number }.load::<bills::Row>(connection)?);
            }
            rows
        }
    };
    rows.into_iter().map(bills::Row::into_bill).collect()
}
