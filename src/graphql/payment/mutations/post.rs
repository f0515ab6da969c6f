//! `paymentPost`.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

use super::super::super::base::answer::draw_before_writing;
use super::super::super::base::api_enum::api_enum;
use super::super::super::base::error::{ErrorCode, bad_input, engine_error};
use super::super::super::base::one_instant::OneInstant;
use super::super::super::base::outputs::{FreeText, List};
use super::super::super::base::scalars::{Amount, DateTime, Text};
use super::super::super::base::session::{caller_with, engine, priority};
use super::super::types::Payment;
use crate::access::caller::{Caller, Scope};
use crate::domain::base::actor::Actor;
use crate::domain::base::keys::Key;
use crate::domain::base::refusal::{Refusal, RefusalCode};
use crate::domain::channel::ChannelMode;
use crate::domain::keyed::{AnswerTo, Answered};
use crate::domain::payment::{PostInput, PostPayment, PostRefusalCode};

/// A payment to be posted.
#[derive(InputObject)]
pub(in crate::graphql) struct PaymentPostInput {
    /// The channel's own permanent number for this movement of money, 1 to 128 visible ASCII
    /// characters, chosen before the first try and kept until a definite answer arrives.
    idempotency_key: Text,
    /// Account number, 1 to 20 digits; leading zeros count.
    account_number: Text,
    /// What was paid, 0.01 to 10000000000.00.
    amount: Amount,
    /// When the payer paid; now where absent. At most 5 minutes ahead, and as far back as the
    /// channel allows.
    paid_at: Option<DateTime>,
    /// Bills the payer names, settled first and in this order; at most 100.
    bill_numbers: Option<Vec<Text>>,
    /// Free text of the channel, at most 200 characters; not compared on a retry.
    note: Option<Text>,
}

api_enum! {
    /// Why a payment was not posted, in order of precedence. The first three are not stored; from
    /// CHANNEL_SUSPENDED on the refusal is stored under the key for ever.
    PaymentPostErrorCode of PostRefusalCode {
        /// The key is not 1 to 128 visible ASCII characters.
        IdempotencyKeyMalformed,
        /// The account number is not 1 to 20 digits.
        AccountNumberMalformed,
        /// The amount does not lie between 0.01 and 10000000000.00.
        AmountOutOfRange,
        /// The key was used with another input; the field is named. Nothing was moved.
        IdempotencyKeyReused,
        /// The channel is suspended.
        ChannelSuspended,
        /// The paidAt lies ahead, or further back than the channel allows.
        PaidAtOutOfRange,
        /// There is no such account.
        AccountNotFound,
        /// The account is closed and the money would not settle a bill.
        AccountClosed,
        /// A named bill does not exist.
        BillNotFound,
        /// A named bill can't be paid now.
        BillNotPayable,
        /// The amount breaks the channel's rule; the message says what is due.
        AmountNotAccepted,
    }
}

/// Why a payment was not posted.
#[derive(SimpleObject, Clone)]
pub(in crate::graphql) struct PaymentPostUserError {
    /// The reason as a word.
    code: PaymentPostErrorCode,
    /// The same in words.
    message: FreeText<'static>,
    /// The input's field it is about; null where it is about none.
    field: Option<Vec<String>>,
    /// Whether the same key and input may yet succeed.
    retryable: bool,
}

impl From<Refusal<PostRefusalCode>> for PaymentPostUserError {
    fn from(refusal: Refusal<PostRefusalCode>) -> Self {
        Self {
            code: refusal.code.into(),
            message: refusal.message.into(),
            field: refusal.field.map(|field| vec![field]),
            retryable: refusal.code.is_retryable(),
        }
    }
}

pub(in crate::graphql) enum PaymentPostPayload {
    Posted { payment: Box<Payment>, replayed: bool },
    Refused { errors: Vec<PaymentPostUserError>, replayed: bool },
}

/// The answer to a payment: posted, or refused for these reasons.
#[Object]
impl PaymentPostPayload {
    /// The payment as recorded; null where it was refused.
    async fn payment(&self) -> Option<&Payment> {
        match self {
            Self::Posted { payment, .. } => Some(payment),
            Self::Refused { .. } => None,
        }
    }

    /// Whether this repeats the first answer given under the key.
    async fn replayed(&self) -> bool {
        match self {
            Self::Posted { replayed, .. } | Self::Refused { replayed, .. } => *replayed,
        }
    }

    /// Why it was refused; empty where it was posted.
    async fn user_errors(&self) -> List<&PaymentPostUserError> {
        match self {
            Self::Posted { .. } => List::new(Vec::new()),
            Self::Refused { errors, .. } => errors.iter().collect(),
        }
    }
}

impl PaymentPostPayload {
    pub(super) fn from_answer(answer: AnswerTo<PostPayment>) -> Result<Self> {
        match answer {
            Answered::Settled { outcome: Ok(payment), replayed } => {
                Ok(Self::Posted { payment: Box::new(Payment::new(*payment)), replayed })
            }
            Answered::Settled { outcome: Err(refusal), replayed } => {
                Ok(Self::Refused { errors: vec![refusal.into()], replayed })
            }
            Answered::UnknownChannel => {
                Err(ErrorCode::Forbidden.error("The token's channel is not registered."))
            }
        }
    }

    pub(super) fn malformed(refusals: Vec<Refusal<PostRefusalCode>>) -> Self {
        Self::Refused { errors: refusals.into_iter().map(Into::into).collect(), replayed: false }
    }
}

/// A payment of this caller, as a command; or what is malformed about it, which stands before the
/// key and never changes.
pub(super) fn command(
    caller: &Caller,
    mode: ChannelMode,
    input: PaymentPostInput,
) -> Result<std::result::Result<PostPayment, Vec<Refusal<PostRefusalCode>>>> {
    let texts = |numbers: Vec<Text>| numbers.into_iter().map(|number| number.0).collect();
    let command = PostPayment {
        key: Key { channel_code: caller.channel_code.clone(), text: input.idempotency_key.0 },
        input: PostInput {
            account_number: input.account_number.0,
            amount_fen: input.amount.0,
            paid_at_ms: input.paid_at.map(|paid_at| paid_at.0),
            bill_numbers: input.bill_numbers.map(texts),
        },
        note: input.note.map(|note| note.0),
        actor: Actor { subject: caller.subject.clone(), token_id: caller.token_id.clone() },
    };
    if let Some(broken) = command.broken_bound() {
        return Err(bad_input(broken));
    }
    let malformed = command.malformed(mode);
    Ok(if malformed.is_empty() { Ok(command) } else { Err(malformed) })
}

/// The caller's channel's mode, provided they may post.
pub(super) fn poster<'a>(ctx: &Context<'a>) -> Result<(&'a Arc<Caller>, ChannelMode)> {
    let caller = caller_with(ctx, Scope::PaymentsPost)?;
    match engine(ctx)?.rules().channels.get(&caller.channel_code) {
        Some(channel) => Ok((caller, channel.mode)),
        None => Err(ErrorCode::Forbidden.error("The token's channel is not registered.")),
    }
}

#[derive(Default)]
pub(in crate::graphql) struct PaymentPostMutation;

#[Object]
impl PaymentPostMutation {
    /// Posts a payment, once. The same key with the same input repeats the first answer, marked
    /// replayed, for ever; with another input it is refused and nothing is moved. After BUSY,
    /// TIMEOUT or no answer send the same again. Needs payments:post.
    async fn payment_post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The payment.")] input: PaymentPostInput,
    ) -> Option<Result<OneInstant<PaymentPostPayload>>> {
        Some(Box::pin(post(ctx, input)).await.map(OneInstant))
    }
}

async fn post(ctx: &Context<'_>, input: PaymentPostInput) -> Result<PaymentPostPayload> {
    let (caller, mode) = poster(ctx)?;
    match command(caller, mode, input)? {
        Err(refusals) => Ok(PaymentPostPayload::malformed(refusals)),
        Ok(command) => {
            draw_before_writing(ctx, 1)?;
            let answer = engine(ctx)?.submit(priority(ctx), command).await.map_err(engine_error)?;
            PaymentPostPayload::from_answer(answer)
        }
    }
}
