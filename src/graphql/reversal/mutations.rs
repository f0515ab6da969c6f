//! `paymentReverse`.

use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject};

use super::super::base::error::bad_input;
use super::super::base::keyed::{Settled, actor_of, key_of, settle, user_error};
use super::super::base::one_instant::OneInstant;
use super::super::base::outputs::List;
use super::super::base::scalars::Text;
use super::super::base::session::caller_with;
use super::super::payment::types::Payment;
use crate::access::caller::{Caller, Scope};
use crate::domain::base::refusal::Refusal;
use crate::domain::reversal::{ReverseInput, ReversePayment, ReverseRefusalCode, Undone};

/// A payment to be undone.
#[derive(InputObject)]
pub(in crate::graphql) struct PaymentReverseInput {
    /// The channel's own permanent number for this reversal, 1 to 128 visible ASCII characters; not
    /// the payment's.
    idempotency_key: Text,
    /// Key of the payment, in the same channel.
    payment_idempotency_key: Text,
    /// Why, at most 200 characters.
    reason: Text,
}

user_error! {
    /// Why a payment was not reversed.
    PaymentReverseUserError with
    /// Why a payment was not reversed, in order of precedence. The first two are not stored.
    PaymentReverseErrorCode of ReverseRefusalCode {
        /// The key is not 1 to 128 visible ASCII characters.
        IdempotencyKeyMalformed,
        /// The payment's key is not 1 to 128 visible ASCII characters.
        PaymentKeyMalformed,
        /// The key was used with another input; the field is named. Nothing was moved.
        IdempotencyKeyReused,
        /// The payment was refused; there is nothing to undo.
        PaymentWasRefused,
        /// The payment is undone already, under another key.
        PaymentAlreadyReversed,
    }
}

/// What became of a reversal.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum PaymentReverseOutcome {
    /// The payment is undone.
    Reversed,
    /// The payment has not come yet; when it does it is posted and undone at once, touching no bill.
    Remembered,
}

/// The answer to a reversal.
#[derive(SimpleObject)]
pub(in crate::graphql) struct PaymentReversePayload {
    /// The payment that is undone; null where it has not come yet or nothing was undone.
    payment: Option<Payment>,
    /// Whether this repeats the first answer given under the key.
    replayed: bool,
    /// What became of it; null where it was refused.
    outcome: Option<PaymentReverseOutcome>,
    /// Why it was refused; empty where it was not.
    user_errors: List<PaymentReverseUserError>,
}

impl From<Settled<Undone, PaymentReverseUserError>> for PaymentReversePayload {
    fn from(Settled { outcome, replayed, user_errors }: Settled<Undone, PaymentReverseUserError>) -> Self {
        let (payment, outcome) = match outcome {
            Some(Undone::Reversed(payment)) => {
                (Some(Payment::new(*payment)), Some(PaymentReverseOutcome::Reversed))
            }
            Some(Undone::Remembered) => (None, Some(PaymentReverseOutcome::Remembered)),
            None => (None, None),
        };
        Self { payment, replayed, outcome, user_errors }
    }
}

#[derive(Default)]
pub(in crate::graphql) struct PaymentReverseMutation;

#[Object]
impl PaymentReverseMutation {
    /// Undoes one payment of the caller's own channel, once and wholly, by a new entry. A reversal
    /// that arrives before its payment is remembered. The same key with the same input repeats the
    /// first answer, marked replayed. After BUSY, TIMEOUT or no answer send the same again. Needs
    /// payments:reverse.
    async fn payment_reverse(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The reversal.")] input: PaymentReverseInput,
    ) -> Option<Result<OneInstant<PaymentReversePayload>>> {
        Some(Box::pin(reverse(ctx, input)).await.map(OneInstant))
    }
}

async fn reverse(ctx: &Context<'_>, input: PaymentReverseInput) -> Result<PaymentReversePayload> {
    let caller = caller_with(ctx, Scope::PaymentsReverse)?;
    settle(ctx, command(caller, input)?).await.map(Into::into)
}

/// A reversal of this caller, as a command; or what is malformed about it.
fn command(
    caller: &Caller,
    input: PaymentReverseInput,
) -> Result<std::result::Result<ReversePayment, Vec<Refusal<ReverseRefusalCode>>>> {
    let command = ReversePayment {
        key: key_of(caller, input.idempotency_key.0),
        input: ReverseInput { payment_key: input.payment_idempotency_key.0, reason: input.reason.0 },
        actor: actor_of(caller),
    };
    if let Some(broken) = command.broken_bound() {
        return Err(bad_input(broken));
    }
    let malformed = command.malformed();
    Ok(if malformed.is_empty() { Ok(command) } else { Err(malformed) })
}
