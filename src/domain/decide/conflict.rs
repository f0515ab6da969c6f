//! A key that comes again: the first answer where the input is the same, else a refusal that names
//! the field (product rule 2).

use super::super::answer::{PostRefusalCode, Refusal, ReverseRefusalCode};
use super::super::calendar::day_of;
use super::super::command::{Key, Order, PostInput, PostPayment, ReverseInput, ReversePayment};
use super::super::exception::{Exception, ExceptionKind};
use super::super::money::format_amount;
use super::super::state::State;
use super::Decision;

/// Name of the key's own field in the API.
pub(super) const KEY_FIELD: &str = "idempotencyKey";

/// The first field in which a payment differs from what was recorded under its key.
pub(super) fn differing_post_field(recorded: &PostInput, given: &PostInput) -> Option<&'static str> {
    if recorded.account_number != given.account_number {
        Some("accountNumber")
    } else if recorded.amount_fen != given.amount_fen {
        Some("amount")
    } else if recorded.paid_at_ms != given.paid_at_ms {
        Some("paidAt")
    } else if recorded.bill_numbers != given.bill_numbers {
        Some("billNumbers")
    } else {
        None
    }
}

/// The first field in which a reversal differs from what was recorded under its key.
pub(super) fn differing_reverse_field(recorded: &ReverseInput, given: &ReverseInput) -> Option<&'static str> {
    if recorded.payment_key != given.payment_key {
        Some("paymentIdempotencyKey")
    } else if recorded.reason != given.reason {
        Some("reason")
    } else {
        None
    }
}

pub(super) fn conflict_post(state: &State, order: &Order, command: &PostPayment, field: &str) -> Decision {
    let input = &command.input;
    let detail = format!(
        "paymentPost differs in {field}: accountNumber {:?}, amount {}, paidAt {:?}, billNumbers {:?}",
        input.account_number,
        format_amount(input.amount_fen),
        input.paid_at_ms,
        input.bill_numbers,
    );
    let exception = exception(state, order, &command.key, &input.account_number, detail);
    let refusal = Refusal::of_field(PostRefusalCode::IdempotencyKeyReused, field, message(field));
    Decision::ConflictPost(refusal, Box::new(exception))
}

pub(super) fn conflict_reverse(
    state: &State,
    order: &Order,
    command: &ReversePayment,
    field: &str,
) -> Decision {
    let ReverseInput { payment_key, reason } = &command.input;
    // The field is left out: it changes with what the keys were used for meanwhile, and the same
    // input is one difference.
    let detail = format!(
        "paymentReverse differs from what its keys were used for: \
         paymentIdempotencyKey {payment_key:?}, reason {reason:?}"
    );
    let exception = exception(state, order, &command.key, "", detail);
    let refusal = Refusal::of_field(ReverseRefusalCode::IdempotencyKeyReused, field, message(field));
    Decision::ConflictReverse(refusal, Box::new(exception))
}

fn message(field: &str) -> String {
    if field == KEY_FIELD {
        "This key was used by another mutation; choose a new key for a new movement of money.".to_owned()
    } else {
        format!("This key was used with another {field}; nothing was moved.")
    }
}

fn exception(state: &State, order: &Order, key: &Key, account_number: &str, detail: String) -> Exception {
    Exception {
        account_number: account_number.to_owned(),
        channel_code: key.channel_code.clone(),
        idempotency_key: key.text.clone(),
        kind: ExceptionKind::IdempotencyKeyReused,
        detail,
        payment_id: None,
        recorded_at_ms: order.at_ms,
        business_day: day_of(order.at_ms, state.policies.zone),
    }
}
