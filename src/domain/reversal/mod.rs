//! Undoing a payment: once, wholly, by a new entry.

use super::base::actor::Actor;
use super::base::keys::Key;
use super::base::refusal::{Refusal, refusal_codes};
use super::payment::Payment;

mod decide;
mod keyed;
mod malformed;
mod touches;

/// Name of the payment's key in the API.
const KEY_OF_PAYMENT: &str = "paymentIdempotencyKey";

/// What a reversal says; compared field by field when its key comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReverseInput {
    /// Key of the payment, in the same channel.
    pub payment_key: String,
    /// Why.
    pub reason: String,
}

/// A payment to be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReversePayment {
    /// Channel and key of the reversal itself.
    pub key: Key,
    /// What it says.
    pub input: ReverseInput,
    /// In words, what was cut of what a reporting channel sent; not compared on a retry.
    pub trimmed: Option<String>,
    /// Who asks.
    pub actor: Actor,
}

/// A reversal as its channel sent it: nothing of it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentReversal {
    /// Channel and key of the reversal itself.
    pub key: Key,
    /// Key of the payment, in the same channel.
    pub payment_key: String,
    /// Why.
    pub reason: String,
    /// Who asks.
    pub actor: Actor,
}

refusal_codes! {
    /// Why a payment was not reversed, in order of precedence.
    ReverseRefusalCode reused IdempotencyKeyReused {
        /// The key is not 1–128 visible ASCII characters.
        IdempotencyKeyMalformed = "IDEMPOTENCY_KEY_MALFORMED" retryable false,
        /// The payment's key is not 1–128 visible ASCII characters.
        PaymentKeyMalformed = "PAYMENT_KEY_MALFORMED" retryable false,
        /// The reason is too long, or holds a control character.
        InputMalformed = "INPUT_MALFORMED" retryable false,
        /// The key was used with another input.
        IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED" retryable false,
        /// The payment was refused; there is nothing to undo.
        PaymentWasRefused = "PAYMENT_WAS_REFUSED" retryable false,
        /// The payment is undone already.
        PaymentAlreadyReversed = "PAYMENT_ALREADY_REVERSED" retryable false,
    }
}

/// What became of a reversal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// The payment is undone.
    Reversed(Box<Payment>),
    /// The payment had not come yet; it is undone when it does, and here once it was.
    Remembered(Option<Box<Payment>>),
}

/// What became of a reversal, or why it was refused.
pub type ReverseOutcome = Result<Undone, Refusal<ReverseRefusalCode>>;
