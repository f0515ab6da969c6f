//! Objects with an opaque id.

use async_graphql::{Context, ID, Interface, Result};

use super::super::ids::NodeId;
use super::account::Account;
use super::bill::Bill;
use super::payment::Payment;

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
