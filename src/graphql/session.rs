//! What a resolver finds in its context: the engine and the caller.

use std::sync::Arc;

use async_graphql::{Context, Error, Result};

use super::error::{ErrorCode, forbidden};
use crate::access::caller::{Caller, Scope};
use crate::engine::Engine;

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

fn internal() -> Error {
    ErrorCode::Internal.error("Internal error.")
}
