//! What a resolver finds in its context: the engine and the caller.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Context, Error, Result};

use super::error::{ErrorCode, engine_error, forbidden};
use crate::access::caller::{Caller, Scope};
use crate::engine::{Engine, EngineError};

/// The engine behind this request.
pub(super) fn engine<'a>(ctx: &Context<'a>) -> Result<&'a Arc<Engine>> {
    ctx.data::<Arc<Engine>>().map_err(|_| internal())
}

/// Who asks.
pub(super) fn caller<'a>(ctx: &Context<'a>) -> Result<&'a Arc<Caller>> {
    ctx.data::<Arc<Caller>>().map_err(|_| internal())
}

/// Who asks, provided they carry this right.
pub(super) fn caller_with<'a>(ctx: &Context<'a>, scope: Scope) -> Result<&'a Arc<Caller>> {
    let caller = caller(ctx)?;
    caller.require(scope).map_err(forbidden)?;
    Ok(caller)
}

/// What a look-up inside an answer couldn't find out. Inside a mutation's, BUSY would deny what has
/// been written by then: there the answer is lost, and the same key brings it again.
pub(super) fn look_up_error(ctx: &Context<'_>, error: EngineError) -> Error {
    let is_mutation = ctx.query_env.operation.node.ty == OperationType::Mutation;
    engine_error(match error {
        EngineError::Busy if is_mutation => EngineError::Timeout,
        error => error,
    })
}

fn internal() -> Error {
    ErrorCode::Internal.error("Internal error.")
}
