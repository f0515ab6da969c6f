//! What readers ask of accounts.

use std::collections::HashMap;

use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::base::connection::Connection;
use super::super::base::statement::statement;
use super::{account_columns, account_holders, accounts, holder_columns};
use crate::domain::account::{Account, Holder};

statement! {
    struct AccountsPg<'a> { numbers: Vec<&'a str> => Array<Text> } -> (accounts::Sql, account_holders::Sql)
    pg concat!("SELECT ", account_columns!(), ", ", holder_columns!(), " FROM accounts a \
        JOIN account_holders h ON h.account_number = a.account_number WHERE a.account_number = ANY(?)")
}

statement! {
    struct AccountSqlite<'a> { number: &'a str => Text } -> (accounts::Sql, account_holders::Sql)
    sqlite concat!("SELECT ", account_columns!(), ", ", holder_columns!(), " FROM accounts a \
        JOIN account_holders h ON h.account_number = a.account_number WHERE a.account_number = ?")
}

/// The accounts of these numbers that exist, with their holders, by number.
///
/// # Errors
/// Whatever the database says.
pub fn accounts(
    connection: &mut Connection,
    numbers: &[String],
) -> Result<HashMap<String, (Account, Holder)>, StoreError> {
    let rows: Vec<(accounts::Row, account_holders::Row)> = match connection {
        Connection::Postgres(connection) => {
            AccountsPg { numbers: numbers.iter().map(String::as_str).collect() }.load(connection)?
        }
        Connection::Sqlite(connection) => {
            let mut rows = Vec::new();
            for number in numbers {
                rows.extend(
                    AccountSqlite { number }.load::<(accounts::Row, account_holders::Row)>(connection)?,
                );
            }
            rows
        }
    };
    let pair = |(account, holder): (accounts::Row, account_holders::Row)| {
        let account = account.into_account()?;
        Ok((account.number.clone(), (account, holder.into_holder())))
    };
    rows.into_iter().map(pair).collect()
}
