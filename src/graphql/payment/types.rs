//! A payment as a caller sees it.

use async_graphql::{Context, Enum, ID, Object, Result};

use super::super::account::types::Account;
use super::super::base::answer::draw;
use super::super::base::api_enum::api_enum;
use super::super::base::connection::connection;
use super::super::base::error::ErrorCode;
use super::super::base::limits::{ALLOCATIONS_COUNTED, keyed_complexity, list_complexity};
use super::super::base::outputs::{FreeText, List};
use super::super::base::scalars::{Amount, DateTime};
use super::super::base::session::{caller, look_up_error, view};
use super::super::bill::types::Bill;
use super::super::ids::NodeId;
use super::super::reversal::types::Reversal;
use crate::access::caller::Scope;
use crate::domain;
use crate::domain::payment::receipt_number;
use crate::store::payment::read::PaymentOfNumber;

pub(in crate::graphql) struct Payment {
    payment: domain::payment::Payment,
}

connection!(PaymentConnection, PaymentEdge, Payment, "payments");

/// Whether a payment stands.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum PaymentStatus {
    /// It stands.
    Posted,
    /// It was undone by a reversal.
    Reversed,
}

api_enum! {
    /// What an allocation settles of a bill.
    BillPart of domain::bill::Part {
        /// The charge itself.
        Principal,
        /// What lateness added.
        Penalty,
    }
}

pub(in crate::graphql) struct Allocation<'a> {
    account_number: &'a str,
    allocation: &'a domain::bill::Allocation,
}

impl Payment {
    pub(in crate::graphql) fn new(payment: domain::payment::Payment) -> Self {
        Self { payment }
    }

    /// The payment of that number under that account number, if the caller may see it.
    pub(in crate::graphql) async fn find(
        ctx: &Context<'_>,
        account_number: &str,
        id: i64,
    ) -> Result<Option<Self>> {
        if !caller(ctx)?.may_see_account(account_number) {
            return Ok(None);
        }
        let found = view(ctx)?.look_up(PaymentOfNumber(id)).await;
        let found = found.map_err(|error| look_up_error(ctx, error))?;
        Ok(found.filter(|payment| payment.account_number == account_number).map(Self::new))
    }
}

/// Money that arrived through a channel, once.
#[Object]
impl Payment {
    /// Opaque name of the payment.
    pub(in crate::graphql) async fn id(&self, ctx: &Context<'_>) -> Result<ID> {
        let id = NodeId::Payment { account_number: self.payment.account_number.clone(), id: self.payment.id }
            .to_id();
        // In suspense the number is as long as the payer gave it.
        draw(ctx, id.len())?;
        Ok(id)
    }

    /// Number of the payment, permanent.
    async fn number(&self) -> String {
        self.payment.id.to_string()
    }

    /// Number of the receipt: the payment's number with a check digit; permanent, with gaps.
    async fn receipt_number(&self) -> String {
        receipt_number(self.payment.id)
    }

    /// Code of the channel that brought it.
    async fn channel(&self) -> &str {
        &self.payment.channel_code
    }

    /// The channel's own key for it; null for other channels and customers.
    async fn idempotency_key(&self, ctx: &Context<'_>) -> Result<Option<FreeText<'_>>> {
        let is_own = caller(ctx)?.is_own_channel(&self.payment.channel_code);
        Ok(Some(&self.payment.idempotency_key).filter(|_| is_own).map(Into::into))
    }

    /// The channel's own note; null for other channels and customers.
    async fn note(&self, ctx: &Context<'_>) -> Result<Option<FreeText<'_>>> {
        let is_own = caller(ctx)?.is_own_channel(&self.payment.channel_code);
        Ok(self.payment.note.as_ref().filter(|_| is_own).map(Into::into))
    }

    /// Account number as the payer gave it.
    async fn account_number(&self) -> FreeText<'_> {
        FreeText::from(&self.payment.account_number)
    }

    /// What arrived.
    async fn amount(&self) -> Amount {
        Amount(self.payment.amount_fen)
    }

    /// When the payer paid; penalties are frozen at this instant.
    async fn paid_at(&self) -> DateTime {
        DateTime(self.payment.paid_at_ms)
    }

    /// When it was posted.
    async fn posted_at(&self) -> DateTime {
        DateTime(self.payment.posted_at_ms)
    }

    /// Whether it stands, as of now.
    async fn status(&self) -> PaymentStatus {
        match self.payment.reversal {
            None => PaymentStatus::Posted,
            Some(_) => PaymentStatus::Reversed,
        }
    }

    /// What it settled, in order.
    #[graphql(complexity = "list_complexity(ALLOCATIONS_COUNTED, child_complexity)")]
    async fn allocations(&self) -> List<Allocation<'_>> {
        let account_number = &self.payment.account_number;
        self.payment.allocations.iter().map(|allocation| Allocation { account_number, allocation }).collect()
    }

    /// What of it went to the advance balance, a shortfall settled included.
    async fn to_advance(&self) -> Amount {
        Amount(self.payment.to_advance_fen)
    }

    /// What of it went to suspense because it couldn't be placed.
    async fn to_suspense(&self) -> Amount {
        Amount(self.payment.to_suspense_fen)
    }

    /// The account it was made for; null where there is none of that number, and without bills:read.
    #[graphql(complexity = "keyed_complexity(child_complexity)")]
    async fn account(&self, ctx: &Context<'_>) -> Option<Result<Account>> {
        let found = async {
            if !caller(ctx)?.has(Scope::BillsRead) {
                return Ok(None);
            }
            Account::find(ctx, &self.payment.account_number).await
        };
        found.await.transpose()
    }

    /// What undid it; null while it stands.
    async fn reversal(&self) -> Option<Reversal<'_>> {
        self.payment.reversal.as_ref().map(Reversal::new)
    }
}

/// The part of a payment that settled one bill's principal or penalty.
#[Object]
impl Allocation<'_> {
    /// The bill, as of now.
    #[graphql(complexity = "keyed_complexity(child_complexity)")]
    async fn bill(&self, ctx: &Context<'_>) -> Result<Bill> {
        let found = Bill::find(ctx, self.account_number, &self.allocation.bill_number).await?;
        found.ok_or_else(|| ErrorCode::Internal.error("Internal error."))
    }

    /// How much.
    async fn amount(&self) -> Amount {
        Amount(self.allocation.amount_fen)
    }

    /// Which part of the bill.
    async fn part(&self) -> BillPart {
        self.allocation.part.into()
    }

    /// Still due on the whole bill at paidAt after this.
    async fn remaining_after(&self) -> Amount {
        Amount(self.allocation.remaining_after_fen)
    }
}
