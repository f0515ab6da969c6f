//! `channel`.

use async_graphql::{Context, Object, Result};

use super::super::base::session::{caller, require_any, view};
use super::types::Channel;
use crate::access::caller::Scope;

#[derive(Default)]
pub(in crate::graphql) struct ChannelQuery;

#[Object]
impl ChannelQuery {
    /// The caller's own channel; null for a customer. Needs bills:read, payments:post or ops:read.
    async fn channel(&self, ctx: &Context<'_>) -> Option<Result<Channel>> {
        own_channel(ctx).transpose()
    }
}

fn own_channel(ctx: &Context<'_>) -> Result<Option<Channel>> {
    let caller = caller(ctx)?;
    let may_ask =
        [Scope::BillsRead, Scope::PaymentsPost, Scope::OpsRead].iter().any(|scope| caller.has(*scope));
    require_any(may_ask, "bills:read, payments:post or ops:read")?;
    if caller.is_customer() {
        return Ok(None);
    }
    Ok(view(ctx)?.rules().channels.get(&caller.channel_code).cloned().map(Channel::new))
}
