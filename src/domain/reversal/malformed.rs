//! What is malformed about a reversal stands before its key and never changes: nothing of it is kept.

use super::super::base::keys::{KEY_FIELD, is_idempotency_key};
use super::super::base::refusal::Refusal;
use super::super::payment::NOTE_LEN_MAX;
use super::{KEY_OF_PAYMENT, ReversePayment, ReverseRefusalCode as Code};

impl ReversePayment {
    /// In words, which bound of its input is broken; the input is no reversal then. `None` where none is.
    pub fn broken_bound(&self) -> Option<String> {
        let is_too_long = self.input.reason.chars().count() > NOTE_LEN_MAX;
        is_too_long.then(|| format!("`reason` has at most {NOTE_LEN_MAX} characters."))
    }

    /// All that is malformed, in order of precedence.
    pub fn malformed(&self) -> Vec<Refusal<Code>> {
        let keys = [
            (&self.key.text, Code::IdempotencyKeyMalformed, KEY_FIELD),
            (&self.input.payment_key, Code::PaymentKeyMalformed, KEY_OF_PAYMENT),
        ];
        let message = "The key is 1 to 128 visible ASCII characters.";
        let is_malformed = |(text, ..): &(&String, Code, &str)| !is_idempotency_key(text);
        keys.into_iter()
            .filter(is_malformed)
            .map(|(_, code, field)| Refusal::of_field(code, field, message))
            .collect()
    }
}
