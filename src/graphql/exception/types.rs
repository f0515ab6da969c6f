//! A difference that a person must resolve.

use async_graphql::{Context, Object, Result};

use super::super::base::api_enum::api_enum;
use super::super::base::connection::connection;
use super::super::base::limits::look_up_complexity;
use super::super::base::outputs::FreeText;
use super::super::base::scalars::{Date, DateTime};
use super::super::payment::types::Payment;
use crate::domain;

pub(in crate::graphql) struct Exception {
    number: i64,
    exception: domain::exception::Exception,
}

api_enum! {
    /// What differs and needs a person.
    ExceptionKind of domain::exception::ExceptionKind {
        /// The channel was suspended when it reported money.
        ChannelSuspended,
        /// The reported payment lies further back than the channel allows.
        PaidAtOutOfRange,
        /// The account number can't be one.
        AccountNumberMalformed,
        /// No such account.
        AccountNotFound,
        /// Money for a closed account that settles no bill.
        AccountClosed,
        /// A named bill doesn't exist.
        BillNotFound,
        /// A named bill can't be paid now.
        BillNotPayable,
        /// The amount breaks the channel's rule.
        AmountNotAccepted,
        /// More arrived than was due.
        Overpayment,
        /// A key came again with another input.
        IdempotencyKeyReused,
        /// A reporting channel sent more than can be kept, and it was cut; nothing is left to resolve.
        InputTrimmed,
    }
}

connection!(ExceptionConnection, ExceptionEdge, Exception, "exceptions");

impl Exception {
    pub(in crate::graphql) fn new((number, exception): (i64, domain::exception::Exception)) -> Self {
        Self { number, exception }
    }
}

/// A difference that a person must resolve.
#[Object]
impl Exception {
    /// Its number.
    async fn number(&self) -> String {
        self.number.to_string()
    }

    /// What differs.
    async fn kind(&self) -> ExceptionKind {
        self.exception.kind.into()
    }

    /// The same in words.
    async fn detail(&self) -> FreeText<'_> {
        FreeText::from(&self.exception.detail)
    }

    /// Code of the channel that brought it.
    async fn channel(&self) -> &str {
        &self.exception.channel_code
    }

    /// Key it came under.
    async fn idempotency_key(&self) -> FreeText<'_> {
        FreeText::from(&self.exception.idempotency_key)
    }

    /// Account number as the payer gave it; empty where none was given.
    async fn account_number(&self) -> FreeText<'_> {
        FreeText::from(&self.exception.account_number)
    }

    /// The payment it belongs to; null where no money moved.
    #[graphql(complexity = "look_up_complexity(child_complexity)")]
    async fn payment(&self, ctx: &Context<'_>) -> Option<Result<Payment>> {
        let id = self.exception.payment_id?;
        Payment::find(ctx, &self.exception.account_number, id).await.transpose()
    }

    /// When it was found.
    async fn recorded_at(&self) -> DateTime {
        DateTime(self.exception.recorded_at_ms)
    }

    /// Business day on which it was found.
    async fn business_day(&self) -> Date {
        Date(self.exception.business_day)
    }
}
