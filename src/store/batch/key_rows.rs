//! Key rows out of orders, and what is known of a key out of its row.

use super::super::StoreError;
use super::super::key_row::KeyRow;
use super::WantedKeys;
use crate::domain::answer::{PostOutcome, ReverseOutcome};
use crate::domain::command::{Command, Key, Order, PostInput, ReverseInput};
use crate::domain::payment::{Actor, Payment};
use crate::domain::state::{EarlyReversal, KeyState};

pub(in crate::store) const PAYMENT_POST: &str = "PAYMENT_POST";
pub(in crate::store) const PAYMENT_REVERSE: &str = "PAYMENT_REVERSE";
pub(super) const EARLY_REVERSAL: &str = "EARLY_REVERSAL";

/// The rows a batch wants: each order's own key and, for a reversal, the payment's. Where several
/// orders want one key, its own use goes before its reservation and the first before the later.
pub(super) fn rows_of(orders: &[Order]) -> WantedKeys {
    let mut wanted = WantedKeys::new();
    for order in orders {
        let own = match &order.command {
            Command::PostPayment(command) => post_row(&command.key, order.id, &command.input),
            Command::ReversePayment(command) => reverse_row(&command.key, order.id, &command.input),
            _ => continue,
        };
        wanted.entry(key_of(&own)).or_insert(own);
    }
    for order in orders {
        if let Command::ReversePayment(command) = &order.command {
            let early = EarlyReversal {
                id: order.id,
                key: command.key.text.clone(),
                reason: command.input.reason.clone(),
                actor: command.actor.clone(),
            };
            let key = command.payment_key();
            wanted.entry(key).or_insert_with_key(|key| reserved_row(key, &early));
        }
    }
    wanted
}

/// Whether the row keeps a payment's key for a payment that has not come.
pub(super) fn is_kept(row: &KeyRow) -> bool {
    row.mutation == EARLY_REVERSAL
}

/// The key of a row.
pub(super) fn key_of(row: &KeyRow) -> Key {
    Key { channel_code: row.channel_code.clone(), text: row.idempotency_key.clone() }
}

fn empty_row(key: &Key, mutation: &str, movement_id: i64) -> KeyRow {
    KeyRow {
        channel_code: key.channel_code.clone(),
        idempotency_key: key.text.clone(),
        mutation: mutation.to_owned(),
        movement_id,
        account_number: None,
        amount_fen: None,
        paid_at_ms: None,
        bill_numbers: None,
        counterpart_key: None,
        reason: None,
        actor: None,
        token_id: None,
        refusal_code: None,
        refusal_message: None,
        refusal_field: None,
    }
}

/// The row of a payment's key.
pub(super) fn post_row(key: &Key, movement_id: i64, input: &PostInput) -> KeyRow {
    KeyRow {
        account_number: Some(input.account_number.clone()),
        amount_fen: Some(input.amount_fen),
        paid_at_ms: input.paid_at_ms,
        bill_numbers: input.bill_numbers.as_ref().map(|numbers| serde_json::json!(numbers).to_string()),
        ..empty_row(key, PAYMENT_POST, movement_id)
    }
}

/// The row of a reversal's own key.
pub(super) fn reverse_row(key: &Key, movement_id: i64, input: &ReverseInput) -> KeyRow {
    KeyRow {
        counterpart_key: Some(input.payment_key.clone()),
        reason: Some(input.reason.clone()),
        ..empty_row(key, PAYMENT_REVERSE, movement_id)
    }
}

/// The row that keeps a payment's key for the payment.
pub(super) fn reserved_row(key: &Key, early: &EarlyReversal) -> KeyRow {
    KeyRow {
        counterpart_key: Some(early.key.clone()),
        reason: Some(early.reason.clone()),
        actor: Some(early.actor.subject.clone()),
        token_id: Some(early.actor.token_id.clone()),
        ..empty_row(key, EARLY_REVERSAL, early.id)
    }
}

/// What is known of a key; `movement` is the payment its row's movement posted or reversed.
pub(in crate::store) fn state_of(
    row: KeyRow,
    movement: Option<&Payment>,
) -> Result<(Key, KeyState), StoreError> {
    let key = key_of(&row);
    let absent = |column: &str| StoreError::Corrupt(format!("key {key:?} lacks {column}"));
    let state = match row.mutation.as_str() {
        PAYMENT_POST => {
            let outcome = match (row.post_refusal()?, movement) {
                (Some(refusal), _) => PostOutcome::Refused(refusal),
                (None, Some(payment)) => PostOutcome::Posted(Box::new(payment.clone())),
                (None, None) => return Err(absent("its payment")),
            };
            KeyState::Payment { input: post_input(&row).ok_or_else(|| absent("its input"))?, outcome }
        }
        PAYMENT_REVERSE => {
            let outcome = match (row.reverse_refusal()?, movement) {
                (Some(refusal), _) => ReverseOutcome::Refused(refusal),
                (None, Some(payment))
                    if payment.reversal.as_ref().is_some_and(|reversal| !reversal.is_early) =>
                {
                    ReverseOutcome::Reversed(Box::new(payment.clone()))
                }
                (None, _) => ReverseOutcome::Remembered,
            };
            KeyState::Reversal { input: reverse_input(&row).ok_or_else(|| absent("its input"))?, outcome }
        }
        EARLY_REVERSAL => KeyState::Reserved(early_reversal(&row).ok_or_else(|| absent("its reversal"))?),
        mutation => return Err(StoreError::Corrupt(format!("mutation {mutation:?}"))),
    };
    Ok((key, state))
}

fn post_input(row: &KeyRow) -> Option<PostInput> {
    let bill_numbers = match &row.bill_numbers {
        None => None,
        Some(json) => Some(serde_json::from_str(json).ok()?),
    };
    Some(PostInput {
        account_number: row.account_number.clone()?,
        amount_fen: row.amount_fen?,
        paid_at_ms: row.paid_at_ms,
        bill_numbers,
    })
}

fn reverse_input(row: &KeyRow) -> Option<ReverseInput> {
    Some(ReverseInput { payment_key: row.counterpart_key.clone()?, reason: row.reason.clone()? })
}

fn early_reversal(row: &KeyRow) -> Option<EarlyReversal> {
    Some(EarlyReversal {
        id: row.movement_id,
        key: row.counterpart_key.clone()?,
        reason: row.reason.clone()?,
        actor: Actor { subject: row.actor.clone()?, token_id: row.token_id.clone()? },
    })
}
