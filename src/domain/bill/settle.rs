//! Putting money on bills: a payment's allocation (product rule 4), the advance's application
//! (rule 5) and the oldest due date that follows.

use chrono::NaiveDate;

use super::super::account::Account;
use super::super::base::ledger::{Journal, LedgerAccount};
use super::policies::Policies;
use super::{AccountState, Allocation, Bill, Part, ledger_account_of};

/// What a payment settled.
pub(in crate::domain) struct Settlement {
    pub allocations: Vec<Allocation>,
    pub bills: Vec<Bill>,
    pub surplus_fen: i64,
}

/// Settles `amount_fen`, paid on `day`, on the named payable bills in the order named, then on the
/// others, oldest due date first.
pub(in crate::domain) fn settle_payment(
    policies: &Policies,
    state: &AccountState,
    named: &[String],
    amount_fen: i64,
    day: NaiveDate,
    journal: &mut Journal,
) -> Settlement {
    let mut settlement = Settlement { allocations: Vec::new(), bills: Vec::new(), surplus_fen: amount_fen };
    let named_bills = named.iter().filter_map(|number| state.bill(number)).filter(|bill| bill.is_payable());
    for bill in named_bills.chain(state.payable_bills()) {
        if settlement.surplus_fen == 0 {
            break;
        }
        let is_done = settlement.bills.iter().any(|done| done.number == bill.number);
        if !is_done {
            settle_bill(policies, bill.clone(), day, journal, &mut settlement);
        }
    }
    settlement
}

/// Settles the parts in order. Neither changes what the other asks for on that day, so what is enough for
/// both leaves nothing due (product rule 6), and no surplus lies beside an open bill.
fn settle_bill(
    policies: &Policies,
    mut bill: Bill,
    day: NaiveDate,
    journal: &mut Journal,
    settlement: &mut Settlement,
) {
    let policy = policies.penalty_of(&bill);
    for part in policies.parts_in_order(day) {
        let due_fen = match part {
            Part::Penalty => bill.penalty_due_fen(policy, day),
            Part::Principal => bill.principal_due_fen(),
        };
        let amount_fen = due_fen.min(settlement.surplus_fen);
        if amount_fen == 0 {
            continue;
        }
        bill.settle(part, amount_fen, day, policy);
        settlement.surplus_fen -= amount_fen;
        let remaining_after_fen = bill.amount_due_fen(policy, day);
        let sides = (LedgerAccount::Clearing, ledger_account_of(part));
        journal.move_bill_fen(sides, &bill.number, amount_fen, day, Some(remaining_after_fen));
        let bill_number = bill.number.clone();
        settlement.allocations.push(Allocation { bill_number, part, amount_fen, remaining_after_fen });
    }
    settlement.bills.push(bill);
}

/// Applies the advance to payable bills, oldest due date first, and returns the bills it changed.
///
/// It counts as paid on the due date or on `day`, whichever is earlier, so the principal it pays
/// never costs a penalty; a penalty that is owed all the same is paid after the principal.
pub(in crate::domain) fn apply_advance(
    policies: &Policies,
    account: &mut Account,
    bills: &[Bill],
    day: NaiveDate,
    journal: &mut Journal,
) -> Vec<Bill> {
    let mut changed = Vec::new();
    for bill in bills.iter().filter(|bill| bill.is_payable()) {
        if account.advance_fen == 0 {
            break;
        }
        let mut bill = bill.clone();
        let policy = policies.penalty_of(&bill);
        for part in [Part::Principal, Part::Penalty] {
            let (due_fen, paid_on) = match part {
                Part::Principal => (bill.principal_due_fen(), bill.due_on.min(day)),
                Part::Penalty => (bill.penalty_due_fen(policy, day), day),
            };
            let amount_fen = due_fen.min(account.advance_fen);
            if amount_fen > 0 {
                account.move_advance(-amount_fen);
                bill.settle(part, amount_fen, paid_on, policy);
                let sides = (LedgerAccount::Advance, ledger_account_of(part));
                journal.move_bill_fen(sides, &bill.number, amount_fen, paid_on, None);
            }
        }
        changed.push(bill);
    }
    changed
}

/// The oldest due date among payable bills once `changed` stand in the stead of their earlier images.
pub(in crate::domain) fn open_from(before: &[Bill], changed: &[Bill]) -> Option<NaiveDate> {
    let is_replaced = |bill: &&Bill| changed.iter().any(|new| new.number == bill.number);
    let kept = before.iter().filter(|bill| !is_replaced(bill));
    kept.chain(changed).filter(|bill| bill.is_payable()).map(|bill| bill.due_on).min()
}
