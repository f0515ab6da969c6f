//! An account as a caller sees it.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::super::base::api_enum::api_enum;
use super::super::base::connection::PageRequest;
use super::super::base::cursor::place_cursor;
use super::super::base::limits::{instant_complexity, page_complexity};
use super::super::base::outputs::FreeText;
use super::super::base::scalars::{Amount, DateTime};
use super::super::base::session::{caller, look_up_error, view};
use super::super::base::view::View;
use super::super::bill::cursor::{bill_cursor, read_bill_cursor};
use super::super::bill::types::{Bill, BillConnection, BillStatus};
use super::super::ids::NodeId;
use super::super::payment::types::{Payment, PaymentConnection};
use crate::domain;
use crate::domain::account::is_account_number;
use crate::domain::account::masking::{mask_address, mask_name, mask_phone};
use crate::domain::base::calendar::day_of;
use crate::domain::base::not_payable::NotPayable;
use crate::domain::bill::BilledAccount;
use crate::store::bill::read::BillPage;
use crate::store::payment::read::{PaymentPage, place_in_account};

pub(in crate::graphql) struct Account {
    billed: Arc<BilledAccount>,
}

api_enum! {
    /// State of an account's contract.
    AccountStatus of domain::account::AccountStatus {
        /// Supplied and billed.
        Active,
        /// Supply interrupted; billed and payable like an active account.
        Suspended,
        /// Contract ended; only bills still open can be paid.
        Closed,
    }
}

api_enum! {
    /// Class of a customer; decides penalty rates and amount rules.
    CustomerClass of domain::account::CustomerClass {
        /// Households.
        Residential,
        /// Shops and offices.
        Commercial,
        /// Factories.
        Industrial,
        /// Farms and irrigation.
        Agricultural,
        /// Everything else.
        Other,
    }
}

/// Which bills are asked for.
#[derive(InputObject)]
pub(in crate::graphql) struct BillFilter {
    /// Only bills in one of these states; all where absent or empty.
    status: Option<Vec<BillStatus>>,
}

api_enum! {
    /// Why there is nothing to pay on an account.
    AccountNotPayableCode of domain::account::AccountNotPayableCode {
        /// No open bill and no shortfall; a top-up is welcome.
        NothingDue,
        /// The account is closed and nothing is open.
        AccountClosed,
    }
}

/// Why there is nothing to pay, for both sides of the counter.
#[derive(SimpleObject)]
pub(in crate::graphql) struct AccountNotPayableReason {
    /// The reason as a word.
    code: AccountNotPayableCode,
    /// What the teller reads, in Chinese.
    teller_text: &'static str,
    /// What the customer reads, in Chinese.
    customer_text: &'static str,
}

impl Account {
    /// The account of that number, if there is one and the caller may see it.
    pub(in crate::graphql) async fn find(ctx: &Context<'_>, number: &str) -> Result<Option<Self>> {
        Ok(Self::find_all(ctx, &[number]).await?.pop().flatten())
    }

    /// The accounts of these numbers, same length and order; `None` where there is none or the caller may
    /// not see it.
    pub(in crate::graphql) async fn find_all(
        ctx: &Context<'_>,
        numbers: &[&str],
    ) -> Result<Vec<Option<Self>>> {
        let caller = caller(ctx)?;
        let is_visible = |number: &str| is_account_number(number) && caller.may_see_account(number);
        let visible: Vec<String> =
            numbers.iter().filter(|number| is_visible(number)).map(|&number| number.to_owned()).collect();
        if visible.is_empty() {
            return Ok(numbers.iter().map(|_| None).collect());
        }
        let view = view(ctx)?;
        // Boxed: a type's fields share the room of the largest of them, and most are a word.
        let found = Box::pin(view.accounts(&visible)).await;
        let mut found = found.map_err(|error| look_up_error(ctx, error))?.into_iter();
        let account = |&number: &&str| {
            let billed = if is_visible(number) { found.next()?? } else { return None };
            Some(Self { billed })
        };
        Ok(numbers.iter().map(account).collect())
    }

    fn due_fen(&self, view: &View, at_ms: Option<i64>) -> i64 {
        let policies = &view.rules().policies;
        let day = day_of(at_ms.unwrap_or_else(|| view.now_ms()), policies.zone);
        policies.due_fen(&self.billed.account, &self.billed.open_bills, day)
    }
}

/// What is billed: one service point under one contract.
#[Object]
impl Account {
    /// Opaque name of the account.
    pub(in crate::graphql) async fn id(&self) -> ID {
        NodeId::Account { number: self.billed.account.number.clone() }.to_id()
    }

    /// Account number, 1 to 20 digits; leading zeros count.
    async fn number(&self) -> &str {
        &self.billed.account.number
    }

    /// Name of the customer; masked unless the token has pii:read.
    async fn name(&self, ctx: &Context<'_>) -> Result<FreeText<'_>> {
        let name = &self.billed.holder.name;
        Ok(if caller(ctx)?.sees_personal_data() { name.into() } else { mask_name(name).into() })
    }

    /// State of the contract.
    async fn status(&self) -> AccountStatus {
        self.billed.account.status.into()
    }

    /// Class of the customer.
    async fn customer_class(&self) -> CustomerClass {
        self.billed.account.class.into()
    }

    /// District or route.
    async fn area(&self) -> FreeText<'_> {
        FreeText::from(&self.billed.holder.area)
    }

    /// Address of the service point; masked unless the token has pii:read.
    async fn address(&self, ctx: &Context<'_>) -> Result<FreeText<'_>> {
        let address = &self.billed.holder.address;
        Ok(if caller(ctx)?.sees_personal_data() { address.into() } else { mask_address(address).into() })
    }

    /// Phone number; masked unless the token has pii:read.
    async fn phone(&self, ctx: &Context<'_>) -> Result<FreeText<'_>> {
        let phone = &self.billed.holder.phone;
        Ok(if caller(ctx)?.sees_personal_data() { phone.into() } else { mask_phone(phone).into() })
    }

    /// Money of the customer not yet owed; pays the next bill.
    async fn advance_balance(&self) -> Amount {
        Amount(self.billed.account.advance_fen)
    }

    /// Advance that was used and then reversed away; due after all bills.
    async fn advance_shortfall(&self) -> Amount {
        Amount(self.billed.account.shortfall_fen)
    }

    /// What a payer owes in all: open bills with their penalties, and the shortfall.
    #[graphql(complexity = "instant_complexity(at.as_ref(), child_complexity)")]
    async fn amount_due(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "When the payer pays; now where absent.")] at: Option<DateTime>,
    ) -> Result<Amount> {
        Ok(Amount(self.due_fen(&*view(ctx)?, at.map(|at| at.0))))
    }

    /// Why there is nothing to pay now; null where something is due.
    async fn not_payable_reason(&self, ctx: &Context<'_>) -> Result<Option<AccountNotPayableReason>> {
        let view = view(ctx)?;
        let policies = &view.rules().policies;
        let today = day_of(view.now_ms(), policies.zone);
        let reason = policies.not_payable(&self.billed.account, &self.billed.open_bills, today);
        Ok(reason.map(|NotPayable { code, teller_text, customer_text }| AccountNotPayableReason {
            code: code.into(),
            teller_text,
            customer_text,
        }))
    }

    /// The account's bills, oldest due date first, then by number; all of them unless filtered.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn bills(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which bills; all where absent.")] filter: Option<BillFilter>,
        #[graphql(desc = "How many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Cursor after which the page starts.")] after: Option<String>,
    ) -> Result<BillConnection> {
        let page = PageRequest::new(first, after)?;
        let statuses: Vec<domain::bill::BillStatus> =
            filter.and_then(|filter| filter.status).unwrap_or_default().into_iter().map(Into::into).collect();
        let found = if page.after().is_none() && is_all_payable(&statuses) {
            let limit = usize::try_from(page.limit()).unwrap_or(usize::MAX);
            self.billed.open_bills.iter().take(limit).cloned().collect()
        } else {
            self.bill_page(ctx, statuses, &page).await?
        };
        let cursor = |bill: &domain::bill::Bill| bill_cursor((bill.due_on, &bill.number));
        Ok(BillConnection::new(page.page(found, cursor), Bill::new))
    }

    /// The payments made under this account's number, newest first.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn payments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100; 20 where absent.")] first: Option<i32>,
        #[graphql(desc = "Cursor after which the page starts.")] after: Option<String>,
    ) -> Result<PaymentConnection> {
        let page = PageRequest::new(first, after)?;
        let account_number = self.billed.account.number.clone();
        let look_up = PaymentPage { account_number, before: page.after_place()?, limit: page.limit() };
        let found = view(ctx)?.look_up(look_up).await.map_err(|error| look_up_error(ctx, error))?;
        let cursor = |payment: &domain::payment::Payment| place_cursor(place_in_account(payment));
        Ok(PaymentConnection::new(page.page(found, cursor), Payment::new))
    }
}

impl Account {
    async fn bill_page(
        &self,
        ctx: &Context<'_>,
        statuses: Vec<domain::bill::BillStatus>,
        page: &PageRequest,
    ) -> Result<Vec<domain::bill::Bill>> {
        let after = page.after().map(read_bill_cursor).transpose()?;
        let (account_number, limit) = (self.billed.account.number.clone(), page.limit());
        let look_up = BillPage { account_number, statuses, after, limit };
        view(ctx)?.look_up(look_up).await.map_err(|error| look_up_error(ctx, error))
    }
}

/// Whether exactly the payable bills are asked for: those are looked up together with other callers'.
fn is_all_payable(statuses: &[domain::bill::BillStatus]) -> bool {
    use domain::bill::BillStatus::{Open, PartlyPaid};
    statuses.contains(&Open)
        && statuses.contains(&PartlyPaid)
        && statuses.iter().all(|status| matches!(status, Open | PartlyPaid))
}
