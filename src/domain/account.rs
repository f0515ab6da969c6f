//! What is billed: one service point under one contract.

use chrono::NaiveDate;

use super::text::word_enum;

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
