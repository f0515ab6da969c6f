//! `paymentReverse`.

use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject};

use super::super::base::keyed::{Settled, actor_of, key_of, settle, user_error};
use super::super::base::one_instant::OneInstant;
use super::super::base::outputs::List;
use super::super::base::session::channel_caller;
use super::super::payment::types::Payment;
use crate::access::caller::{Caller, Scope};
use crate::domain::reversal::{ReverseRefusalCode, SentReversal, Undone};

/// A payment to be undone.
#[derive(InputObject)]
pub(in crate::graphql) struct PaymentReverseInput {
    /// The channel's own permanent number for this reversal, 1 to 128 visible ASCII characters; not
    /// the payment's.
    idempotency_key: String,
    /// Key of the payment, in the same channel.
    payment_idempotency_key: String,
    /// Why, at most 200 characters. A reporting channel's is cut to what fits, and leaves an exception
    /// INPUT_TRIMMED.
    reason: String,
}

user_error! {
    /// Why a payment was not reversed.
    PaymentReverseUserError with
    /// Why a payment was not reversed, in order of precedence. The first three are not stored.
    PaymentReverseErrorCode of ReverseRefusalCode {
        /// The key is not 1 to 128 visible ASCII characters. Precedence 1 of 6; not stored, the key stays
        /// free.
        IdempotencyKeyMalformed,
        /// The payment's key is not 1 to 128 visible ASCII characters. Precedence 2 of 6; not stored, the
        /// key stays free.
        PaymentKeyMalformed,
        /// The reason is too long, or holds a control character. Precedence 3 of 6; not stored, the key
        /// stays free.
        InputMalformed,
        /// The key was used with another input; the field is named. Nothing was moved. Precedence 4 of 6;
        /// not stored, the key's first answer stays.
        IdempotencyKeyReused,
        /// The payment was refused; there is nothing to undo. Precedence 5 of 6; stored.
        PaymentWasRefused,
        /// The payment is undone already, under another key. Precedence 6 of 6; stored.
        PaymentAlreadyReversed,
    }
}

/// What became of a reversal.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum PaymentReverseOutcome {
    /// The payment is undone.
    Reversed,
    /// The payment had not come yet; when it does it is posted and undone at once, touching no bill.
    Remembered,
}

/// The answer to a reversal.
#[derive(SimpleObject)]
pub(in crate::graphql) struct PaymentReversePayload {
    /// The payment that is undone; null where it has not come yet or nothing was undone. A replay of a
    /// reversal that was remembered has it once it has come.
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
            Some(Undone::Reversed(payment)) => (Some(payment), Some(PaymentReverseOutcome::Reversed)),
            Some(Undone::Remembered(payment)) => (payment, Some(PaymentReverseOutcome::Remembered)),
            None => (None, None),
        };
        Self { payment: payment.map(|payment| Payment::new(*payment)), replayed, outcome, user_errors }
    }
}

fn sent(caller: &Caller, input: PaymentReverseInput) -> SentReversal {
    SentReversal {
        key: key_of(caller, input.idempotency_key),
        payment_key: input.payment_idempotency_key,
        reason: input.reason,
        actor: actor_of(caller),
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
    let (caller, mode) = channel_caller(ctx, Scope::PaymentsReverse)?;
    settle(ctx, sent(caller, input).read(mode)).await.map(Into::into)
}
