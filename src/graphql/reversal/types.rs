//! What undid a payment, as a caller sees it.

use async_graphql::{Context, Object, Result};

use super::super::base::outputs::FreeText;
use super::super::base::scalars::DateTime;
use super::super::base::session::caller;
use crate::domain;

pub(in crate::graphql) struct Reversal<'a> {
    reversal: &'a domain::payment::Reversal,
}

impl<'a> Reversal<'a> {
    pub(in crate::graphql) fn new(reversal: &'a domain::payment::Reversal) -> Self {
        Self { reversal }
    }
}

/// What undid a payment.
#[Object]
impl Reversal<'_> {
    /// Number of the reversal, permanent.
    async fn number(&self) -> String {
        self.reversal.id.to_string()
    }

    /// When it was posted.
    async fn posted_at(&self) -> DateTime {
        DateTime(self.reversal.posted_at_ms)
    }

    /// Whether it arrived before its payment.
    async fn is_early(&self) -> bool {
        self.reversal.is_early
    }

    /// Why; null for other channels and customers.
    async fn reason(&self, ctx: &Context<'_>) -> Result<Option<FreeText<'_>>> {
        let is_own = caller(ctx)?.is_own_channel(&self.reversal.channel_code);
        Ok(Some(&self.reversal.reason).filter(|_| is_own).map(Into::into))
    }

    /// The channel's own key for it; null for other channels and customers.
    async fn idempotency_key(&self, ctx: &Context<'_>) -> Result<Option<FreeText<'_>>> {
        let is_own = caller(ctx)?.is_own_channel(&self.reversal.channel_code);
        Ok(Some(&self.reversal.idempotency_key).filter(|_| is_own).map(Into::into))
    }
}
