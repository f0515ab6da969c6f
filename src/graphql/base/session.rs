//! What a resolver finds in its context: the engine, the caller, how urgent they are and what they may
//! still look up.

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Context, Error, Result};

use super::error::{ErrorCode, engine_error, forbidden, over_budget};
use super::view::{View, Views};
use crate::access::budget::Budgets;
use crate::access::caller::{Caller, Forbidden, Scope};
use crate::domain::channel::{ChannelKind, ChannelMode};
use crate::engine::{Engine, EngineError, Priority};

/// Who asks, as a request carries it into its execution.
#[derive(Clone)]
pub struct RequestContext {
    /// The bearer of the token.
    pub caller: Arc<Caller>,
    /// How urgent they are.
    pub priority: Priority,
    /// How their channel works.
    pub mode: ChannelMode,
    /// What they may still look up.
    pub budgets: Arc<Budgets>,
}

/// The engine behind this request.
pub(in crate::graphql) fn engine<'a>(ctx: &Context<'a>) -> Result<&'a Arc<Engine>> {
    ctx.data::<Arc<Engine>>().map_err(|_| internal())
}

/// Who asks.
pub(in crate::graphql) fn caller<'a>(ctx: &Context<'a>) -> Result<&'a Arc<Caller>> {
    Ok(&context(ctx)?.caller)
}

/// Who asks, provided they carry this right.
pub(in crate::graphql) fn caller_with<'a>(ctx: &Context<'a>, scope: Scope) -> Result<&'a Arc<Caller>> {
    let caller = caller(ctx)?;
    caller.require(scope).map_err(forbidden)?;
    Ok(caller)
}

/// Who asks, provided they carry this right, and how their channel works.
pub(in crate::graphql) fn channel_caller<'a>(
    ctx: &Context<'a>,
    scope: Scope,
) -> Result<(&'a Arc<Caller>, ChannelMode)> {
    Ok((caller_with(ctx, scope)?, context(ctx)?.mode))
}

/// Fails unless the caller holds one of these rights.
pub(in crate::graphql) fn require_any(holds: bool, rights: &'static str) -> Result<()> {
    if holds { Ok(()) } else { Err(forbidden(Forbidden(rights))) }
}

/// How urgent a caller is: at a counter somebody waits, and a provider waits for the answer to its
/// callback; customers and their app are shed first.
pub fn priority_of(caller: &Caller, kind: ChannelKind) -> Priority {
    match kind {
        _ if caller.is_customer() => Priority::Low,
        ChannelKind::Counter | ChannelKind::Mobile => Priority::High,
        ChannelKind::Bank | ChannelKind::Billing => Priority::Normal,
        ChannelKind::App => Priority::Low,
    }
}

/// How urgent this request is.
pub(in crate::graphql) fn priority(ctx: &Context<'_>) -> Priority {
    context(ctx).map_or(Priority::Normal, |context| context.priority)
}

/// What this try to answer sees.
pub(in crate::graphql) fn view(ctx: &Context<'_>) -> Result<Arc<View>> {
    Ok(ctx.data::<Arc<Views>>().map_err(|_| internal())?.present())
}

/// Takes accounts looked up off the caller's budget, once however often the answer is made.
pub(in crate::graphql) fn take_accounts(ctx: &Context<'_>, count: usize) -> Result<()> {
    if !view(ctx)?.is_first() {
        return Ok(());
    }
    let context = context(ctx)?;
    context.budgets.take_accounts(&context.caller, count).map_err(over_budget)
}

/// What a look-up inside an answer couldn't find out. Inside a mutation's, BUSY would deny what has
/// been written by then: there the answer is lost, and the same key brings it again.
pub(in crate::graphql) fn look_up_error(ctx: &Context<'_>, error: EngineError) -> Error {
    engine_error(match error {
        EngineError::Busy if is_mutation(ctx) => EngineError::Timeout,
        error => error,
    })
}

/// Whether something was written before this is looked at.
pub(in crate::graphql) fn is_mutation(ctx: &Context<'_>) -> bool {
    ctx.query_env.operation.node.ty == OperationType::Mutation
}

fn context<'a>(ctx: &Context<'a>) -> Result<&'a RequestContext> {
    ctx.data::<RequestContext>().map_err(|_| internal())
}

fn internal() -> Error {
    ErrorCode::Internal.error("Internal error.")
}
