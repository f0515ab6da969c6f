//! `paymentPost`.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

use super::super::super::base::error::{ErrorCode, bad_input};
use super::super::super::base::keyed::{Settled, actor_of, key_of, settle, user_error};
use super::super::super::base::one_instant::OneInstant;
use super::super::super::base::outputs::List;
use super::super::super::base::scalars::{Amount, DateTime, Text};
use super::super::super::base::session::{caller_with, engine};
use super::super::types::Payment;
use crate::access::caller::{Caller, Scope};
use crate::domain;
use crate::domain::base::refusal::Refusal;
use crate::domain::channel::ChannelMode;
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

user_error! {
    /// Why a payment was not posted.
    PaymentPostUserError with
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

/// The answer to a payment: posted, or refused for these reasons.
#[derive(SimpleObject)]
pub(in crate::graphql) struct PaymentPostPayload {
    /// The payment as recorded; null where it was refused.
    payment: Option<Payment>,
    /// Whether this repeats the first answer given under the key.
    replayed: bool,
    /// Why it was refused; empty where it was posted.
    user_errors: List<PaymentPostUserError>,
}

/// What became of a payment, as its payload says it.
pub(super) type SettledPayment = Settled<Box<domain::payment::Payment>, PaymentPostUserError>;

impl From<SettledPayment> for PaymentPostPayload {
    fn from(SettledPayment { outcome, replayed, user_errors }: SettledPayment) -> Self {
        Self { payment: outcome.map(|payment| Payment::new(*payment)), replayed, user_errors }
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
        key: key_of(caller, input.idempotency_key.0),
        input: PostInput {
            account_number: input.account_number.0,
            amount_fen: input.amount.0,
            paid_at_ms: input.paid_at.map(|paid_at| paid_at.0),
            bill_numbers: input.bill_numbers.map(texts),
        },
        note: input.note.map(|note| note.0),
        actor: actor_of(caller),
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
    settle(ctx, command(caller, mode, input)?).await.map(Into::into)
}
