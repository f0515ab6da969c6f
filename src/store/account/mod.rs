//! The rows of accounts: the hot row that every payment locks, and who stands behind it.

pub(in crate::store) mod audit;
pub(in crate::store) mod load;
pub(in crate::store) mod write;

use super::StoreError;
use super::base::table::{table, word};
use super::base::update::update;
use crate::domain::account::{Account, AccountStatus, CustomerClass, Holder};

table! {
    /// The hot rows.
    accounts as a, columns account_columns, order (account_number), insert " ON CONFLICT DO NOTHING" {
        account_number: String, status: String, customer_class: String, last_sequence: i64, advance_fen: i64,
        shortfall_fen: i64, open_from: Option<NaiveDate>,
    }
}

table! {
    /// Who stands behind accounts.
    account_holders as h, columns holder_columns, order (account_number), insert
        " ON CONFLICT (account_number) DO UPDATE SET name = excluded.name, address = excluded.address, \
          phone = excluded.phone, area = excluded.area WHERE (account_holders.name, account_holders.address, account_holders.phone, account_holders.area) \
          IS DISTINCT FROM (excluded.name, excluded.address, excluded.phone, excluded.area)" {
        account_number: String, name: String, address: String, phone: String, area: String,
    }
}

update! {
    /// What movements leave of an account.
    moved_accounts on accounts, key { account_number: String, }
        set { last_sequence: i64, advance_fen: i64, shortfall_fen: i64, open_from: Option<NaiveDate>, }
}

update! {
    /// What saving leaves of an account.
    saved_accounts on accounts, key { account_number: String, } set { status: String, customer_class: String, }
}

impl accounts::Row {
    /// The account.
    pub(in crate::store) fn into_account(self) -> Result<Account, StoreError> {
        Ok(Account {
            status: word("status", &self.status, AccountStatus::from_word)?,
            class: word("customer_class", &self.customer_class, CustomerClass::from_word)?,
            number: self.account_number,
            last_sequence: self.last_sequence,
            advance_fen: self.advance_fen,
            shortfall_fen: self.shortfall_fen,
            open_from: self.open_from,
        })
    }
}

impl account_holders::Row {
    /// The holder.
    pub(in crate::store) fn into_holder(self) -> Holder {
        Holder { name: self.name, address: self.address, phone: self.phone, area: self.area }
    }
}
