//! The charge of one account for one billing period.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::account::{Account, CustomerClass, Holder};
use super::base::ledger::LedgerAccount;
use super::base::not_payable::NotPayable;
use super::base::text::word_enum;
use penalty::{PenaltyPolicy, PrincipalByDay, penalty_fen};

mod decide;
pub mod penalty;
pub mod policies;
pub mod settle;
mod touches;

/// Length of a bill number.
pub const BILL_NUMBER_LEN_MAX: usize = 32;

/// 1 to 32 visible ASCII characters, no space.
pub fn is_bill_number(text: &str) -> bool {
    (1..=BILL_NUMBER_LEN_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

word_enum! {
    /// What an allocation settles of a bill.
    Part {
        /// The charge itself.
        Principal = "PRINCIPAL",
        /// What lateness added.
        Penalty = "PENALTY",
    }
}

/// The part of a payment that settled one bill's principal or penalty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// The bill.
    pub bill_number: String,
    /// Which part of it.
    pub part: Part,
    /// How much, in fen, > 0.
    pub amount_fen: i64,
    /// Still due on the whole bill at `paidAt` after this, in fen.
    pub remaining_after_fen: i64,
}

/// The ledger account that a part of a bill is paid into.
pub fn ledger_account_of(part: Part) -> LedgerAccount {
    match part {
        Part::Principal => LedgerAccount::Receivable,
        Part::Penalty => LedgerAccount::Penalty,
    }
}

word_enum! {
    /// Follows from what was paid; CANCELLED is the billing system's word.
    BillStatus {
        /// Nothing paid yet.
        Open = "OPEN",
        /// Something paid, something due.
        PartlyPaid = "PARTLY_PAID",
        /// Principal and penalty paid.
        Paid = "PAID",
        /// Withdrawn; nothing is due and nothing can be paid.
        Cancelled = "CANCELLED",
    }
}

/// The part of a bill that is paid into a ledger account; `None` where it is none of a bill's.
pub fn part_paid_into(account: LedgerAccount) -> Option<Part> {
    Part::ALL.iter().copied().find(|part| ledger_account_of(*part) == account)
}

word_enum! {
    /// Why a bill can't be paid now.
    BillNotPayableCode {
        /// It is paid.
        BillPaid = "BILL_PAID",
        /// It was withdrawn by billing.
        BillCancelled = "BILL_CANCELLED",
    }
}

/// One bill with what has been paid on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// Account it belongs to.
    pub account_number: String,
    /// Number given by billing, unique within the account.
    pub number: String,
    /// Billing period, `2026-11`.
    pub period: String,
    /// Class of the customer when the bill was issued.
    pub class: CustomerClass,
    /// The charge, in fen, ≥ 0.
    pub principal_fen: i64,
    /// Day of issue.
    pub issued_on: NaiveDate,
    /// Last day without penalty.
    pub due_on: NaiveDate,
    /// Follows from the amounts.
    pub status: BillStatus,
    /// Principal paid so far, in fen.
    pub principal_paid_fen: i64,
    /// Penalty charged and paid so far, in fen.
    pub penalty_paid_fen: i64,
    /// Principal paid, by the day that counts.
    pub principal_by_day: PrincipalByDay,
    /// Place among the account's movements.
    pub sequence: i64,
    /// Number of the movement that issued it.
    pub movement_id: i64,
}

impl Bill {
    /// Whether money can be put on it now.
    pub fn is_payable(&self) -> bool {
        matches!(self.status, BillStatus::Open | BillStatus::PartlyPaid)
    }

    /// Why it can't be paid now; `None` where it can.
    pub fn not_payable(&self) -> Option<NotPayable<BillNotPayableCode>> {
        match self.status {
            BillStatus::Open | BillStatus::PartlyPaid => None,
            BillStatus::Paid => Some(NotPayable {
                code: BillNotPayableCode::BillPaid,
                teller_text: "该账单已缴清。",
                customer_text: "这张账单已经缴清。",
            }),
            BillStatus::Cancelled => Some(NotPayable {
                code: BillNotPayableCode::BillCancelled,
                teller_text: "该账单已作废，不能收费。",
                customer_text: "这张账单已经作废，无需缴纳。",
            }),
        }
    }

    /// Principal still unpaid, in fen.
    pub fn principal_due_fen(&self) -> i64 {
        self.principal_fen - self.principal_paid_fen
    }

    /// Penalty owed in all where the rest of the principal is paid on `day`, in fen: the larger of `P*`
    /// and what was charged, since a penalty once charged is never taken back by an earlier payment
    /// reported later (product rule 6). Of a bill that isn't cancelled, principal + penalty - paid is
    /// the amount due.
    pub fn penalty_fen(&self, policy: &PenaltyPolicy, day: NaiveDate) -> i64 {
        if self.status == BillStatus::Cancelled {
            return self.penalty_paid_fen;
        }
        let in_all = penalty_fen(policy, self.principal_fen, self.due_on, &self.principal_by_day, day);
        in_all.max(self.penalty_paid_fen)
    }

    /// Penalty still to be paid on `day`, in fen, ≥ 0.
    pub fn penalty_due_fen(&self, policy: &PenaltyPolicy, day: NaiveDate) -> i64 {
        self.penalty_fen(policy, day) - self.penalty_paid_fen
    }

    /// Principal and penalty still to be paid on `day`, in fen; 0 where the bill is not payable. Whatever
    /// is paid on `day`, of either part, lowers it by just that.
    pub fn amount_due_fen(&self, policy: &PenaltyPolicy, day: NaiveDate) -> i64 {
        if self.is_payable() { self.principal_due_fen() + self.penalty_due_fen(policy, day) } else { 0 }
    }

    /// Puts `fen` (negative: takes it off) on one part, counted on `paid_on`, and lets the status follow.
    pub fn settle(&mut self, part: Part, fen: i64, paid_on: NaiveDate, policy: &PenaltyPolicy) {
        match part {
            Part::Penalty => self.penalty_paid_fen += fen,
            Part::Principal => {
                self.principal_paid_fen += fen;
                self.principal_by_day.add(paid_on, fen);
            }
        }
        self.status = self.status_from_amounts(policy);
    }

    /// The status the amounts call for: paid where nothing is due. Once the principal is paid the
    /// penalty is the same for every day, so any will do.
    pub fn status_from_amounts(&self, policy: &PenaltyPolicy) -> BillStatus {
        if self.status == BillStatus::Cancelled {
            BillStatus::Cancelled
        } else if self.principal_due_fen() == 0 && self.penalty_due_fen(policy, self.due_on) == 0 {
            BillStatus::Paid
        } else if self.principal_paid_fen == 0 && self.penalty_paid_fen == 0 {
            BillStatus::Open
        } else {
            BillStatus::PartlyPaid
        }
    }
}

/// An account as it is shown: of one instant.
#[derive(Debug, Clone)]
pub struct BilledAccount {
    /// The account.
    pub account: Account,
    /// Who stands behind it.
    pub holder: Holder,
    /// Its payable bills, oldest due date first, then by number.
    pub open_bills: Vec<Bill>,
}

/// An account with all its payable bills and whatever others the batch can touch, oldest due date
/// first, then by number.
#[derive(Debug, Clone)]
pub struct AccountState {
    /// The hot row.
    pub account: Account,
    /// Its bills.
    pub bills: Vec<Bill>,
}

impl AccountState {
    /// The bill of that number, if it was loaded.
    pub fn bill(&self, number: &str) -> Option<&Bill> {
        self.bills.iter().find(|bill| bill.number == number)
    }

    /// The payable bills, oldest due date first.
    pub fn payable_bills(&self) -> impl Iterator<Item = &Bill> {
        self.bills.iter().filter(|bill| bill.is_payable())
    }

    /// Puts a bill in its place, in the stead of an earlier image of it.
    pub fn put_bill(&mut self, bill: Bill) {
        let place = |other: &Bill| (other.due_on, other.number.clone());
        match self.bills.binary_search_by_key(&place(&bill), place) {
            Ok(index) => self.bills[index] = bill,
            Err(index) => self.bills.insert(index, bill),
        }
    }
}

/// A bill to be issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueBill {
    /// Account it is for.
    pub account_number: String,
    /// Number given by billing.
    pub number: String,
    /// Billing period, `2026-11`.
    pub period: String,
    /// In fen, ≥ 0.
    pub principal_fen: i64,
    /// Day of issue.
    pub issued_on: NaiveDate,
    /// Last day without penalty, not before the day of issue.
    pub due_on: NaiveDate,
}

/// What a batch writes of bills, by account number and bill number.
#[derive(Debug, Default)]
pub struct BillChanges {
    /// Bills that are new.
    pub issued: BTreeSet<(String, String)>,
    /// Bills that were there and changed.
    pub touched: BTreeSet<(String, String)>,
}
