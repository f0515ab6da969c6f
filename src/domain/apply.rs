//! `apply`: puts a decision into the state, so that the next command of the batch sees it, and
//! notes what must be written. Past `decide` nothing can fail.

use super::answer::{Answer, LineOutcome, PostOutcome, ReverseOutcome};
use super::bill::Bill;
use super::command::{Command, Key, Order, PostPayment, ReversePayment, SaveAccount};
use super::decide::{Decision, Movement};
use super::payment::Payment;
use super::state::{AccountState, EarlyReversal, KeyChange, KeyState, State};

/// Applies the decision made for `order` and returns the caller's answer.
pub fn apply(state: &mut State, order: &Order, decision: Decision) -> Answer {
    match (&order.command, decision) {
        (Command::PostPayment(command), decision) => apply_post(state, order, command, decision),
        (Command::ReversePayment(command), decision) => apply_reverse(state, order, command, decision),
        (_, Decision::Issue(movement)) => {
            issue(state, *movement);
            Answer::Line(LineOutcome::Saved)
        }
        (_, Decision::Save(account)) => save(state, *account),
        (_, Decision::AddChannel(channel)) => {
            state.channels.insert(channel.code.clone(), (*channel).clone());
            state.changes.added_channels.push(*channel);
            Answer::Line(LineOutcome::Saved)
        }
        (_, Decision::SuspendChannel { code, suspend }) => {
            if let Some(channel) = state.channels.get_mut(&code) {
                channel.is_suspended = suspend;
            }
            state.changes.suspended_channels.push((code, suspend));
            Answer::Line(LineOutcome::Saved)
        }
        (_, Decision::RuleDocuments { code, documents }) => {
            if let Some(channel) = state.channels.get_mut(&code) {
                channel.documents = documents;
            }
            state.changes.ruled_documents.push((code, documents));
            Answer::Line(LineOutcome::Saved)
        }
        (_, Decision::ChangeDoor(change)) => {
            state.changes.door.push((change, order.at_ms));
            Answer::Line(LineOutcome::Saved)
        }
        (_, Decision::Line(outcome)) => Answer::Line(outcome),
        (_, Decision::UnknownChannel) => Answer::UnknownChannel,
        (command, decision) => unreachable!("{decision:?} is no decision for {command:?}"),
    }
}

fn apply_post(state: &mut State, order: &Order, command: &PostPayment, decision: Decision) -> Answer {
    let (outcome, replayed) = match decision {
        Decision::ReplayPost(outcome) => (outcome, true),
        Decision::ConflictPost(refusal, exception) => {
            state.changes.exceptions.push(*exception);
            (PostOutcome::Refused(refusal), false)
        }
        Decision::RefusePost(refusal) => {
            let outcome = PostOutcome::Refused(refusal.clone());
            claim_for_payment(state, order, command, outcome.clone());
            state.changes.keys.push(KeyChange::PostRefused { key: command.key.clone(), refusal });
            (outcome, false)
        }
        Decision::Post(movement) => {
            let payment = movement.payment.clone().expect("a posting has a payment");
            move_money(state, *movement);
            let outcome = PostOutcome::Posted(Box::new(payment));
            claim_for_payment(state, order, command, outcome.clone());
            (outcome, false)
        }
        Decision::UnknownChannel => return Answer::UnknownChannel,
        decision => unreachable!("{decision:?} is no decision for a payment"),
    };
    Answer::Post { outcome, replayed }
}

fn apply_reverse(state: &mut State, order: &Order, command: &ReversePayment, decision: Decision) -> Answer {
    let (outcome, replayed) = match decision {
        Decision::ReplayReverse(outcome) => (outcome, true),
        Decision::ConflictReverse(refusal, exception) => {
            state.changes.exceptions.push(*exception);
            (ReverseOutcome::Refused(refusal), false)
        }
        Decision::RefuseReverse(refusal) => {
            let outcome = ReverseOutcome::Refused(refusal.clone());
            claim_for_reversal(state, order, command, outcome.clone());
            state.changes.keys.push(KeyChange::ReverseRefused { key: command.key.clone(), refusal });
            (outcome, false)
        }
        Decision::Remember => {
            claim_for_reversal(state, order, command, ReverseOutcome::Remembered);
            reserve(state, order, command);
            (ReverseOutcome::Remembered, false)
        }
        Decision::Reverse(movement, payment) => {
            move_money(state, *movement);
            mark_reversed(state, command.payment_key(), &payment);
            let outcome = ReverseOutcome::Reversed(payment);
            claim_for_reversal(state, order, command, outcome.clone());
            (outcome, false)
        }
        Decision::UnknownChannel => return Answer::UnknownChannel,
        decision => unreachable!("{decision:?} is no decision for a reversal"),
    };
    Answer::Reverse { outcome, replayed }
}

fn claim_for_payment(state: &mut State, order: &Order, command: &PostPayment, outcome: PostOutcome) {
    if !holds_row(state, &command.key, order) {
        let (key, input) = (command.key.clone(), command.input.clone());
        state.changes.keys.push(KeyChange::Payment { key, movement_id: order.id, input });
    }
    state.keys.insert(command.key.clone(), KeyState::Payment { input: command.input.clone(), outcome });
}

fn claim_for_reversal(state: &mut State, order: &Order, command: &ReversePayment, outcome: ReverseOutcome) {
    if !holds_row(state, &command.key, order) {
        let (key, input) = (command.key.clone(), command.input.clone());
        state.changes.keys.push(KeyChange::Reversal { key, movement_id: order.id, input });
    }
    state.keys.insert(command.key.clone(), KeyState::Reversal { input: command.input.clone(), outcome });
}

fn reserve(state: &mut State, order: &Order, command: &ReversePayment) {
    let early = EarlyReversal {
        id: order.id,
        key: command.key.text.clone(),
        reason: command.input.reason.clone(),
        actor: command.actor.clone(),
    };
    let key = command.payment_key();
    if !holds_row(state, &key, order) {
        state.changes.keys.push(KeyChange::Reserved { key: key.clone(), early: early.clone() });
    }
    state.keys.insert(key, KeyState::Reserved(early));
}

fn holds_row(state: &State, key: &Key, order: &Order) -> bool {
    matches!(state.key(key), KeyState::Free { row_of: Some(id) } if *id == order.id)
}

/// The payment's key, and the outcome of any reversal that shows the payment, follow.
fn mark_reversed(state: &mut State, key: Key, payment: &Payment) {
    if let Some(KeyState::Payment { outcome: PostOutcome::Posted(recorded), .. }) = state.keys.get_mut(&key) {
        recorded.reversal.clone_from(&payment.reversal);
    }
}

fn move_money(state: &mut State, movement: Movement) {
    let Movement { payment, reversal, account, bills, entries, exceptions } = movement;
    if let Some(payment) = &payment {
        let key = (payment.channel_code.clone(), payment.business_day);
        let delta = state.changes.totals.entry(key).or_default();
        delta.posted_fen += payment.amount_fen;
        delta.posted_count += 1;
    }
    if let Some(reversal) = &reversal {
        let key = (reversal.channel_code.clone(), reversal.business_day);
        let delta = state.changes.totals.entry(key).or_default();
        let clearing = |entry: &&super::ledger::Entry| {
            entry.movement_id == reversal.id && entry.credit == super::ledger::LedgerAccount::Clearing
        };
        delta.reversed_fen += entries.iter().filter(clearing).map(|entry| entry.amount_fen).sum::<i64>();
        delta.reversed_count += 1;
    }
    if let Some(account) = account {
        state.changes.touched_accounts.insert(account.number.clone());
        let known = state.accounts.get_mut(&account.number).expect("a moved account was loaded");
        known.account = account;
        for bill in bills {
            let key = (bill.account_number.clone(), bill.number.clone());
            if !state.changes.issued_bills.contains(&key) {
                state.changes.touched_bills.insert(key);
            }
            known.put_bill(bill);
        }
    }
    state.changes.payments.extend(payment);
    state.changes.reversals.extend(reversal);
    state.changes.entries.extend(entries);
    state.changes.exceptions.extend(exceptions);
}

fn issue(state: &mut State, movement: Movement) {
    let keys = movement
        .bills
        .iter()
        .map(|Bill { account_number, number, .. }| (account_number.clone(), number.clone()));
    state.changes.issued_bills.extend(keys);
    move_money(state, movement);
}

fn save(state: &mut State, account: SaveAccount) -> Answer {
    let known = state.accounts.entry(account.number.clone());
    let known = known.or_insert_with(|| AccountState {
        account: super::account::Account {
            number: account.number.clone(),
            status: account.status,
            class: account.class,
            last_sequence: 0,
            advance_fen: 0,
            shortfall_fen: 0,
            open_from: None,
        },
        bills: Vec::new(),
    });
    known.account.status = account.status;
    known.account.class = account.class;
    state.changes.saved_accounts.push(account);
    Answer::Line(LineOutcome::Saved)
}
