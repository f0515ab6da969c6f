//! `paymentPost`.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

use super::super::super::base::answer::draw_before_writing;
use super::super::super::base::api_enum::api_enum;
use super::super::super::base::error::{ErrorCode, engine_error};
use super::super::super::base::inputs::AsSent;
use super::super::super::base::one_instant::OneInstant;
use super::super::super::base::outputs::{FreeText, List};
use super::super::super::base::scalars::{Amount, DateTime, parse_instant};
use super::super::super::base::session::{channel_caller, engine, priority};
use super::super::types::Payment;
use crate::access::caller::{Caller, Scope};
use crate::domain::base::actor::Actor;
use crate::domain::base::keys::Key;
use crate::domain::base::money::parse_amount;
use crate::domain::base::refusal::{Refusal, RefusalCode};
use crate::domain::keyed::{AnswerTo, Answered};
use crate::domain::payment::{PostPayment, PostRefusalCode, SentInstant, SentPayment};

/// A payment to be posted. Text that is none of what its field takes is refused by a code that names the field; a
/// reporting channel's is cut to what fits or left out, and leaves an exception INPUT_TRIMMED.
#[derive(InputObject)]
pub(in crate::graphql) struct PaymentPostInput {
    /// The channel's own permanent number for this movement of money, 1 to 128 visible ASCII
    /// characters, chosen before the first try and kept until a definite answer arrives.
    idempotency_key: String,
    /// Account number, 1 to 20 digits; leading zeros count. A reporting channel's may be any text: where
    /// an account number is left without what stands around it that is taken, else the money goes to suspense.
    account_number: String,
    /// What was paid, 0.01 to 10000000000.00.
    amount: AsSent<Amount>,
    /// When the payer paid; now where absent. At most 5 minutes ahead, and as far back as the
    /// channel allows.
    paid_at: Option<AsSent<DateTime>>,
    /// Bills the payer names, settled first and in this order; at most 100. An empty list is the same as none.
    bill_numbers: Option<Vec<String>>,
    /// Free text of the channel, at most 200 characters; not compared on a retry.
    note: Option<String>,
}

api_enum! {
    /// Why a payment was not posted, in order of precedence. The first four are not stored; from
    /// CHANNEL_SUSPENDED on the refusal is stored under the key for ever.
    PaymentPostErrorCode of PostRefusalCode {
        /// The key is not 1 to 128 visible ASCII characters.
        IdempotencyKeyMalformed,
        /// The account number is not 1 to 20 digits.
        AccountNumberMalformed,
        /// The amount isn't text with two decimals between 0.01 and 10000000000.00.
        AmountOutOfRange,
        /// A text or a list is too long, a text holds a control character, or paidAt is no instant; the field
        /// is named.
        InputMalformed,
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

pub(in crate::graphql) struct PaymentPostPayload {
    /// As it was sent.
    key: String,
    answer: PaymentPostAnswer,
}

enum PaymentPostAnswer {
    Posted { payment: Box<Payment>, replayed: bool },
    Refused { errors: Vec<PaymentPostUserError>, replayed: bool },
}

/// The answer to a payment: posted, or refused for these reasons.
#[Object]
impl PaymentPostPayload {
    /// The key that the payment was sent with, as it was sent.
    async fn idempotency_key(&self) -> FreeText<'_> {
        FreeText::from(&self.key)
    }

    /// The payment as recorded; null where it was refused.
    async fn payment(&self) -> Option<&Payment> {
        match &self.answer {
            PaymentPostAnswer::Posted { payment, .. } => Some(payment),
            PaymentPostAnswer::Refused { .. } => None,
        }
    }

    /// Whether this repeats the first answer given under the key.
    async fn replayed(&self) -> bool {
        match &self.answer {
            PaymentPostAnswer::Posted { replayed, .. } | PaymentPostAnswer::Refused { replayed, .. } => {
                *replayed
            }
        }
    }

    /// Why it was refused; empty where it was posted.
    async fn user_errors(&self) -> List<&PaymentPostUserError> {
        match &self.answer {
            PaymentPostAnswer::Posted { .. } => List::new(Vec::new()),
            PaymentPostAnswer::Refused { errors, .. } => errors.iter().collect(),
        }
    }
}

impl PaymentPostPayload {
    pub(super) fn from_answer(key: String, answer: AnswerTo<PostPayment>) -> Result<Self> {
        let answer = match answer {
            Answered::Settled { outcome: Ok(payment), replayed } => {
                PaymentPostAnswer::Posted { payment: Box::new(Payment::new(*payment)), replayed }
            }
            Answered::Settled { outcome: Err(refusal), replayed } => {
                PaymentPostAnswer::Refused { errors: vec![refusal.into()], replayed }
            }
            Answered::UnknownChannel => {
                return Err(ErrorCode::Forbidden.error("The token's channel is not registered."));
            }
        };
        Ok(Self { key, answer })
    }

    pub(super) fn malformed(key: String, refusals: Vec<Refusal<PostRefusalCode>>) -> Self {
        let errors = refusals.into_iter().map(Into::into).collect();
        Self { key, answer: PaymentPostAnswer::Refused { errors, replayed: false } }
    }
}

/// A payment of this caller, as it was sent.
pub(super) fn sent(caller: &Caller, input: PaymentPostInput) -> SentPayment {
    SentPayment {
        key: Key { channel_code: caller.channel_code.clone(), text: input.idempotency_key },
        account_number: input.account_number,
        amount_fen: parse_amount(&input.amount.text),
        paid_at: input.paid_at.map_or(SentInstant::Absent, |paid_at| sent_instant(paid_at.text)),
        bill_numbers: input.bill_numbers.unwrap_or_default(),
        note: input.note,
        actor: Actor { subject: caller.subject.clone(), token_id: caller.token_id.clone() },
    }
}

fn sent_instant(text: String) -> SentInstant {
    match parse_instant(&text) {
        Some(instant) => SentInstant::At { at_ms: instant.at_ms, is_cut: instant.is_cut },
        None => SentInstant::Unreadable(text),
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
    let (caller, mode) = channel_caller(ctx, Scope::PaymentsPost)?;
    let key = input.idempotency_key.clone();
    match sent(caller, input).read(mode) {
        Err(refusals) => Ok(PaymentPostPayload::malformed(key, refusals)),
        Ok(command) => {
            draw_before_writing(ctx, 1)?;
            let answer = engine(ctx)?.submit(priority(ctx), command).await.map_err(engine_error)?;
            PaymentPostPayload::from_answer(key, answer)
        }
    }
}
