//! Differences that a person must resolve (product rules 2 and 3).

use chrono::NaiveDate;

use super::base::text::word_enum;

word_enum! {
    /// What differs.
    ExceptionKind {
        /// The channel was suspended when it reported money.
        ChannelSuspended = "CHANNEL_SUSPENDED",
        /// The reported payment lies further back than the channel allows.
        PaidAtOutOfRange = "PAID_AT_OUT_OF_RANGE",
        /// The account number can't be one.
        AccountNumberMalformed = "ACCOUNT_NUMBER_MALFORMED",
        /// No such account.
        AccountNotFound = "ACCOUNT_NOT_FOUND",
        /// Money for a closed account that settles no bill.
        AccountClosed = "ACCOUNT_CLOSED",
        /// A named bill doesn't exist.
        BillNotFound = "BILL_NOT_FOUND",
        /// A named bill can't be paid now.
        BillNotPayable = "BILL_NOT_PAYABLE",
        /// The amount breaks the channel's rule.
        AmountNotAccepted = "AMOUNT_NOT_ACCEPTED",
        /// More arrived than was due.
        Overpayment = "OVERPAYMENT",
        /// A key came again with another input.
        IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED",
        /// A reporting channel's input was more than can be kept, and was cut; there is nothing to resolve.
        InputTrimmed = "INPUT_TRIMMED",
    }
}

/// One difference, as written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Account number as the payer gave it; empty where none was given.
    pub account_number: String,
    /// Channel that brought it.
    pub channel_code: String,
    /// Key it came under.
    pub idempotency_key: String,
    /// What differs.
    pub kind: ExceptionKind,
    /// In words, with the input where a key was reused; the same difference has the same words.
    pub detail: String,
    /// The payment it belongs to.
    pub payment_id: Option<i64>,
    /// When it was found, milliseconds UTC.
    pub recorded_at_ms: i64,
    /// Day of that in the utility's zone.
    pub business_day: NaiveDate,
}
