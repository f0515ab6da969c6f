//! What is malformed about a reversal stands before its key and never changes: nothing of it is kept.

use super::super::base::keys::{KEY_FIELD, is_idempotency_key};
use super::super::base::refusal::Refusal;
use super::super::base::text::is_free_text;
use super::super::base::trims::Trims;
use super::super::channel::ChannelMode;
use super::super::payment::NOTE_LEN_MAX;
use super::{KEY_OF_PAYMENT, ReverseInput, ReversePayment, ReverseRefusalCode as Code, SentReversal};

impl SentReversal {
    /// The reversal that this is, whichever road it came by. The reason that a reporting channel gives is cut to what
    /// a reversal holds; one that asks is told what it may not be.
    ///
    /// # Errors
    /// All that is malformed, in order of precedence.
    pub fn read(self, mode: ChannelMode) -> Result<ReversePayment, Vec<Refusal<Code>>> {
        let Self { key, payment_key, reason, actor } = self;
        let mut trims = Trims::default();
        let reason = match mode {
            ChannelMode::Reporting => trims.free_text("reason", reason, NOTE_LEN_MAX),
            ChannelMode::Asking => reason,
        };
        let input = ReverseInput { payment_key, reason };
        let malformed = malformed(&key.text, &input);
        if malformed.is_empty() {
            Ok(ReversePayment { key, input, trimmed: trims.into_words(), actor })
        } else {
            Err(malformed)
        }
    }
}

fn malformed(key: &str, input: &ReverseInput) -> Vec<Refusal<Code>> {
    let keys = [
        (key, Code::IdempotencyKeyMalformed, KEY_FIELD),
        (input.payment_key.as_str(), Code::PaymentKeyMalformed, KEY_OF_PAYMENT),
    ];
    let message = "The key is 1 to 128 visible ASCII characters.";
    let of_keys = keys.into_iter().filter(|(text, ..)| !is_idempotency_key(text));
    let mut malformed: Vec<_> =
        of_keys.map(|(_, code, field)| Refusal::of_field(code, field, message)).collect();
    if !is_free_text(&input.reason, NOTE_LEN_MAX) {
        let message =
            format!("A reason has at most {NOTE_LEN_MAX} characters, none of them a control character.");
        malformed.push(Refusal::of_field(Code::InputMalformed, "reason", message));
    }
    malformed
}
