//! The rows of bills.

pub(in crate::store) mod audit;
pub(in crate::store) mod load;
pub mod policies;
pub mod read;
pub(in crate::store) mod write;

use super::StoreError;
use super::base::table::{table, word};
use super::base::update::update;
use crate::domain::account::CustomerClass;
use crate::domain::bill::penalty::PrincipalByDay;
use crate::domain::bill::{Bill, BillStatus};

table! {
    /// The charges of accounts.
    bills as b, columns bill_columns, order (account_number, bill_number), insert "" {
        account_number: String, bill_number: String, period: String, customer_class: String, principal_fen: i64,
        issued_on: NaiveDate, due_on: NaiveDate, status: String, principal_paid_fen: i64, penalty_paid_fen: i64,
        principal_by_day: Built, sequence: i64, movement_id: i64,
    }
}

update! {
    /// What movements leave of a bill.
    settled_bills on bills, key { account_number: String, bill_number: String, }
        set { status: String, principal_paid_fen: i64, penalty_paid_fen: i64, principal_by_day: Built, }
}

impl bills::Row {
    /// The bill.
    pub(in crate::store) fn into_bill(self) -> Result<Bill, StoreError> {
        Ok(Bill {
            class: word("customer_class", &self.customer_class, CustomerClass::from_word)?,
            status: word("status", &self.status, BillStatus::from_word)?,
            principal_by_day: word("principal_by_day", &self.principal_by_day, PrincipalByDay::from_text)?,
            account_number: self.account_number,
            number: self.bill_number,
            period: self.period,
            principal_fen: self.principal_fen,
            issued_on: self.issued_on,
            due_on: self.due_on,
            principal_paid_fen: self.principal_paid_fen,
            penalty_paid_fen: self.penalty_paid_fen,
            sequence: self.sequence,
            movement_id: self.movement_id,
        })
    }
}
