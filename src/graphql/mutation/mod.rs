//! Everything that can be done: one file per mutation with its input, payload, codes and resolver.

use async_graphql::MergedObject;

mod payment_batch_post;
mod payment_post;
mod payment_reverse;
pub(super) mod payment_status;

/// Everything that can be done. Each write carries an idempotency key: after BUSY, TIMEOUT or no
/// answer at all, send the same input with the same key again until a definite answer comes.
#[derive(MergedObject, Default)]
pub struct Mutation(
    payment_post::PaymentPostMutation,
    payment_batch_post::PaymentBatchPostMutation,
    payment_reverse::PaymentReverseMutation,
);
