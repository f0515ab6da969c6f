//! The roots of the API: a line for each room.

use async_graphql::registry::Registry;
use async_graphql::{MergedObject, OutputType};

/// Everything that can be asked.
#[derive(MergedObject, Default)]
pub struct Query(
    super::service_config::ServiceConfigQuery,
    super::node::NodeQuery,
    super::exception::queries::ExceptionQuery,
    super::channel::queries::ChannelQuery,
    // The library tries the last first: what is asked most stands there.
    super::payment::queries::PaymentQuery,
    super::account::queries::AccountQuery,
);

/// Everything that can be done. Each write carries an idempotency key: after BUSY, TIMEOUT or no
/// answer at all, send the same input with the same key again until a definite answer comes.
#[derive(MergedObject, Default)]
pub struct Mutation(
    super::reversal::mutations::PaymentReverseMutation,
    super::payment::mutations::batch_post::PaymentBatchPostMutation,
    super::payment::mutations::post::PaymentPostMutation,
);

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
