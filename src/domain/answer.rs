//! What a caller hears.

use super::payment::Payment;
use super::text::word_enum;

word_enum! {
    /// Why a payment was not posted, in order of precedence.
    PostRefusalCode {
        /// The key is not 1–128 visible ASCII characters.
        IdempotencyKeyMalformed = "IDEMPOTENCY_KEY_MALFORMED",
        /// The account number is not 1–20 digits.
        AccountNumberMalformed = "ACCOUNT_NUMBER_MALFORMED",
        /// Not between 0.01 and 10000000000.00.
        AmountOutOfRange = "AMOUNT_OUT_OF_RANGE",
        /// The key was used with another input.
        IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED",
        /// The channel is suspended.
        ChannelSuspended = "CHANNEL_SUSPENDED",
        /// `paidAt` lies ahead, or too far back.
        PaidAtOutOfRange = "PAID_AT_OUT_OF_RANGE",
        /// No such account.
        AccountNotFound = "ACCOUNT_NOT_FOUND",
        /// The account is closed and the money would settle no bill.
        AccountClosed = "ACCOUNT_CLOSED",
        /// A named bill doesn't exist.
        BillNotFound = "BILL_NOT_FOUND",
        /// A named bill can't be paid now.
        BillNotPayable = "BILL_NOT_PAYABLE",
        /// The amount breaks the channel's rule.
        AmountNotAccepted = "AMOUNT_NOT_ACCEPTED",
    }
}

word_enum! {
    /// Why a payment was not reversed, in order of precedence.
    ReverseRefusalCode {
        /// The key is not 1–128 visible ASCII characters.
        IdempotencyKeyMalformed = "IDEMPOTENCY_KEY_MALFORMED",
        /// The payment's key is not 1–128 visible ASCII characters.
        PaymentKeyMalformed = "PAYMENT_KEY_MALFORMED",
        /// The key was used with another input.
        IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED",
        /// The payment was refused; there is nothing to undo.
        PaymentWasRefused = "PAYMENT_WAS_REFUSED",
        /// The payment is undone already.
        PaymentAlreadyReversed = "PAYMENT_ALREADY_REVERSED",
    }
}

impl PostRefusalCode {
    /// Whether the same key and input may yet succeed.
    pub fn is_retryable(self) -> bool {
        match self {
            Self::IdempotencyKeyMalformed
            | Self::AccountNumberMalformed
            | Self::AmountOutOfRange
            | Self::IdempotencyKeyReused
            | Self::ChannelSuspended
            | Self::PaidAtOutOfRange
            | Self::AccountNotFound
            | Self::AccountClosed
            | Self::BillNotFound
            | Self::BillNotPayable
            | Self::AmountNotAccepted => false,
        }
    }
}

impl ReverseRefusalCode {
    /// Whether the same key and input may yet succeed.
    pub fn is_retryable(self) -> bool {
        match self {
            Self::IdempotencyKeyMalformed
            | Self::PaymentKeyMalformed
            | Self::IdempotencyKeyReused
            | Self::PaymentWasRefused
            | Self::PaymentAlreadyReversed => false,
        }
    }
}

/// A business answer of "no".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal<Code> {
    /// Why.
    pub code: Code,
    /// The same in words.
    pub message: String,
    /// Name of the input's field, as in the API; `None` where it is about no field.
    pub field: Option<String>,
}

impl<Code> Refusal<Code> {
    /// A refusal about one field.
    pub fn of_field(code: Code, field: &str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: Some(field.to_owned()) }
    }

    /// A refusal about no field.
    pub fn of_none(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None }
    }
}

/// What became of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostOutcome {
    /// Posted.
    Posted(Box<Payment>),
    /// Refused.
    Refused(Refusal<PostRefusalCode>),
}

/// What became of a reversal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReverseOutcome {
    /// The payment is undone.
    Reversed(Box<Payment>),
    /// The payment has not come yet; it will be undone when it does.
    Remembered,
    /// Refused.
    Refused(Refusal<ReverseRefusalCode>),
}

/// What became of a file's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineOutcome {
    /// Something is new.
    Saved,
    /// It was there already, the same.
    Unchanged,
    /// Refused.
    Refused {
        /// The file's column.
        column: &'static str,
        /// In words.
        reason: String,
    },
}

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To a payment.
    Post {
        /// What became of it.
        outcome: PostOutcome,
        /// Whether this repeats the first answer.
        replayed: bool,
    },
    /// To a reversal.
    Reverse {
        /// What became of it.
        outcome: ReverseOutcome,
        /// Whether this repeats the first answer.
        replayed: bool,
    },
    /// To a bill, an account or a channel.
    Line(LineOutcome),
    /// The channel is not registered.
    UnknownChannel,
}
