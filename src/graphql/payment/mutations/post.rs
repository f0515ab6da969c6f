//! `paymentPost`.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

use super::super::super::base::inputs::AsSent;
use super::super::super::base::keyed::{Settled, actor_of, key_of, settle, user_error};
use super::super::super::base::one_instant::OneInstant;
use super::super::super::base::outputs::{FreeText, List};
use super::super::super::base::scalars::{Amount, DateTime, parse_instant};
use super::super::super::base::session::channel_caller;
use super::super::types::Payment;
use crate::access::caller::{Caller, Scope};
use crate::domain;
use crate::domain::base::money::parse_amount;
use crate::domain::payment::{PostRefusalCode, SentInstant, SentPayment};

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

user_error! {
    /// Why a payment was not posted.
    PaymentPostUserError with
    /// Why a payment was not posted, in order of precedence. The first four are not stored; from
    /// CHANNEL_SUSPENDED on the refusal is stored under the key for ever.
    PaymentPostErrorCode of PostRefusalCode {
        /// The key is not 1 to 128 visible ASCII characters. Precedence 1 of 12; not stored, the key stays
        /// free.
        IdempotencyKeyMalformed,
        /// The account number is not 1 to 20 digits. Precedence 2 of 12; not stored, the key stays free.
        AccountNumberMalformed,
        /// The amount isn't text with two decimals between 0.01 and 10000000000.00. Precedence 3 of 12; not
        /// stored, the key stays free.
        AmountOutOfRange,
        /// A text or a list is too long, a text holds a control character, or paidAt is no instant; the
        /// field is named. Precedence 4 of 12; not stored, the key stays free.
        InputMalformed,
        /// The key was used with another input; the field is named. Nothing was moved. Precedence 5 of 12;
        /// not stored, the key's first answer stays.
        IdempotencyKeyReused,
        /// The channel is suspended. Precedence 6 of 12; stored.
        ChannelSuspended,
        /// The paidAt lies ahead, or further back than the channel allows. Precedence 7 of 12; stored.
        PaidAtOutOfRange,
        /// There is no such account. Precedence 8 of 12; stored.
        AccountNotFound,
        /// The account is closed and the money would not settle a bill. Precedence 9 of 12; stored.
        AccountClosed,
        /// A named bill does not exist. Precedence 10 of 12; stored.
        BillNotFound,
        /// A named bill can't be paid now. Precedence 11 of 12; stored.
        BillNotPayable,
        /// The amount breaks the channel's rule; the message says what is due. Precedence 12 of 12; stored.
        AmountNotAccepted,
    }
}

/// The answer to a payment: posted, or refused for these reasons.
#[derive(SimpleObject)]
pub(in crate::graphql) struct PaymentPostPayload {
    /// The key that the payment was sent with, as it was sent.
    idempotency_key: FreeText<'static>,
    /// The payment as recorded; null where it was refused.
    payment: Option<Box<Payment>>,
    /// Whether this repeats the first answer given under the key.
    replayed: bool,
    /// Why it was refused; empty where it was posted.
    user_errors: List<PaymentPostUserError>,
}

/// What became of a payment, as its payload says it.
pub(super) type SettledPayment = Settled<Box<domain::payment::Payment>, PaymentPostUserError>;

impl PaymentPostPayload {
    /// What became of the payment that was sent with this key.
    pub(super) fn new(
        key: String,
        SettledPayment { outcome, replayed, user_errors }: SettledPayment,
    ) -> Self {
        let payment = outcome.map(|payment| Box::new(Payment::new(*payment)));
        Self { idempotency_key: key.into(), payment, replayed, user_errors }
    }
}

/// A payment of this caller, as it was sent.
pub(super) fn sent(caller: &Caller, input: PaymentPostInput) -> SentPayment {
    SentPayment {
        key: key_of(caller, input.idempotency_key),
        account_number: input.account_number,
        amount_fen: parse_amount(&input.amount.text),
        paid_at: input.paid_at.map_or(SentInstant::Absent, |paid_at| sent_instant(paid_at.text)),
        bill_numbers: input.bill_numbers.unwrap_or_default(),
        note: input.note,
        actor: actor_of(caller),
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
    let settled = settle(ctx, sent(caller, input).read(mode)).await?;
    Ok(PaymentPostPayload::new(key, settled))
}
