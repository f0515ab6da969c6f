//! Locks the hot rows of accounts.

use std::collections::BTreeSet;

use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::base::connection::Connection;
use super::super::base::statement::statement;
use super::{account_columns, accounts};
use crate::domain::account::Account;

statement! {
    struct LockAccountsPg<'a> { numbers: Vec<&'a str> => Array<Text> } -> (accounts::Sql)
    pg concat!("SELECT ", account_columns!(), " FROM accounts a WHERE a.account_number = ANY(?) \
        ORDER BY a.account_number FOR UPDATE")
}

statement! {
    struct AccountSqlite<'a> { number: &'a str => Text } -> (accounts::Sql)
    sqlite concat!("SELECT ", account_columns!(), " FROM accounts a WHERE a.account_number = ?")
}

/// Locks and loads the hot rows of the accounts that exist, in sorted order.
pub(in crate::store) fn lock_accounts(
    connection: &mut Connection,
    numbers: &BTreeSet<&str>,
) -> Result<Vec<Account>, StoreError> {
    let rows: Vec<accounts::Row> = match connection {
        Connection::Postgres(connection) => {
            LockAccountsPg { numbers: numbers.iter().copied().collect() }.load(connection)?
        }
        Connection::Sqlite(connection) => {
            let mut rows = Vec::new();
            for number in numbers {
                rows.extend(AccountSqlite { number }.load::<accounts::Row>(connection)?);
            }
            rows
        }
    };
    rows.into_iter().map(accounts::Row::into_account).collect()
}
