//! The caller's own channel.

use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::NaiveDate;

use super::super::base::api_enum::api_enum;
use super::super::base::connection::PageRequest;
use super::super::base::cursor::place_cursor;
use super::super::base::limits::{look_up_complexity, page_complexity};
use super::super::base::scalars::{Amount, Date};
use super::super::base::session::{look_up_error, view};
use super::super::payment::types::{Payment, PaymentConnection};
use crate::domain;
use crate::domain::base::calendar::day_of;
use crate::store::channel;
use crate::store::payment::read::{ChannelPaymentPage, place_in_channel};

pub(in crate::graphql) struct Channel {
    channel: domain::channel::Channel,
}

api_enum! {
    /// What kind of outside party a channel is.
    ChannelKind of domain::channel::ChannelKind {
        /// A bank that debits or transfers.
        Bank,
        /// A mobile-payment provider.
        Mobile,
        /// Service counters of the utility.
        Counter,
        /// The customer's app.
        App,
        /// The billing system.
        Billing,
    }
}

api_enum! {
    /// Whether money can still be given back when a posting is refused.
    ChannelMode of domain::channel::ChannelMode {
        /// Asks before it takes: a posting may be refused.
        Asking,
        /// Reports money already taken: it is placed in suspense or advance rather than refused.
        Reporting,
    }
}

/// What a channel brought on one business day.
#[derive(SimpleObject)]
pub(in crate::graphql) struct ChannelTotals {
    /// Sum of the payments posted that day.
    posted: Amount,
    /// Sum of the payments reversed that day, whenever they were posted.
    reversed: Amount,
    /// Number of the payments posted that day.
    count: i32,
    /// Number of the payments reversed that day.
    reversed_count: i32,
}

impl Channel {
    pub(in crate::graphql) fn new(channel: domain::channel::Channel) -> Self {
        Self { channel }
    }
}

fn day(ctx: &Context<'_>, on: Option<Date>) -> Result<NaiveDate> {
    let view = view(ctx)?;
    Ok(on.map_or_else(|| day_of(view.now_ms(), view.rules().utility.zone), |on| on.0))
}

/// Who brings payments; the caller's own.
#[Object]
impl Channel {
    /// Its name in tokens.
    async fn code(&self) -> &str {
        &self.channel.code
    }

    /// What kind of outside party it is.
    async fn kind(&self) -> ChannelKind {
        self.channel.kind.into()
    }

    /// Whether it asks before it takes money or reports money taken.
    async fn mode(&self) -> ChannelMode {
        self.channel.mode.into()
    }

    /// Whether it is suspended: it can then only replay, ask and reverse.
    async fn is_suspended(&self) -> bool {
        self.channel.is_suspended
    }

    /// What it brought on one business day.
    #[graphql(complexity = "look_up_complexity(child_complexity)")]
    async fn totals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Business day in the utility's zone; today where absent.")] on: Option<Date>,
    ) -> Result<ChannelTotals> {
        let (day, channel_code) = (day(ctx, on)?, self.channel.code.clone());
        let look_up = channel::read::ChannelTotals { channel_code, day };
        let totals = view(ctx)?.look_up_apart(look_up).await.map_err(|error| look_up_error(ctx, error))?;
        Ok(ChannelTotals {
            posted: Amount(totals.posted_fen),
            reversed: Amount(totals.reversed_fen),
            count: i32::try_from(totals.posted_count).unwrap_or(i32::MAX),
            reversed_count: i32::try_from(totals.reversed_count).unwrap_or(i32::MAX),
        })
    }

    /// The payments it brought on one business day, newest first.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn payments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Business day in the utility's zone; today where absent.")] on: Option<Date>,
        #[graphql(desc = "How many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Cursor after which the page starts.")] after: Option<String>,
    ) -> Result<PaymentConnection> {
        let page = PageRequest::new(first, after)?;
        let (day, channel_code) = (day(ctx, on)?, self.channel.code.clone());
        let (before, limit) = (page.after_place()?, page.limit());
        let look_up = ChannelPaymentPage { channel_code, day, before, limit };
        let found = view(ctx)?.look_up(look_up).await.map_err(|error| look_up_error(ctx, error))?;
        let cursor = |payment: &domain::payment::Payment| place_cursor(place_in_channel(payment));
        Ok(PaymentConnection::new(page.page(found, cursor), Payment::new))
    }
}
