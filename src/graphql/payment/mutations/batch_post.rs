//! `paymentBatchPost`.

use async_graphql::{
    Context, InputObject, InputType, InputValueError, InputValueResult, Object, Result, SimpleObject, Value,
};

use super::super::super::base::answer::draw_before_writing;
use super::super::super::base::error::{ErrorCode, bad_input, engine_error};
use super::super::super::base::limits::{BATCH_PAYMENTS_MAX, list_complexity};
use super::super::super::base::one_instant::OneInstant;
use super::super::super::base::outputs::List;
use super::super::super::base::scalars::refuse;
use super::super::super::base::session::{channel_caller, engine};
use super::super::super::base::type_of::type_of;
use super::post::{PaymentPostInput, PaymentPostPayload, SettledPayment, sent};
use crate::access::caller::Scope;
use crate::engine::Priority;

/// Payments to be posted, each on its own.
#[derive(InputObject)]
pub(in crate::graphql) struct PaymentBatchPostInput {
    /// The payments, at most 1000; those of one account are posted in this order.
    payments: Payments,
}

/// A list that names the place of what is no payment at all. What is wrong inside of one is said by its validation.
pub(in crate::graphql) struct Payments(Vec<PaymentPostInput>);

impl InputType for Payments {
    type RawValueType = Self;

    type_of!(Vec<PaymentPostInput> as InputType);

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let items = match value.unwrap_or_default() {
            Value::List(items) => items,
            item => vec![item],
        };
        let item = |(place, item): (usize, Value)| match item {
            Value::Object(_) => PaymentPostInput::parse(Some(item)).map_err(InputValueError::propagate),
            _ => Err(refuse(&format!("\"input.payments.{place}\", expected type \"PaymentPostInput\""))),
        };
        Ok(Self(items.into_iter().enumerate().map(item).collect::<Result<_, _>>()?))
    }

    fn to_value(&self) -> Value {
        Value::List(self.0.iter().map(InputType::to_value).collect())
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        Some(self)
    }
}

/// The answers to a batch of payments.
#[derive(SimpleObject)]
pub(in crate::graphql) struct PaymentBatchPostPayload {
    /// One answer for each payment, in the order of the input.
    results: List<PaymentPostPayload>,
}

#[derive(Default)]
pub(in crate::graphql) struct PaymentBatchPostMutation;

#[Object]
impl PaymentBatchPostMutation {
    /// Posts up to 1000 payments, each on its own key as by paymentPost, and answers each on its own: what is
    /// wrong with one refuses that one. If any of them has no definite outcome the whole field answers BUSY or
    /// TIMEOUT: send the same batch again, and those already posted are replayed. Needs payments:post.
    #[graphql(complexity = "list_complexity(input.payments.0.len(), child_complexity)")]
    async fn payment_batch_post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The payments.")] input: PaymentBatchPostInput,
    ) -> Option<Result<OneInstant<PaymentBatchPostPayload>>> {
        Some(post_batch(ctx, input).await.map(OneInstant))
    }
}

/// What is known of one payment before anything is posted.
enum Known {
    Malformed(PaymentPostPayload),
    Submitted { key: String },
}

async fn post_batch(ctx: &Context<'_>, input: PaymentBatchPostInput) -> Result<PaymentBatchPostPayload> {
    let (caller, mode) = channel_caller(ctx, Scope::PaymentsPost)?;
    if input.payments.0.len() > BATCH_PAYMENTS_MAX {
        return Err(bad_input(format!("A batch holds at most {BATCH_PAYMENTS_MAX} payments.")));
    }
    draw_before_writing(ctx, input.payments.0.len())?;
    let mut commands = Vec::new();
    let mut results = Vec::new();
    for payment in input.payments.0 {
        let sent = sent(caller, payment);
        let key = sent.key.text.clone();
        results.push(match sent.read(mode) {
            Err(refusals) => {
                Known::Malformed(PaymentPostPayload::new(key, SettledPayment::malformed(refusals)))
            }
            Ok(command) => {
                commands.push(command);
                Known::Submitted { key }
            }
        });
    }
    let mut answers =
        engine(ctx)?.submit_all(Priority::Low, commands).await.map_err(engine_error)?.into_iter();
    let mut fill = |known: Known| match known {
        Known::Malformed(payload) => Ok(payload),
        Known::Submitted { key } => {
            let answer = answers.next().ok_or_else(|| ErrorCode::Internal.error("Internal error."))?;
            Ok(PaymentPostPayload::new(key, SettledPayment::from_answer(answer)?))
        }
    };
    let results = results.into_iter().map(&mut fill).collect::<Result<Vec<_>>>()?;
    Ok(PaymentBatchPostPayload { results: List::drawn_before(results) })
}
