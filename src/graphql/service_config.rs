//! What a client needs to know of the service.

use async_graphql::{Context, Object, Result, SimpleObject};

use super::base::answer::budget;
use super::base::limits;
use super::base::scalars::Amount;
use super::base::session::{caller, engine};
use crate::access::caller::Caller;
use crate::domain::account::ACCOUNT_NUMBER_LEN_MAX;
use crate::domain::base::keys::IDEMPOTENCY_KEY_LEN_MAX;
use crate::domain::base::money::{FEN_MAX, PAYMENT_FEN_MIN};
use crate::domain::payment::{BILL_NUMBERS_MAX, NOTE_LEN_MAX};
use crate::engine::Utility;

pub(in crate::graphql) struct ServiceConfig {
    utility: Utility,
    body_bytes_max: usize,
    answer_bytes_max: usize,
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
    /// Bytes of a body; more for tokens that may post.
    body_bytes_max: usize,
    /// Values in a body, variables above all.
    body_values_max: usize,
    /// Bytes of a document.
    document_bytes_max: usize,
    /// Tokens of a document: names, values and marks.
    tokens_max: usize,
    /// Nested brackets of a document, and of a body.
    nesting_max: usize,
    /// Directives of a document.
    directives_max: usize,
    /// Fragments of a document.
    fragments_max: usize,
    /// Fields, fragments, arguments, values and directives of a document, fragments counted each time
    /// they are spread.
    expanded_size_max: usize,
    /// Nested selections of a document, fragments included.
    recursion_max: usize,
    /// Fields at the top of a mutation.
    mutation_fields_max: usize,
    /// Nested fields of a document.
    depth_max: usize,
    /// Fields of an answer, lists counted at the length they are asked for.
    complexity_max: usize,
    /// Aliases of a document.
    aliases_max: usize,
    /// Bytes of a name in an answer: a field's or its alias.
    response_key_bytes_max: usize,
    /// Lists of introspection that lead from types to types, nested in each other.
    introspection_lists_max: usize,
    /// Aliases in introspection.
    introspection_aliases_max: usize,
    /// Bytes of an answer. Each list counts at its length as soon as it is known.
    answer_bytes_max: usize,
    /// Errors in one answer.
    errors_max: usize,
}

impl ServiceConfig {
    pub(in crate::graphql) fn new(utility: Utility, caller: &Caller, answer_bytes_max: usize) -> Self {
        Self { utility, body_bytes_max: limits::body_bytes_max(caller), answer_bytes_max }
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
            idempotency_key_length_max: IDEMPOTENCY_KEY_LEN_MAX,
            account_number_length_max: ACCOUNT_NUMBER_LEN_MAX,
            note_length_max: NOTE_LEN_MAX,
            bill_numbers_max: BILL_NUMBERS_MAX,
            batch_payments_max: limits::BATCH_PAYMENTS_MAX,
            accounts_max: limits::ACCOUNTS_MAX,
            page_max: limits::PAGE_MAX,
            body_bytes_max: self.body_bytes_max,
            body_values_max: limits::BODY_VALUES_MAX,
            document_bytes_max: limits::DOCUMENT_BYTES_MAX,
            tokens_max: limits::TOKENS_MAX,
            nesting_max: limits::NESTING_MAX,
            directives_max: limits::DIRECTIVES_MAX,
            fragments_max: limits::FRAGMENTS_MAX,
            expanded_size_max: limits::EXPANDED_SIZE_MAX,
            recursion_max: limits::RECURSION_MAX,
            mutation_fields_max: limits::MUTATION_FIELDS_MAX,
            depth_max: limits::DEPTH_MAX,
            complexity_max: limits::COMPLEXITY_MAX,
            aliases_max: limits::ALIASES_MAX,
            response_key_bytes_max: limits::RESPONSE_KEY_BYTES_MAX,
            introspection_lists_max: limits::INTROSPECTION_LISTS_MAX,
            introspection_aliases_max: limits::INTROSPECTION_ALIASES_MAX,
            answer_bytes_max: self.answer_bytes_max,
            errors_max: limits::ERRORS_MAX,
        }
    }
}

#[derive(Default)]
pub(in crate::graphql) struct ServiceConfigQuery;

#[Object]
impl ServiceConfigQuery {
    /// What a client needs to know of the service.
    async fn service_config(&self, ctx: &Context<'_>) -> Result<ServiceConfig> {
        let utility = engine(ctx)?.rules().utility.clone();
        Ok(ServiceConfig::new(utility, caller(ctx)?, budget(ctx)?.bytes_max()))
    }
}
