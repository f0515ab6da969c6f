//! `paymentReverse`.

use async_graphql::{Context, Enum, InputObject, Object, Result, SimpleObject};

use super::super::base::answer::draw_before_writing;
use super::super::base::api_enum::api_enum;
use super::super::base::error::{ErrorCode, engine_error};
use super::super::base::one_instant::OneInstant;
use super::super::base::outputs::{FreeText, List};
use super::super::base::session::{channel_caller, engine, priority};
use super::super::payment::types::Payment;
use crate::access::caller::{Caller, Scope};
use crate::domain::base::actor::Actor;
use crate::domain::base::keys::Key;
use crate::domain::base::refusal::{Refusal, RefusalCode};
use crate::domain::keyed::{AnswerTo, Answered};
use crate::domain::reversal::{ReversePayment, ReverseRefusalCode, SentReversal, Undone};

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

api_enum! {
    /// Why a payment was not reversed, in order of precedence. The first three are not stored.
    PaymentReverseErrorCode of ReverseRefusalCode {
        /// The key is not 1 to 128 visible ASCII characters.
        IdempotencyKeyMalformed,
        /// The payment's key is not 1 to 128 visible ASCII characters.
        PaymentKeyMalformed,
        /// The reason is too long, or holds a control character.
        InputMalformed,
        /// The key was used with another input; the field is named. Nothing was moved.
        IdempotencyKeyReused,
        /// The payment was refused; there is nothing to undo.
        PaymentWasRefused,
        /// The payment is undone already, under another key.
        PaymentAlreadyReversed,
    }
}

/// Why a payment was not reversed.
#[derive(SimpleObject, Clone)]
pub(in crate::graphql) struct PaymentReverseUserError {
    /// The reason as a word.
    code: PaymentReverseErrorCode,
    /// The same in words.
    message: FreeText<'static>,
    /// The input's field it is about; null where it is about none.
    field: Option<Vec<String>>,
    /// Whether the same key and input may yet succeed.
    retryable: bool,
}

impl From<Refusal<ReverseRefusalCode>> for PaymentReverseUserError {
    fn from(refusal: Refusal<ReverseRefusalCode>) -> Self {
        Self {
            code: refusal.code.into(),
            message: refusal.message.into(),
            field: refusal.field.map(|field| vec![field]),
            retryable: refusal.code.is_retryable(),
        }
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

pub(in crate::graphql) enum PaymentReversePayload {
    Reversed { payment: Box<Payment>, replayed: bool },
    Remembered { payment: Option<Box<Payment>>, replayed: bool },
    Refused { errors: Vec<PaymentReverseUserError>, replayed: bool },
}

/// The answer to a reversal.
#[Object]
impl PaymentReversePayload {
    /// The payment that is undone; null where it has not come yet or nothing was undone. A replay of a
    /// reversal that was remembered has it once it has come.
    async fn payment(&self) -> Option<&Payment> {
        match self {
            Self::Reversed { payment, .. } => Some(payment),
            Self::Remembered { payment, .. } => payment.as_deref(),
            Self::Refused { .. } => None,
        }
    }

    /// Whether this repeats the first answer given under the key.
    async fn replayed(&self) -> bool {
        match self {
            Self::Reversed { replayed, .. }
            | Self::Remembered { replayed, .. }
            | Self::Refused { replayed, .. } => *replayed,
        }
    }

    /// What became of it; null where it was refused.
    async fn outcome(&self) -> Option<PaymentReverseOutcome> {
        match self {
            Self::Reversed { .. } => Some(PaymentReverseOutcome::Reversed),
            Self::Remembered { .. } => Some(PaymentReverseOutcome::Remembered),
            Self::Refused { .. } => None,
        }
    }

    /// Why it was refused; empty where it was not.
    async fn user_errors(&self) -> List<&PaymentReverseUserError> {
        match self {
            Self::Reversed { .. } | Self::Remembered { .. } => List::new(Vec::new()),
            Self::Refused { errors, .. } => errors.iter().collect(),
        }
    }
}

impl PaymentReversePayload {
    fn from_answer(answer: AnswerTo<ReversePayment>) -> Result<Self> {
        match answer {
            Answered::Settled { outcome: Ok(Undone::Reversed(payment)), replayed } => {
                Ok(Self::Reversed { payment: Box::new(Payment::new(*payment)), replayed })
            }
            Answered::Settled { outcome: Ok(Undone::Remembered(payment)), replayed } => {
                let payment = payment.map(|payment| Box::new(Payment::new(*payment)));
                Ok(Self::Remembered { payment, replayed })
            }
            Answered::Settled { outcome: Err(refusal), replayed } => {
                Ok(Self::Refused { errors: vec![refusal.into()], replayed })
            }
            Answered::UnknownChannel => {
                Err(ErrorCode::Forbidden.error("The token's channel is not registered."))
            }
        }
    }
}

fn sent(caller: &Caller, input: PaymentReverseInput) -> SentReversal {
    SentReversal {
        key: Key { channel_code: caller.channel_code.clone(), text: input.idempotency_key },
        payment_key: input.payment_idempotency_key,
        reason: input.reason,
        actor: Actor { subject: caller.subject.clone(), token_id: caller.token_id.clone() },
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
    match sent(caller, input).read(mode) {
        Err(refusals) => {
            let errors = refusals.into_iter().map(Into::into).collect();
            Ok(PaymentReversePayload::Refused { errors, replayed: false })
        }
        Ok(command) => {
            draw_before_writing(ctx, 1)?;
            let answer = engine(ctx)?.submit(priority(ctx), command).await.map_err(engine_error)?;
            PaymentReversePayload::from_answer(answer)
        }
    }
}
