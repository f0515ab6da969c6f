//! Movements of money: one row with a debit account, a credit account and an amount above zero, so
//! that the ledger balances by construction. Append-only.

use chrono::NaiveDate;

use super::text::word_enum;

word_enum! {
    /// The chart of accounts.
    LedgerAccount {
        /// Money with a channel, on its way to the utility.
        Clearing = "CLEARING",
        /// Unpaid principal of a bill.
        Receivable = "RECEIVABLE",
        /// Income from penalties.
        Penalty = "PENALTY",
        /// Money of the customer not yet owed, less shortfalls.
        Advance = "ADVANCE",
        /// Money that can't yet be placed.
        Suspense = "SUSPENSE",
        /// Income from charges.
        Revenue = "REVENUE",
    }
}

/// One row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The bill issue, payment or reversal it belongs to.
    pub movement_id: i64,
    /// Place within the movement, from 1.
    pub line: i32,
    /// Account number of the movement.
    pub account_number: String,
    /// Where the amount comes to.
    pub debit: LedgerAccount,
    /// Where it comes from.
    pub credit: LedgerAccount,
    /// Owner of the clearing side; `None` where no clearing is touched.
    pub channel_code: Option<String>,
    /// Bill whose receivable or penalty is touched.
    pub bill_number: Option<String>,
    /// In fen, > 0.
    pub amount_fen: i64,
    /// The day that counts as paid.
    pub paid_on: NaiveDate,
    /// For an allocation: still due on the bill at `paidAt` after it, in fen.
    pub remaining_after_fen: Option<i64>,
    /// Day of posting in the utility's zone.
    pub business_day: NaiveDate,
}

/// Builds the entries of one movement in order.
#[derive(Debug)]
pub struct Journal {
    movement_id: i64,
    account_number: String,
    channel_code: Option<String>,
    business_day: NaiveDate,
    entries: Vec<Entry>,
}

impl Journal {
    /// An empty journal; `channel_code` owns every clearing side in it.
    pub fn new(
        movement_id: i64,
        account_number: &str,
        channel_code: Option<&str>,
        business_day: NaiveDate,
    ) -> Self {
        Self {
            movement_id,
            account_number: account_number.to_owned(),
            channel_code: channel_code.map(str::to_owned),
            business_day,
            entries: Vec::new(),
        }
    }

    /// Adds one row; an amount of zero adds none.
    pub fn move_fen(
        &mut self,
        debit: LedgerAccount,
        credit: LedgerAccount,
        amount_fen: i64,
        paid_on: NaiveDate,
    ) {
        self.push(debit, credit, None, amount_fen, paid_on, None);
    }

    /// Adds one row that touches a bill; an amount of zero adds none.
    pub fn move_bill_fen(
        &mut self,
        (debit, credit): (LedgerAccount, LedgerAccount),
        bill_number: &str,
        amount_fen: i64,
        paid_on: NaiveDate,
        remaining_after_fen: Option<i64>,
    ) {
        self.push(debit, credit, Some(bill_number), amount_fen, paid_on, remaining_after_fen);
    }

    /// The rows, in order.
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    fn push(
        &mut self,
        debit: LedgerAccount,
        credit: LedgerAccount,
        bill_number: Option<&str>,
        amount_fen: i64,
        paid_on: NaiveDate,
        remaining_after_fen: Option<i64>,
    ) {
        assert!(amount_fen >= 0, "a movement has a direction, not a sign");
        if amount_fen == 0 {
            return;
        }
        let touches_clearing = debit == LedgerAccount::Clearing || credit == LedgerAccount::Clearing;
        self.entries.push(Entry {
            movement_id: self.movement_id,
            line: i32::try_from(self.entries.len() + 1).unwrap_or(i32::MAX),
            account_number: self.account_number.clone(),
            debit,
            credit,
            channel_code: self.channel_code.clone().filter(|_| touches_clearing),
            bill_number: bill_number.map(str::to_owned),
            amount_fen,
            paid_on,
            remaining_after_fen,
            business_day: self.business_day,
        });
    }
}
