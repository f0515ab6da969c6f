//! Issuing a bill (product rules 5 and 8).

use super::super::base::calendar::day_of;
use super::super::base::ledger::{Journal, LedgerAccount};
use super::super::base::line::LineOutcome;
use super::super::base::money::FEN_MAX;
use super::super::base::numbers::Given;
use super::super::movement::Movement;
use super::super::state::State;
use super::penalty::PrincipalByDay;
use super::settle::{apply_advance, open_from};
use super::{AccountState, Bill, BillStatus, IssueBill};

/// Decides a bill and puts it into the state.
pub(super) fn settle(state: &mut State, given: &Given, command: &IssueBill) -> LineOutcome {
    match decide(state, given, command) {
        Err(outcome) => outcome,
        Ok(movement) => {
            let keys = movement.bills.iter().map(|bill| (bill.account_number.clone(), bill.number.clone()));
            state.changes.bills.issued.extend(keys);
            state.apply(movement);
            LineOutcome::Saved
        }
    }
}

/// The bill with what it moves; or what becomes of the line instead.
fn decide(state: &State, given: &Given, command: &IssueBill) -> Result<Movement, LineOutcome> {
    let refuse = |column, reason: String| Err(LineOutcome::refused(column, reason));
    if !(0..=FEN_MAX).contains(&command.principal_fen) {
        return refuse("principal", "the principal is not between 0.00 and 10000000000.00".to_owned());
    }
    if command.due_on < command.issued_on {
        return refuse("due_on", "the due date lies before the day of issue".to_owned());
    }
    let Some(account) = state.accounts.get(&command.account_number) else {
        return refuse("account_number", format!("there is no account {}", command.account_number));
    };
    match account.bill(&command.number) {
        Some(bill) => match differing_column(bill, command) {
            None => Err(LineOutcome::Unchanged),
            Some(column) => refuse(column, format!("bill {} was issued with another {column}", bill.number)),
        },
        None if !state.policies.covers(account.account.class, command.due_on) => {
            let class = account.account.class.word();
            refuse("due_on", format!("no penalty row covers class {class} on {}", command.due_on))
        }
        None => Ok(issue(state, given, command, account)),
    }
}

fn differing_column(bill: &Bill, command: &IssueBill) -> Option<&'static str> {
    if bill.period != command.period {
        Some("period")
    } else if bill.principal_fen != command.principal_fen {
        Some("principal")
    } else if bill.issued_on != command.issued_on {
        Some("issued_on")
    } else if bill.due_on != command.due_on {
        Some("due_on")
    } else {
        None
    }
}

fn issue(state: &State, given: &Given, command: &IssueBill, before: &AccountState) -> Movement {
    let business_day = day_of(given.at_ms, state.policies.zone);
    let mut after = before.account.clone();
    after.last_sequence += 1;
    let bill = Bill {
        account_number: command.account_number.clone(),
        number: command.number.clone(),
        period: command.period.clone(),
        class: after.class,
        principal_fen: command.principal_fen,
        issued_on: command.issued_on,
        due_on: command.due_on,
        status: if command.principal_fen == 0 { BillStatus::Paid } else { BillStatus::Open },
        principal_paid_fen: 0,
        penalty_paid_fen: 0,
        principal_by_day: PrincipalByDay::default(),
        sequence: after.last_sequence,
        movement_id: given.number(),
    };
    let mut journal = Journal::new(given.number(), &bill.account_number, None, business_day);
    let sides = (LedgerAccount::Receivable, LedgerAccount::Revenue);
    journal.move_bill_fen(sides, &bill.number, bill.principal_fen, bill.issued_on, None);
    let unpaid = std::slice::from_ref(&bill);
    let paid = apply_advance(&state.policies, &mut after, unpaid, business_day, &mut journal);
    let bills = if paid.is_empty() { vec![bill] } else { paid };
    after.open_from = open_from(&before.bills, &bills);
    let entries = journal.into_entries();
    Movement { account: Some(after), bills, entries, ..Movement::default() }
}
