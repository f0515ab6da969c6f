//! `account` and `accounts`.

use async_graphql::{Context, Object, Result};

use super::super::base::limits::{check_list_len, keyed_complexity, list_complexity};
use super::super::base::outputs::List;
use super::super::base::scalars::Text;
use super::super::base::session::{caller_with, take_accounts};
use super::types::Account;
use crate::access::caller::Scope;

#[derive(Default)]
pub(in crate::graphql) struct AccountQuery;

#[Object]
impl AccountQuery {
    /// The account of that number; null where there is none or the caller may not see it. Needs
    /// bills:read.
    #[graphql(complexity = "keyed_complexity(child_complexity)")]
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
    #[graphql(complexity = "list_complexity(numbers.len(), keyed_complexity(child_complexity))")]
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
}
