//! What must hold after every command, counted again from the entries alone.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use granary::domain::account::CustomerClass;
use granary::domain::base::ledger::{Entry, LedgerAccount};
use granary::domain::bill::{AccountState, Bill, BillStatus};
use granary::domain::payment::Payment;
use granary::domain::state::State;

use super::naive::{self, Law};

pub fn check(state: &State) {
    for account in state.accounts.values() {
        check_account(state, account);
        for bill in &account.bills {
            check_bill(state, bill);
        }
    }
    for payment in &state.changes.payments.posted {
        check_payment(state, payment);
    }
    check_reversals(state);
    check_totals(state);
    check_lines(state);
}

fn check_account(state: &State, known: &AccountState) {
    let account = &known.account;
    assert!(account.advance_fen >= 0 && account.shortfall_fen >= 0);
    assert!(
        account.advance_fen == 0 || account.shortfall_fen == 0,
        "advance beside a shortfall: {account:?}"
    );
    let oldest = known.payable_bills().map(|bill| bill.due_on).min();
    assert_eq!(account.open_from, oldest, "open_from is not the oldest payable due date");
    assert!(account.advance_fen == 0 || oldest.is_none(), "advance beside a payable bill: {known:?}");
    let of_account = |entry: &&Entry| entry.account_number == account.number;
    let advance_fen = balance(state, LedgerAccount::Advance, of_account);
    assert_eq!(account.advance_fen - account.shortfall_fen, advance_fen, "advance differs from its entries");
    let bills = known.bills.iter().map(|bill| Some(bill.sequence));
    let payments =
        state.changes.payments.posted.iter().filter(|payment| payment.account_number == account.number);
    let reversals =
        state.changes.payments.reversals.iter().filter(|reversal| reversal.account_number == account.number);
    let moved = payments.map(|payment| payment.sequence).chain(reversals.map(|reversal| reversal.sequence));
    let mut sequences: Vec<i64> = bills.chain(moved).flatten().collect();
    sequences.sort_unstable();
    assert!(sequences.iter().copied().eq(1..=account.last_sequence), "the sequence has a gap: {sequences:?}");
}

fn check_bill(state: &State, bill: &Bill) {
    let of_bill = |entry: &&Entry| {
        entry.account_number == bill.account_number && entry.bill_number.as_ref() == Some(&bill.number)
    };
    let receivable = -balance(state, LedgerAccount::Receivable, of_bill);
    assert_eq!(receivable, bill.principal_due_fen(), "the receivable is not the unpaid principal: {bill:?}");
    assert_eq!(balance(state, LedgerAccount::Penalty, of_bill), bill.penalty_paid_fen);
    assert!((0..=bill.principal_fen).contains(&bill.principal_paid_fen), "{bill:?}");
    assert!(bill.penalty_paid_fen >= 0, "{bill:?}");

    let paid = principal_by_day(state, bill);
    let text: Vec<String> = paid.iter().map(|(day, fen)| format!("{day}={fen}")).collect();
    assert_eq!(bill.principal_by_day.to_text(), text.join(","));

    let penalty_fen = final_penalty_fen(state, bill, &paid);
    let is_settled = bill.principal_due_fen() == 0 && bill.penalty_paid_fen >= penalty_fen;
    let is_touched = bill.principal_paid_fen > 0 || bill.penalty_paid_fen > 0;
    let expected = match (is_settled, is_touched) {
        (true, _) => BillStatus::Paid,
        (false, true) => BillStatus::PartlyPaid,
        (false, false) => BillStatus::Open,
    };
    assert_eq!(bill.status, expected, "{bill:?}");
}

/// Standing principal allocations by the day that counts as paid.
pub fn principal_by_day(state: &State, bill: &Bill) -> Vec<(NaiveDate, i64)> {
    let mut paid: BTreeMap<NaiveDate, i64> = BTreeMap::new();
    for entry in &state.changes.entries {
        let is_of_bill =
            entry.account_number == bill.account_number && entry.bill_number.as_ref() == Some(&bill.number);
        if is_of_bill && entry.credit == LedgerAccount::Receivable {
            *paid.entry(entry.paid_on).or_default() += entry.amount_fen;
        }
        if is_of_bill && entry.debit == LedgerAccount::Receivable && entry.credit != LedgerAccount::Revenue {
            *paid.entry(entry.paid_on).or_default() -= entry.amount_fen;
        }
    }
    paid.into_iter().filter(|(_, fen)| *fen != 0).collect()
}

/// P once the principal is paid and can grow no more.
fn final_penalty_fen(state: &State, bill: &Bill, paid: &[(NaiveDate, i64)]) -> i64 {
    let last = paid.last().map_or(bill.due_on, |(day, _)| *day);
    naive::penalty_fen(
        law_in_force(state, bill.class, bill.due_on),
        bill.principal_fen,
        bill.due_on,
        paid,
        last,
    )
}

pub fn law_in_force(state: &State, class: CustomerClass, due_on: NaiveDate) -> Law {
    let rows = state.policies.penalty.iter().filter(|row| row.class == class && row.effective_from <= due_on);
    match rows.max_by_key(|row| row.effective_from) {
        Some(row) => Law {
            due_year_permille: row.due_year_permille,
            later_years_permille: row.later_years_permille,
            start_day: row.start_day,
            minimum_fen: row.minimum_fen,
        },
        None => Law { due_year_permille: 0, later_years_permille: 0, start_day: 1, minimum_fen: 0 },
    }
}

fn check_payment(state: &State, payment: &Payment) {
    let allocated: i64 = payment.allocations.iter().map(|allocation| allocation.amount_fen).sum();
    let parts = allocated + payment.to_advance_fen + payment.to_suspense_fen;
    assert_eq!(parts, payment.amount_fen, "the parts don't add up: {payment:?}");
    let of_payment = |entry: &&Entry| entry.movement_id == payment.id;
    assert_eq!(-balance(state, LedgerAccount::Clearing, of_payment), payment.amount_fen);
    assert!(payment.allocations.iter().all(|allocation| allocation.amount_fen > 0));
}

fn check_reversals(state: &State) {
    for reversal in &state.changes.payments.reversals {
        let of_reversal = |entry: &&Entry| entry.movement_id == reversal.id;
        let payment = state.changes.payments.posted.iter().find(|payment| payment.id == reversal.payment_id);
        let amount_fen = payment.map(|payment| payment.amount_fen);
        assert_eq!(Some(balance(state, LedgerAccount::Clearing, of_reversal)), amount_fen);
    }
    let mut undone: Vec<i64> =
        state.changes.payments.reversals.iter().map(|reversal| reversal.payment_id).collect();
    undone.sort_unstable();
    assert!(undone.windows(2).all(|pair| pair[0] != pair[1]), "a payment was reversed twice");
}

fn check_totals(state: &State) {
    for code in state.channels.keys() {
        let totals = state.changes.channels.totals.iter().filter(|((channel, _), _)| channel == code);
        let net: i64 = totals.map(|(_, total)| total.posted_fen - total.reversed_fen).sum();
        let of_channel = |entry: &&Entry| entry.channel_code.as_ref() == Some(code);
        assert_eq!(net, -balance(state, LedgerAccount::Clearing, of_channel));
    }
}

/// Lines count from 1 within a movement, and every row moves something.
fn check_lines(state: &State) {
    let mut last: BTreeMap<i64, i32> = BTreeMap::new();
    for entry in &state.changes.entries {
        let line = last.entry(entry.movement_id).or_default();
        *line += 1;
        assert_eq!(entry.line, *line);
        assert!(entry.amount_fen > 0);
        let touches = entry.debit == LedgerAccount::Clearing || entry.credit == LedgerAccount::Clearing;
        assert_eq!(entry.channel_code.is_some(), touches);
    }
}

/// Credits less debits.
fn balance(state: &State, ledger: LedgerAccount, is_meant: impl Fn(&&Entry) -> bool) -> i64 {
    let signed = |entry: &Entry| {
        let credit = if entry.credit == ledger { entry.amount_fen } else { 0 };
        credit - if entry.debit == ledger { entry.amount_fen } else { 0 }
    };
    state.changes.entries.iter().filter(is_meant).map(signed).sum()
}
