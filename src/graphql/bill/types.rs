//! A bill as a caller sees it.

use async_graphql::{Context, ID, Object, Result, SimpleObject};

use super::super::account::types::Account;
use super::super::base::api_enum::api_enum;
use super::super::base::connection::{PageRequest, connection};
use super::super::base::cursor::place_cursor;
use super::super::base::error::ErrorCode;
use super::super::base::limits::{instant_complexity, keyed_complexity, page_complexity};
use super::super::base::scalars::{Amount, Date, DateTime};
use super::super::base::session::{caller, caller_with, look_up_error, view};
use super::super::ids::NodeId;
use super::super::payment::types::{Payment, PaymentConnection};
use crate::access::caller::Scope;
use crate::domain;
use crate::domain::base::calendar::day_of;
use crate::domain::base::not_payable::NotPayable;
use crate::store::payment::read::{BillPaymentPage, place_in_account};

pub(in crate::graphql) struct Bill {
    bill: domain::bill::Bill,
}

connection!(BillConnection, BillEdge, Bill, "bills");

api_enum! {
    /// What has been paid of a bill.
    BillStatus of domain::bill::BillStatus {
        /// Nothing paid yet.
        Open,
        /// Something paid, something due.
        PartlyPaid,
        /// Principal and penalty paid.
        Paid,
        /// Withdrawn by billing; nothing is due.
        Cancelled,
    }
}

api_enum! {
    /// Why a bill can't be paid now.
    BillNotPayableCode of domain::bill::BillNotPayableCode {
        /// It is paid.
        BillPaid,
        /// It was withdrawn by billing.
        BillCancelled,
    }
}

/// Why a bill can't be paid now, for both sides of the counter.
#[derive(SimpleObject)]
pub(in crate::graphql) struct BillNotPayableReason {
    /// The reason as a word.
    code: BillNotPayableCode,
    /// What the teller reads, in Chinese.
    teller_text: &'static str,
    /// What the customer reads, in Chinese.
    customer_text: &'static str,
}

impl Bill {
    pub(in crate::graphql) fn new(bill: domain::bill::Bill) -> Self {
        Self { bill }
    }

    /// The bill of that number, if there is one and the caller may see its account.
    pub(in crate::graphql) async fn find(
        ctx: &Context<'_>,
        account_number: &str,
        number: &str,
    ) -> Result<Option<Self>> {
        if !caller(ctx)?.may_see_account(account_number) {
            return Ok(None);
        }
        let key = (account_number.to_owned(), number.to_owned());
        let found = view(ctx)?.bill(key).await.map_err(|error| look_up_error(ctx, error))?;
        Ok(found.map(Self::new))
    }

    fn at<T>(
        &self,
        ctx: &Context<'_>,
        at: Option<DateTime>,
        read: impl Fn(&domain::bill::Bill, &domain::bill::penalty::PenaltyPolicy, chrono::NaiveDate) -> T,
    ) -> Result<T> {
        let view = view(ctx)?;
        let policies = &view.rules().policies;
        let at_ms = at.map_or_else(|| view.now_ms(), |at| at.0);
        Ok(read(&self.bill, policies.penalty_of(&self.bill), day_of(at_ms, policies.zone)))
    }
}

/// The charge of one account for one billing period.
#[Object]
impl Bill {
    /// Opaque name of the bill.
    pub(in crate::graphql) async fn id(&self) -> ID {
        let (account_number, number) = (self.bill.account_number.clone(), self.bill.number.clone());
        NodeId::Bill { account_number, number }.to_id()
    }

    /// Number given by billing, unique within the account.
    async fn number(&self) -> &str {
        &self.bill.number
    }

    /// Billing period, such as 2026-11.
    async fn period(&self) -> &str {
        &self.bill.period
    }

    /// Day of issue.
    async fn issued_on(&self) -> Date {
        Date(self.bill.issued_on)
    }

    /// Last day without penalty.
    async fn due_on(&self) -> Date {
        Date(self.bill.due_on)
    }

    /// What has been paid of it.
    async fn status(&self) -> BillStatus {
        self.bill.status.into()
    }

    /// The charge itself.
    async fn principal(&self) -> Amount {
        Amount(self.bill.principal_fen)
    }

    /// What lateness adds in all, paid or not, if the rest is paid at that instant: principal + penalty - paid = amountDue.
    #[graphql(complexity = "instant_complexity(at.as_ref(), child_complexity)")]
    async fn penalty(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "When the payer pays; now where absent.")] at: Option<DateTime>,
    ) -> Result<Amount> {
        self.at(ctx, at, |bill, policy, day| Amount(bill.penalty_fen(policy, day)))
    }

    /// What has been paid so far, principal and penalty.
    async fn paid(&self) -> Amount {
        Amount(self.bill.principal_paid_fen + self.bill.penalty_paid_fen)
    }

    /// What is still to be paid, principal and penalty; paid at that instant, it settles the bill.
    #[graphql(complexity = "instant_complexity(at.as_ref(), child_complexity)")]
    async fn amount_due(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "When the payer pays; now where absent.")] at: Option<DateTime>,
    ) -> Result<Amount> {
        self.at(ctx, at, |bill, policy, day| Amount(bill.amount_due_fen(policy, day)))
    }

    /// Whether money can be put on it now.
    async fn is_payable(&self) -> bool {
        self.bill.is_payable()
    }

    /// Why it can't be paid now; null where it can.
    async fn not_payable_reason(&self) -> Option<BillNotPayableReason> {
        let NotPayable { code, teller_text, customer_text } = self.bill.not_payable()?;
        Some(BillNotPayableReason { code: code.into(), teller_text, customer_text })
    }

    /// The account it belongs to. Needs bills:read.
    #[graphql(complexity = "keyed_complexity(child_complexity)")]
    async fn account(&self, ctx: &Context<'_>) -> Result<Account> {
        caller_with(ctx, Scope::BillsRead)?;
        let found = Account::find(ctx, &self.bill.account_number).await?;
        found.ok_or_else(|| ErrorCode::Internal.error("Internal error."))
    }

    /// The payments that settled some of it, newest first. Needs bills:read.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn payments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Cursor after which the page starts.")] after: Option<String>,
    ) -> Result<PaymentConnection> {
        caller_with(ctx, Scope::BillsRead)?;
        let page = PageRequest::new(first, after)?;
        let (account_number, bill_number) = (self.bill.account_number.clone(), self.bill.number.clone());
        let (before, limit) = (page.after_place()?, page.limit());
        let look_up = BillPaymentPage { account_number, bill_number, before, limit };
        let found = view(ctx)?.look_up(look_up).await.map_err(|error| look_up_error(ctx, error))?;
        let cursor = |payment: &domain::payment::Payment| place_cursor(place_in_account(payment));
        Ok(PaymentConnection::new(page.page(found, cursor), Payment::new))
    }
}
