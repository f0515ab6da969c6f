//! Reversing a payment: once, wholly, its own entries newest first (product rule 7).

use super::super::base::calendar::day_of;
use super::super::base::keys::KEY_FIELD;
use super::super::base::ledger::Journal;
use super::super::base::numbers::Given;
use super::super::base::refusal::Refusal;
use super::super::bill::AccountState;
use super::super::bill::settle::{apply_advance, open_from};
use super::super::exception::{Exception, ExceptionKind};
use super::super::keyed::{Keyed, reused};
use super::super::movement::Movement;
use super::super::payment::undo::write_back;
use super::super::payment::{EARLY_REVERSAL, Payment, PostPayment, Reversal};
use super::super::state::State;
use super::{KEY_OF_PAYMENT, ReversePayment, ReverseRefusalCode};

/// What an accepted reversal does.
pub enum Done {
    /// Nothing yet: its payment will be undone when it comes. What was cut of it is a difference already.
    Remember(Option<Exception>),
    /// Undoes a payment.
    Reverse(Box<Movement>),
}

/// What reversing the payment does. The command's own key is free.
pub(super) fn decide(
    state: &State,
    given: &Given,
    command: &ReversePayment,
) -> Result<Done, Refusal<ReverseRefusalCode>> {
    if command.key.text == command.input.payment_key {
        return Err(reused(KEY_FIELD));
    }
    let Some(record) = state.keys.record(&command.payment_key()) else {
        return Ok(Done::Remember(trimmed(state, given, command, None)));
    };
    if record.kind == EARLY_REVERSAL {
        return Err(already_reversed());
    }
    if record.kind != PostPayment::KIND {
        return Err(reused(KEY_OF_PAYMENT));
    }
    if record.refusal.is_some() {
        let message = "The payment was refused; nothing was posted that could be reversed.";
        return Err(Refusal::of_field(ReverseRefusalCode::PaymentWasRefused, KEY_OF_PAYMENT, message));
    }
    let payment = state.rooms.payments.get(record.number).expect("the payment of a posted key was loaded");
    match payment.reversal {
        Some(_) => Err(already_reversed()),
        None => Ok(Done::Reverse(Box::new(reverse(state, given, command, payment)))),
    }
}

fn already_reversed() -> Refusal<ReverseRefusalCode> {
    let message = "The payment is reversed already, under another key.";
    Refusal::of_field(ReverseRefusalCode::PaymentAlreadyReversed, KEY_OF_PAYMENT, message)
}

fn reverse(state: &State, given: &Given, command: &ReversePayment, payment: &Payment) -> Movement {
    let business_day = day_of(given.at_ms, state.policies.zone);
    let channel_code = Some(payment.channel_code.as_str());
    let mut journal = Journal::new(given.number(), &payment.account_number, channel_code, business_day);
    write_back(payment, &mut journal);
    let mut movement = match payment.sequence {
        None => Movement::default(),
        Some(_) => {
            let account = state.accounts.get(&payment.account_number);
            let account = account.expect("the account of a posted payment was loaded");
            take_back(state, account, given, payment, &mut journal)
        }
    };
    let reversal = Reversal {
        id: given.number(),
        account_number: payment.account_number.clone(),
        payment_id: payment.id,
        sequence: movement.account.as_ref().map(|account| account.last_sequence),
        channel_code: command.key.channel_code.clone(),
        idempotency_key: command.key.text.clone(),
        reason: command.input.reason.clone(),
        is_early: false,
        posted_at_ms: given.at_ms,
        business_day,
        actor: command.actor.clone(),
    };
    movement.entries = journal.into_entries();
    movement.exceptions.extend(trimmed(state, given, command, Some(payment)));
    movement.reversal = Some(reversal);
    movement
}

/// The difference that a cut leaves.
fn trimmed(
    state: &State,
    given: &Given,
    command: &ReversePayment,
    payment: Option<&Payment>,
) -> Option<Exception> {
    let detail = command.trimmed.clone()?;
    Some(Exception {
        account_number: payment.map(|payment| payment.account_number.clone()).unwrap_or_default(),
        channel_code: command.key.channel_code.clone(),
        idempotency_key: command.key.text.clone(),
        kind: ExceptionKind::InputTrimmed,
        detail,
        payment_id: payment.map(|payment| payment.id),
        recorded_at_ms: given.at_ms,
        business_day: day_of(given.at_ms, state.policies.zone),
    })
}

/// Takes the payment off its bills and the advance, then lets what advance is left pay again.
fn take_back(
    state: &State,
    before: &AccountState,
    given: &Given,
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
    let day = day_of(given.at_ms, state.policies.zone);
    for bill in apply_advance(&state.policies, &mut after.account, &after.bills, day, journal) {
        after.put_bill(bill);
    }
    let bills = after.bills.iter().filter(|bill| before.bill(&bill.number) != Some(bill)).cloned().collect();
    after.account.last_sequence += 1;
    after.account.open_from = open_from(&after.bills, &[]);
    Movement { account: Some(after.account), bills, ..Movement::default() }
}
