//! The roots of the API: a line for each room.

use async_graphql::registry::Registry;
use async_graphql::{MergedObject, OutputType};

use super::account::queries::AccountQuery;
use super::channel::queries::ChannelQuery;
use super::exception::queries::ExceptionQuery;
use super::node::NodeQuery;
use super::payment::mutations::batch_post::PaymentBatchPostMutation;
use super::payment::mutations::post::PaymentPostMutation;
use super::payment::queries::PaymentQuery;
use super::reversal::mutations::PaymentReverseMutation;
use super::service_config::ServiceConfigQuery;

/// Everything that can be asked.
#[derive(MergedObject, Default)]
pub struct Query(
    ServiceConfigQuery,
    NodeQuery,
    ExceptionQuery,
    ChannelQuery,
    // The library tries the last first: what is asked most stands there.
    PaymentQuery,
    AccountQuery,
);

/// Everything that can be done. Each write carries an idempotency key: after BUSY, TIMEOUT or no
/// answer at all, send the same input with the same key again until a definite answer comes.
#[derive(MergedObject, Default)]
pub struct Mutation(PaymentReverseMutation, PaymentBatchPostMutation, PaymentPostMutation);

/// The types of the API, as the library keeps them.
pub(super) fn registry() -> Registry {
    let mut registry = Registry::default();
    Query::create_type_info(&mut registry);
    Mutation::create_type_info(&mut registry);
    registry.query_type = Query::type_name().into_owned();
    registry.mutation_type = Some(Mutation::type_name().into_owned());
    // The rooms' own parts of the roots are among them.
    registry.remove_unused_types();
    registry
}
