//! `exceptions`.

use async_graphql::{Context, Object, Result};

use super::super::base::connection::PageRequest;
use super::super::base::cursor::place_cursor;
use super::super::base::error::engine_error;
use super::super::base::limits::page_complexity;
use super::super::base::session::{caller_with, view};
use super::types::{Exception, ExceptionConnection};
use crate::access::caller::Scope;
use crate::store::exception::read::{ExceptionPage, place};

#[derive(Default)]
pub(in crate::graphql) struct ExceptionQuery;

#[Object]
impl ExceptionQuery {
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
        let look_up = ExceptionPage { before: page.after_place()?, limit: page.limit() };
        let found = view(ctx)?.look_up_apart(look_up).await.map_err(engine_error)?;
        let cursor = |found: &_| place_cursor(place(found));
        Ok(ExceptionConnection::new(page.page(found, cursor), Exception::new))
    }
}
