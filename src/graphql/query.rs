//! Everything that can be asked.

use async_graphql::{Context, ID, Object, Result};
use futures_util::future::try_join_all;

use super::answer::budget;
use super::error::{bad_input, engine_error, forbidden};
use super::limits::{ACCOUNTS_MAX, list_complexity, page_complexity};
use super::mutation::payment_status::PaymentStatusResult;
use super::outputs::List;
use super::scalars::Text;
use super::session::{caller, caller_with, engine, priority, take_accounts};
use super::types::account::Account;
use super::types::channel::Channel;
use super::types::connection::PageRequest;
use super::types::exception::{Exception, ExceptionConnection};
use super::types::node::Node;
use super::types::service_config::ServiceConfig;
use crate::access::caller::{Forbidden, Scope};
use crate::domain::base::keys::{Key, is_idempotency_key};
use crate::store::exception::read::ExceptionPage;
use crate::store::payment::read::PaymentOfKey;

/// Everything that can be asked.
pub struct Query;

/// Everything that can be asked.
#[Object]
impl Query {
    /// The account of that number; null where there is none or the caller may not see it. Needs
    /// bills:read.
    async fn account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Account number, 1 to 20 digits.")] number: Text,
    ) -> Option<Result<Account>> {
        let found = async {
            caller_with(ctx, Scope::BillsRead)?;
            take_accounts(ctx, 1)?;
            Account::find(ctx, &number.0).await
        };
        found.await.transpose()
    }

    /// The accounts of these numbers, same length and order; null where there is none or the caller
    /// may not see it. Needs bills:read.
    #[graphql(complexity = "list_complexity(numbers.len(), child_complexity)")]
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Account numbers, at most 100.")] numbers: Vec<Text>,
    ) -> Result<List<Option<Account>>> {
        caller_with(ctx, Scope::BillsRead)?;
        check_list_len("numbers", numbers.len())?;
        take_accounts(ctx, numbers.len())?;
        let numbers: Vec<&str> = numbers.iter().map(|number| number.0.as_str()).collect();
        Account::find_all(ctx, &numbers).await.map(List::new)
    }

    /// What became of the caller's own payment with this key. NOT_FOUND means that nothing is
    /// committed under it yet, and is not final: to make it final send the same paymentPost again,
    /// or reverse it. Needs bills:read or payments:post.
    async fn payment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Key the payment was sent with.")] idempotency_key: Text,
    ) -> Result<PaymentStatusResult> {
        let caller = caller(ctx)?;
        require_any(
            caller.has(Scope::BillsRead) || caller.has(Scope::PaymentsPost),
            "bills:read or payments:post",
        )?;
        if !is_idempotency_key(&idempotency_key.0) {
            return Ok(PaymentStatusResult::new(caller, None));
        }
        let key = Key { channel_code: caller.channel_code.clone(), text: idempotency_key.0 };
        let found = engine(ctx)?.look_up(priority(ctx), PaymentOfKey(key)).await.map_err(engine_error)?;
        Ok(PaymentStatusResult::new(caller, found))
    }

    /// The caller's own channel; null for a customer. Needs bills:read, payments:post or ops:read.
    async fn channel(&self, ctx: &Context<'_>) -> Option<Result<Channel>> {
        own_channel(ctx).transpose()
    }

    /// Differences that a person must resolve, of all channels, newest first. Needs ops:read.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn exceptions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Cursor after which the page starts.")] after: Option<String>,
    ) -> Result<ExceptionConnection> {
        caller_with(ctx, Scope::OpsRead)?;
        let page = PageRequest::new(first, after)?;
        let look_up = ExceptionPage { before_id: page.after_id()?, limit: page.limit() };
        let found = engine(ctx)?.look_up(priority(ctx), look_up).await.map_err(engine_error)?;
        Ok(ExceptionConnection::new(page.page(found, |(number, _)| number.to_string()), Exception::new))
    }

    /// What a client needs to know of the service.
    async fn service_config(&self, ctx: &Context<'_>) -> Result<ServiceConfig> {
        let utility = engine(ctx)?.rules().utility.clone();
        Ok(ServiceConfig::new(utility, caller(ctx)?, budget(ctx)?.bytes_max()))
    }

    /// The object of that id; null where there is none or the caller may not see it. Needs bills:read.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Opaque name of the object.")] id: ID,
    ) -> Option<Result<Node>> {
        let found = async {
            caller_with(ctx, Scope::BillsRead)?;
            take_accounts(ctx, 1)?;
            Node::find(ctx, &id).await
        };
        found.await.transpose()
    }

    /// The objects of these ids, same length and order; null where there is none or the caller may
    /// not see it. Needs bills:read.
    #[graphql(complexity = "list_complexity(ids.len(), child_complexity)")]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Opaque names of objects, at most 100.")] ids: Vec<ID>,
    ) -> Result<List<Option<Node>>> {
        caller_with(ctx, Scope::BillsRead)?;
        check_list_len("ids", ids.len())?;
        take_accounts(ctx, ids.len())?;
        try_join_all(ids.iter().map(|id| Node::find(ctx, id))).await.map(List::new)
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
    Ok(engine(ctx)?.rules().channels.get(&caller.channel_code).cloned().map(Channel::new))
}

fn check_list_len(name: &str, len: usize) -> Result<()> {
    if len > ACCOUNTS_MAX {
        return Err(bad_input(format!("`{name}` holds at most {ACCOUNTS_MAX}.")));
    }
    Ok(())
}

fn require_any(holds: bool, rights: &'static str) -> Result<()> {
    if holds { Ok(()) } else { Err(forbidden(Forbidden(rights))) }
}
