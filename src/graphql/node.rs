//! Objects with an opaque id.

use async_graphql::{Context, ID, Interface, Object, Result};
use futures_util::future::try_join_all;

use super::account::types::Account;
use super::base::limits::{check_list_len, list_complexity, look_up_complexity};
use super::base::outputs::List;
use super::base::session::{caller_with, take_accounts};
use super::bill::types::Bill;
use super::ids::NodeId;
use super::payment::types::Payment;
use crate::access::caller::Scope;

/// An object with an opaque id, by which it can be asked for again.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Opaque name of the object."))]
pub(in crate::graphql) enum Node {
    Account(Account),
    Bill(Bill),
    Payment(Box<Payment>),
}

impl Node {
    /// The object of that id, if there is one and the caller may see it.
    pub(in crate::graphql) async fn find(ctx: &Context<'_>, id: &ID) -> Result<Option<Self>> {
        Ok(match NodeId::from_id(id) {
            None => None,
            Some(NodeId::Account { number }) => Account::find(ctx, &number).await?.map(Self::Account),
            Some(NodeId::Bill { account_number, number }) => {
                Bill::find(ctx, &account_number, &number).await?.map(Self::Bill)
            }
            Some(NodeId::Payment { account_number, id }) => {
                Payment::find(ctx, &account_number, id).await?.map(Box::new).map(Self::Payment)
            }
        })
    }
}

#[derive(Default)]
pub(in crate::graphql) struct NodeQuery;

#[Object]
impl NodeQuery {
    /// The object of that id; null where there is none or the caller may not see it. Needs bills:read.
    #[graphql(complexity = "look_up_complexity(child_complexity)")]
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
    #[graphql(complexity = "list_complexity(ids.len(), look_up_complexity(child_complexity))")]
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
