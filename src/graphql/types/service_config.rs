//! What a client needs to know of the service.

use async_graphql::{Object, SimpleObject};

use super::super::limits;
use super::super::scalars::Amount;
use crate::domain::money::{FEN_MAX, PAYMENT_FEN_MIN};
use crate::domain::text;
use crate::engine::Utility;

/// What a client needs to know of the service.
pub(in crate::graphql) struct ServiceConfig {
    utility: Utility,
}

/// Bounds on what one request may hold.
#[derive(SimpleObject)]
pub(in crate::graphql) struct Limits {
    /// Least amount of a payment.
    payment_amount_min: Amount,
    /// Greatest amount of a payment.
    payment_amount_max: Amount,
    /// Length of an idempotency key.
    idempotency_key_length_max: usize,
    /// Digits of an account number.
    account_number_length_max: usize,
    /// Length of a note and of a reversal's reason.
    note_length_max: usize,
    /// Bills named by one payment.
    bill_numbers_max: usize,
    /// Payments in one paymentBatchPost.
    batch_payments_max: usize,
    /// Accounts in one accounts, ids in one nodes.
    accounts_max: usize,
    /// Items of one page.
    page_max: i32,
    /// Bytes of a document.
    document_bytes_max: usize,
    /// Nested brackets of a document.
    nesting_max: usize,
    /// Nested fields of a document.
    depth_max: usize,
    /// Fields of a document.
    complexity_max: usize,
    /// Aliases of a document.
    aliases_max: usize,
}

impl ServiceConfig {
    pub(in crate::graphql) fn new(utility: Utility) -> Self {
        Self { utility }
    }
}

/// What a client needs to know of the service.
#[Object]
impl ServiceConfig {
    /// Name of the utility.
    async fn name(&self) -> &str {
        &self.utility.name
    }

    /// ISO 4217 code of every amount.
    async fn currency(&self) -> &str {
        &self.utility.currency
    }

    /// IANA zone in which days are counted.
    async fn time_zone(&self) -> &str {
        self.utility.zone.name()
    }

    /// Bounds on what one request may hold.
    async fn limits(&self) -> Limits {
        Limits {
            payment_amount_min: Amount(PAYMENT_FEN_MIN),
            payment_amount_max: Amount(FEN_MAX),
            idempotency_key_length_max: text::IDEMPOTENCY_KEY_LEN_MAX,
            account_number_length_max: text::ACCOUNT_NUMBER_LEN_MAX,
            note_length_max: text::NOTE_LEN_MAX,
            bill_numbers_max: limits::BILL_NUMBERS_MAX,
            batch_payments_max: limits::BATCH_PAYMENTS_MAX,
            accounts_max: limits::ACCOUNTS_MAX,
            page_max: limits::PAGE_MAX,
            document_bytes_max: limits::DOCUMENT_BYTES_MAX,
            nesting_max: limits::NESTING_MAX,
            depth_max: limits::DEPTH_MAX,
            complexity_max: limits::COMPLEXITY_MAX,
            aliases_max: limits::ALIASES_MAX,
        }
    }
}
