//! The dated rules of the utility that bills are under.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::super::account::{Account, AccountNotPayableCode, CustomerClass};
use super::super::base::money::sum_fen;
use super::super::base::not_payable::NotPayable;
use super::penalty::PenaltyPolicy;
use super::{Bill, Part};

/// Where no dated row covers a due date, lateness adds nothing.
const NO_PENALTY: PenaltyPolicy = PenaltyPolicy {
    class: CustomerClass::Other,
    effective_from: NaiveDate::MIN,
    due_year_permille: 0,
    later_years_permille: 0,
    start_day: 1,
    minimum_fen: 0,
};

/// The dated rules of the utility.
#[derive(Debug, Clone)]
pub struct Policies {
    /// The utility's time zone.
    pub zone: Tz,
    /// Penalty rules in any order.
    pub penalty: Vec<PenaltyPolicy>,
    /// From which day of `paidAt` on which part of a bill is settled first, in any order.
    pub first_part: Vec<(NaiveDate, Part)>,
}

impl Policies {
    /// The penalty rules that govern a bill for life: the row in force on its due date.
    pub fn penalty(&self, class: CustomerClass, due_on: NaiveDate) -> &PenaltyPolicy {
        let in_force = |row: &&PenaltyPolicy| row.class == class && row.effective_from <= due_on;
        self.penalty.iter().filter(in_force).max_by_key(|row| row.effective_from).unwrap_or(&NO_PENALTY)
    }

    /// Whether a row governs bills of this class with this due date.
    pub fn covers(&self, class: CustomerClass, due_on: NaiveDate) -> bool {
        self.penalty.iter().any(|row| row.class == class && row.effective_from <= due_on)
    }

    /// The penalty rules of this bill.
    pub fn penalty_of(&self, bill: &Bill) -> &PenaltyPolicy {
        self.penalty(bill.class, bill.due_on)
    }

    /// What a payer who pays on `day` owes on an account with these bills, in fen: all payable ones with their
    /// penalties, and the shortfall.
    pub fn due_fen(&self, account: &Account, bills: &[Bill], day: NaiveDate) -> i64 {
        let on_bills = bills.iter().map(|bill| bill.amount_due_fen(self.penalty_of(bill), day));
        sum_fen(on_bills.chain([account.shortfall_fen]))
    }

    /// Why there is nothing to pay on an account with these bills; `None` where something is due on `day`, or a bill is
    /// open.
    pub fn not_payable(
        &self,
        account: &Account,
        bills: &[Bill],
        day: NaiveDate,
    ) -> Option<NotPayable<AccountNotPayableCode>> {
        let is_payable = self.due_fen(account, bills, day) > 0 || bills.iter().any(Bill::is_payable);
        (!is_payable).then(|| account.nothing_due())
    }

    /// The parts of a bill in order of settlement for money paid on `day`; penalty first unless a
    /// row says otherwise.
    pub fn parts_in_order(&self, day: NaiveDate) -> [Part; 2] {
        let in_force = self.first_part.iter().filter(|(from, _)| *from <= day).max_by_key(|(from, _)| *from);
        match in_force {
            Some((_, Part::Principal)) => [Part::Principal, Part::Penalty],
            Some((_, Part::Penalty)) | None => [Part::Penalty, Part::Principal],
        }
    }
}
