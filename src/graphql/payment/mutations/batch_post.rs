//! `paymentBatchPost`.

use async_graphql::{Context, InputObject, Object, Result, SimpleObject};

use super::super::super::base::answer::draw_before_writing;
use super::super::super::base::error::{ErrorCode, bad_input, engine_error};
use super::super::super::base::limits::{BATCH_PAYMENTS_MAX, list_complexity};
use super::super::super::base::one_instant::OneInstant;
use super::super::super::base::outputs::List;
use super::super::super::base::session::engine;
use super::post::{PaymentPostInput, PaymentPostPayload, SettledPayment, command, poster};
use crate::engine::Priority;

/// Payments to be posted, each on its own.
#[derive(InputObject)]
pub(in crate::graphql) struct PaymentBatchPostInput {
    /// The payments, at most 1000; those of one account are posted in this order.
    payments: Vec<PaymentPostInput>,
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
    /// Posts up to 1000 payments, each on its own key as by paymentPost. If any of them has no
    /// definite outcome the whole field answers BUSY or TIMEOUT: send the same batch again, and those
    /// already posted are replayed. Needs payments:post.
    #[graphql(complexity = "list_complexity(input.payments.len(), child_complexity)")]
    async fn payment_batch_post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The payments.")] input: PaymentBatchPostInput,
    ) -> Option<Result<OneInstant<PaymentBatchPostPayload>>> {
        Some(post_batch(ctx, input).await.map(OneInstant))
    }
}

async fn post_batch(ctx: &Context<'_>, input: PaymentBatchPostInput) -> Result<PaymentBatchPostPayload> {
    let (caller, mode) = poster(ctx)?;
    if input.payments.len() > BATCH_PAYMENTS_MAX {
        return Err(bad_input(format!("A batch holds at most {BATCH_PAYMENTS_MAX} payments.")));
    }
    draw_before_writing(ctx, input.payments.len())?;
    let mut commands = Vec::new();
    let mut results = Vec::new();
    for payment in input.payments {
        results.push(match command(caller, mode, payment)? {
            Err(refusals) => Some(SettledPayment::malformed(refusals).into()),
            Ok(command) => {
                commands.push(command);
                None
            }
        });
    }
    let mut answers =
        engine(ctx)?.submit_all(Priority::Low, commands).await.map_err(engine_error)?.into_iter();
    let mut fill = |result: Option<PaymentPostPayload>| match result {
        Some(malformed) => Ok(malformed),
        None => {
            let answer = answers.next().ok_or_else(|| ErrorCode::Internal.error("Internal error."))?;
            SettledPayment::from_answer(answer).map(Into::into)
        }
    };
    let results = results.into_iter().map(&mut fill).collect::<Result<Vec<_>>>()?;
    Ok(PaymentBatchPostPayload { results: List::drawn_before(results) })
}
