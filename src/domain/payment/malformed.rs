//! What is malformed about a payment stands before its key and never changes: nothing of it is kept.

use super::super::account::is_account_number;
use super::super::base::keys::{KEY_FIELD, is_idempotency_key};
use super::super::base::money::is_payment_amount;
use super::super::base::refusal::Refusal;
use super::super::base::text::is_free_text;
use super::super::channel::ChannelMode;
use super::trim::trim;
use super::{
    BILL_NUMBERS_MAX, NOTE_LEN_MAX, PostInput, PostPayment, PostRefusalCode as Code, SentInstant, SentPayment,
};

/// Length of a bill number as a payer may name it.
const BILL_NUMBER_AS_GIVEN_LEN_MAX: usize = 64;

impl SentPayment {
    /// The payment that this is, whichever road it came by. What a channel sends that reports money is cut to what a
    /// payment holds; one that asks is told what it may not be.
    ///
    /// # Errors
    /// All that is malformed, in order of precedence.
    pub fn read(self, mode: ChannelMode) -> Result<PostPayment, Vec<Refusal<Code>>> {
        let (sent, trimmed) = match mode {
            ChannelMode::Reporting => trim(self),
            ChannelMode::Asking => (self, None),
        };
        let malformed = sent.malformed(mode);
        match sent.amount_fen {
            Some(amount_fen) if malformed.is_empty() => Ok(sent.into_payment(amount_fen, trimmed)),
            _ => Err(malformed),
        }
    }

    fn into_payment(self, amount_fen: i64, trimmed: Option<String>) -> PostPayment {
        let input = PostInput {
            account_number: self.account_number,
            amount_fen,
            paid_at_ms: match self.paid_at {
                SentInstant::At { at_ms, .. } => Some(at_ms),
                SentInstant::Absent | SentInstant::Unreadable(_) => None,
            },
            bill_numbers: Some(self.bill_numbers).filter(|numbers| !numbers.is_empty()),
        };
        PostPayment { key: self.key, input, note: self.note, trimmed, actor: self.actor }
    }

    fn malformed(&self, mode: ChannelMode) -> Vec<Refusal<Code>> {
        let mut malformed = Vec::new();
        if !is_idempotency_key(&self.key.text) {
            let message = "The key is 1 to 128 visible ASCII characters.";
            malformed.push(Refusal::of_field(Code::IdempotencyKeyMalformed, KEY_FIELD, message));
        }
        // On a channel that reports, an account number that can't be one goes to suspense.
        if mode == ChannelMode::Asking && !is_account_number(&self.account_number) {
            let message = "The account number is 1 to 20 digits.";
            malformed.push(Refusal::of_field(Code::AccountNumberMalformed, "accountNumber", message));
        }
        if !self.amount_fen.is_some_and(is_payment_amount) {
            let message = "The amount is text with two decimals, between 0.01 and 10000000000.00.";
            malformed.push(Refusal::of_field(Code::AmountOutOfRange, "amount", message));
        }
        if matches!(self.paid_at, SentInstant::Unreadable(_)) {
            let message = "An instant is text such as 2026-11-23T08:30:00.250+08:00, between 1970 and 9999.";
            malformed.push(Refusal::of_field(Code::InputMalformed, "paidAt", message));
        }
        malformed.extend(self.malformed_bill_numbers());
        if self.note.as_ref().is_some_and(|note| !is_free_text(note, NOTE_LEN_MAX)) {
            let message =
                format!("A note has at most {NOTE_LEN_MAX} characters, none of them a control character.");
            malformed.push(Refusal::of_field(Code::InputMalformed, "note", message));
        }
        malformed
    }

    fn malformed_bill_numbers(&self) -> Option<Refusal<Code>> {
        let is_malformed = |number: &String| !is_free_text(number, BILL_NUMBER_AS_GIVEN_LEN_MAX);
        let message = if self.bill_numbers.len() > BILL_NUMBERS_MAX {
            format!("A payment names at most {BILL_NUMBERS_MAX} bills.")
        } else if self.bill_numbers.iter().any(is_malformed) {
            format!(
                "A bill number has at most {BILL_NUMBER_AS_GIVEN_LEN_MAX} characters, none of them a control character."
            )
        } else {
            return None;
        };
        Some(Refusal::of_field(Code::InputMalformed, "billNumbers", message))
    }
}
