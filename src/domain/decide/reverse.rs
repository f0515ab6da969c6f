//! Reversing a payment: once, wholly, its own entries newest first (product rule 7).

use super::super::answer::{PostOutcome, Refusal, ReverseRefusalCode};
use super::super::calendar::day_of;
use super::super::command::{Order, ReversePayment};
use super::super::ledger::{Entry, Journal, LedgerAccount, account_of};
use super::super::payment::{Payment, Reversal};
use super::super::state::{AccountState, EarlyReversal, KeyState, State};
use super::conflict::{KEY_FIELD, conflict_reverse, differing_reverse_field};
use super::settle::{apply_advance, open_from};
use super::{Decision, Movement};

/// Name of the payment's key in the API.
const PAYMENT_KEY_FIELD: &str = "paymentIdempotencyKey";

pub(super) fn decide(state: &State, order: &Order, command: &ReversePayment) -> Decision {
    match state.key(&command.key) {
        KeyState::Reversal { input, outcome } => {
            return match differing_reverse_field(input, &command.input) {
                None => Decision::ReplayReverse(outcome.clone()),
                Some(field) => conflict_reverse(state, order, command, field),
            };
        }
        KeyState::Payment { .. } | KeyState::Reserved(_) => {
            return conflict_reverse(state, order, command, KEY_FIELD);
        }
        KeyState::Free { .. } => {}
    }
    if command.key.text == command.input.payment_key {
        return conflict_reverse(state, order, command, KEY_FIELD);
    }
    if !state.channels.contains_key(&command.key.channel_code) {
        return Decision::UnknownChannel;
    }
    match state.key(&command.payment_key()) {
        KeyState::Free { .. } => Decision::Remember,
        KeyState::Reserved(_) => already_reversed(),
        KeyState::Reversal { .. } => conflict_reverse(state, order, command, PAYMENT_KEY_FIELD),
        KeyState::Payment { outcome: PostOutcome::Refused(_), .. } => {
            Decision::RefuseReverse(Refusal::of_field(
                ReverseRefusalCode::PaymentWasRefused,
                PAYMENT_KEY_FIELD,
                "The payment was refused; nothing was posted that could be reversed.",
            ))
        }
        KeyState::Payment { outcome: PostOutcome::Posted(payment), .. } => match payment.reversal {
            Some(_) => already_reversed(),
            None => reverse(state, order, command, payment),
        },
    }
}

fn already_reversed() -> Decision {
    Decision::RefuseReverse(Refusal::of_field(
        ReverseRefusalCode::PaymentAlreadyReversed,
        PAYMENT_KEY_FIELD,
        "The payment is reversed already, under another key.",
    ))
}

fn reverse(state: &State, order: &Order, command: &ReversePayment, payment: &Payment) -> Decision {
    let business_day = day_of(order.at_ms, state.policies.zone);
    let channel_code = Some(payment.channel_code.as_str());
    let mut journal = Journal::new(order.id, &payment.account_number, channel_code, business_day);
    write_back(payment, &mut journal);
    let mut movement = match payment.sequence {
        None => Movement::default(),
        Some(_) => {
            let account = state.accounts.get(&payment.account_number);
            let account = account.expect("the account of a posted payment was loaded");
            take_back(state, account, order, payment, &mut journal)
        }
    };
    let reversal = Reversal {
        id: order.id,
        account_number: payment.account_number.clone(),
        payment_id: payment.id,
        sequence: movement.account.as_ref().map(|account| account.last_sequence),
        channel_code: command.key.channel_code.clone(),
        idempotency_key: command.key.text.clone(),
        reason: command.input.reason.clone(),
        is_early: false,
        posted_at_ms: order.at_ms,
        business_day,
        actor: command.actor.clone(),
    };
    movement.entries = journal.into_entries();
    movement.reversal = Some(reversal.clone());
    let reversed = Payment { reversal: Some(reversal), ..payment.clone() };
    Decision::Reverse(Box::new(movement), Box::new(reversed))
}

/// Writes the payment's entries with their sides changed, newest first.
fn write_back(payment: &Payment, journal: &mut Journal) {
    let day = payment.paid_on;
    journal.move_fen(LedgerAccount::Suspense, LedgerAccount::Clearing, payment.to_suspense_fen, day);
    journal.move_fen(LedgerAccount::Advance, LedgerAccount::Clearing, payment.to_advance_fen, day);
    for allocation in payment.allocations.iter().rev() {
        let sides = (account_of(allocation.part), LedgerAccount::Clearing);
        journal.move_bill_fen(sides, &allocation.bill_number, allocation.amount_fen, day, None);
    }
}

/// Takes the payment off its bills and the advance, then lets what advance is left pay again.
fn take_back(
    state: &State,
    before: &AccountState,
    order: &Order,
    payment: &Payment,
    journal: &mut Journal,
) -> Movement {
    let mut after = before.clone();
    after.account.move_advance(-payment.to_advance_fen);
    for allocation in payment.allocations.iter().rev() {
        let mut bill =
            after.bill(&allocation.bill_number).expect("the bills of a posted payment were loaded").clone();
        let policy = state.policies.penalty_of(&bill);
        bill.settle(allocation.part, -allocation.amount_fen, payment.paid_on, policy);
        after.put_bill(bill);
    }
    let day = day_of(order.at_ms, state.policies.zone);
    for bill in apply_advance(&state.policies, &mut after.account, &after.bills, day, journal) {
        after.put_bill(bill);
    }
    let bills = after.bills.iter().filter(|bill| before.bill(&bill.number) != Some(bill)).cloned().collect();
    after.account.last_sequence += 1;
    after.account.open_from = open_from(&after.bills, &[]);
    Movement { account: Some(after.account), bills, ..Movement::default() }
}

/// The reversal that waited for this payment, with its entries.
pub(super) fn undo_early(
    payment: &Payment,
    early: &EarlyReversal,
    sequence: Option<i64>,
) -> (Reversal, Vec<Entry>) {
    let channel_code = Some(payment.channel_code.as_str());
    let mut journal = Journal::new(early.id, &payment.account_number, channel_code, payment.business_day);
    write_back(payment, &mut journal);
    let reversal = Reversal {
        id: early.id,
        account_number: payment.account_number.clone(),
        payment_id: payment.id,
        sequence,
        channel_code: payment.channel_code.clone(),
        idempotency_key: early.key.clone(),
        reason: early.reason.clone(),
        is_early: true,
        posted_at_ms: payment.posted_at_ms,
        business_day: payment.business_day,
        actor: early.actor.clone(),
    };
    (reversal, journal.into_entries())
}
