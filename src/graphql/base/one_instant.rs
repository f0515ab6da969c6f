//! A mutation's answer: what it says of an account beside the outcome is of one instant after the commit.

use std::sync::{Arc, PoisonError};

use async_graphql::parser::types::Field;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};

use super::answer::budget;
use super::error::engine_error;
use super::type_of::type_of;
use super::view::Views;
use crate::engine::EngineError;

/// The payload of a mutation. It is made again where a movement came between its parts; what was written is not.
pub(in crate::graphql) struct OneInstant<T>(pub(in crate::graphql) T);

impl<T: OutputType> OutputType for OneInstant<T> {
    type_of!(T as OutputType);

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let in_place = |error: async_graphql::Error| error.into_server_error(field.pos);
        let views = ctx.data::<Arc<Views>>().map_err(|_| in_place(engine_error(EngineError::Internal)))?;
        let budget = budget(ctx).map_err(in_place)?;
        // Fields of a mutation are made one after the other.
        let errors = || ctx.query_env.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let (error_count, left) = (errors().len(), budget.left());
        views.begin_again();
        loop {
            let made = self.0.resolve(ctx, field).await;
            match views.renew_if_torn().await {
                Ok(false) => return made,
                Ok(true) => {
                    errors().truncate(error_count);
                    budget.return_to(left);
                }
                // What was written stays: the same key brings the answer.
                Err(_) => return Err(in_place(engine_error(EngineError::Timeout))),
            }
        }
    }
}
