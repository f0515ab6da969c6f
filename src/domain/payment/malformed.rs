//! What is malformed about a payment stands before its key and never changes: nothing of it is kept.

use super::super::account::{ACCOUNT_NUMBER_AS_GIVEN_LEN_MAX, is_account_number};
use super::super::base::keys::{KEY_FIELD, is_idempotency_key};
use super::super::base::money::is_payment_amount;
use super::super::base::refusal::Refusal;
use super::super::channel::ChannelMode;
use super::{NOTE_LEN_MAX, PostPayment, PostRefusalCode as Code};

/// Bills that a payer may name.
pub const BILL_NUMBERS_MAX: usize = 100;
/// Length of a bill number as a payer may name it.
const BILL_NUMBER_AS_GIVEN_LEN_MAX: usize = 64;

impl PostPayment {
    /// In words, which bound of its input is broken; the input is no payment then. `None` where none is.
    pub fn broken_bound(&self) -> Option<String> {
        let bill_numbers = self.input.bill_numbers.as_deref().unwrap_or_default();
        if bill_numbers.len() > BILL_NUMBERS_MAX {
            return Some(format!("`billNumbers` holds at most {BILL_NUMBERS_MAX}."));
        }
        if bill_numbers.iter().any(|number| number.chars().count() > BILL_NUMBER_AS_GIVEN_LEN_MAX) {
            return Some(format!("A bill number has at most {BILL_NUMBER_AS_GIVEN_LEN_MAX} characters."));
        }
        let is_too_long = self.note.as_ref().is_some_and(|note| note.chars().count() > NOTE_LEN_MAX);
        is_too_long.then(|| format!("`note` has at most {NOTE_LEN_MAX} characters."))
    }

    /// All that is malformed, in order of precedence. On a channel that reports, an account number that can't be one
    /// is none of it: the money is there.
    pub fn malformed(&self, mode: ChannelMode) -> Vec<Refusal<Code>> {
        let mut refusals = Vec::new();
        if !is_idempotency_key(&self.key.text) {
            let message = "The key is 1 to 128 visible ASCII characters.";
            refusals.push(Refusal::of_field(Code::IdempotencyKeyMalformed, KEY_FIELD, message));
        }
        let number = &self.input.account_number;
        let is_kept =
            mode == ChannelMode::Reporting && number.chars().count() <= ACCOUNT_NUMBER_AS_GIVEN_LEN_MAX;
        if !is_account_number(number) && !is_kept {
            let message = "The account number is 1 to 20 digits.";
            refusals.push(Refusal::of_field(Code::AccountNumberMalformed, "accountNumber", message));
        }
        if !is_payment_amount(self.input.amount_fen) {
            let message = "The amount lies between 0.01 and 10000000000.00.";
            refusals.push(Refusal::of_field(Code::AmountOutOfRange, "amount", message));
        }
        refusals
    }
}
