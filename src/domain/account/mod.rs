//! What is billed: one service point under one contract.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::base::reason::Reason;
use super::base::text::{is_free_text, word_enum};

mod decide;
pub mod masking;
mod touches;

/// Digits of an account number.
pub const ACCOUNT_NUMBER_LEN_MAX: usize = 20;
/// Length up to which a reporting channel's unreadable account number is kept in suspense.
pub const ACCOUNT_NUMBER_AS_GIVEN_LEN_MAX: usize = 64;
/// Length of a holder's name.
pub const NAME_LEN_MAX: usize = 100;
/// Length of a holder's address.
pub const ADDRESS_LEN_MAX: usize = 200;
/// Length of a holder's phone number.
pub const PHONE_LEN_MAX: usize = 32;
/// Length of an area's name.
pub const AREA_LEN_MAX: usize = 64;

/// 1 to 20 ASCII digits; leading zeros count.
pub fn is_account_number(text: &str) -> bool {
    (1..=ACCOUNT_NUMBER_LEN_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What a reporting channel may give as an account number: at most 64 characters, none of them a control character.
pub fn is_account_number_as_given(text: &str) -> bool {
    is_free_text(text, ACCOUNT_NUMBER_AS_GIVEN_LEN_MAX)
}

word_enum! {
    /// Decides penalty rates and amount rules.
    CustomerClass {
        /// Households.
        Residential = "RESIDENTIAL",
        /// Shops and offices.
        Commercial = "COMMERCIAL",
        /// Factories.
        Industrial = "INDUSTRIAL",
        /// Farms and irrigation.
        Agricultural = "AGRICULTURAL",
        /// Everything else.
        Other = "OTHER",
    }
}

word_enum! {
    /// State of the contract. A SUSPENDED account pays like an ACTIVE one.
    AccountStatus {
        /// Supplied and billed.
        Active = "ACTIVE",
        /// Supply interrupted; billed and payable.
        Suspended = "SUSPENDED",
        /// Contract ended; only open bills remain payable.
        Closed = "CLOSED",
    }
}

word_enum! {
    /// Why there is nothing to pay on an account.
    AccountNotPayableCode {
        /// No open bill and no shortfall; a top-up is welcome.
        NothingDue = "NOTHING_DUE",
        /// The account is closed and nothing is open.
        AccountClosed = "ACCOUNT_CLOSED",
    }
}

/// The narrow, often written part of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// 1–20 digits.
    pub number: String,
    /// State of the contract.
    pub status: AccountStatus,
    /// Class of the customer.
    pub class: CustomerClass,
    /// Number of accepted movements so far.
    pub last_sequence: i64,
    /// Money of the customer not yet owed, in fen, ≥ 0.
    pub advance_fen: i64,
    /// Advance that was used and then reversed away, in fen, ≥ 0; never beside an advance.
    pub shortfall_fen: i64,
    /// Due date of the oldest payable bill; `None` where there is none.
    pub open_from: Option<NaiveDate>,
}

impl Account {
    /// Why there is nothing to pay, where nothing is due.
    pub fn nothing_due(&self) -> Reason<AccountNotPayableCode> {
        match self.status {
            AccountStatus::Closed => Reason {
                code: AccountNotPayableCode::AccountClosed,
                teller_text: "该户已销户，且无未缴电费，不能收费。",
                customer_text: "您的账户已销户，没有需要缴纳的电费。",
            },
            AccountStatus::Active | AccountStatus::Suspended => Reason {
                code: AccountNotPayableCode::NothingDue,
                teller_text: "该户没有未缴电费，可以预存。",
                customer_text: "您没有需要缴纳的电费。",
            },
        }
    }

    /// One without money and without movements.
    pub fn new(saved: &SaveAccount) -> Self {
        Self {
            number: saved.number.clone(),
            status: saved.status,
            class: saved.class,
            last_sequence: 0,
            advance_fen: 0,
            shortfall_fen: 0,
            open_from: None,
        }
    }

    /// Moves `fen` (negative: out) through the advance balance: a shortfall is settled first, and
    /// what cannot be taken becomes one (product rule 7).
    pub fn move_advance(&mut self, fen: i64) {
        let net = self.advance_fen - self.shortfall_fen + fen;
        self.advance_fen = net.max(0);
        self.shortfall_fen = (-net).max(0);
    }
}

/// Who stands behind an account: the rarely written, personal part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Name of the customer.
    pub name: String,
    /// Address of the service point.
    pub address: String,
    /// Phone number, as written.
    pub phone: String,
    /// Name of the district or route.
    pub area: String,
}

/// An account to be created or brought up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveAccount {
    /// 1–20 digits.
    pub number: String,
    /// State of the contract.
    pub status: AccountStatus,
    /// Class of the customer.
    pub class: CustomerClass,
    /// Who stands behind it.
    pub holder: Holder,
}

/// What a batch writes of accounts, by number.
#[derive(Debug, Default)]
pub struct AccountChanges {
    /// Accounts that were not there when it was decided: not locked, so that another may have been quicker.
    pub created: BTreeSet<String>,
    /// Accounts whose status or class changed.
    pub changed: BTreeSet<String>,
    /// Accounts whose hot row moved otherwise.
    pub touched: BTreeSet<String>,
    /// Who stands behind them from now on.
    pub held: BTreeMap<String, Holder>,
}
