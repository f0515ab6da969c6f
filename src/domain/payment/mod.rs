//! Money that arrived through a channel, once, and what undid it.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::base::actor::Actor;
use super::base::keys::{Key, Kind, Record, Value};
use super::base::refusal::{Refusal, refusal_codes};
use super::bill::Allocation;

mod context;
pub mod decide;
mod keyed;
mod malformed;
mod touches;
mod trim;
pub(in crate::domain) mod undo;

/// Length of a payment's note and of a reversal's reason.
pub const NOTE_LEN_MAX: usize = 200;
/// Bills that a payer may name.
pub const BILL_NUMBERS_MAX: usize = 100;

/// A posted payment as recorded; only `reversal` is ever added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// 63-bit number, known before it was posted.
    pub id: i64,
    /// The account number as the payer gave it.
    pub account_number: String,
    /// Place among the account's movements; `None` in suspense.
    pub sequence: Option<i64>,
    /// Channel that brought it.
    pub channel_code: String,
    /// The channel's own number for it.
    pub idempotency_key: String,
    /// What arrived, in fen.
    pub amount_fen: i64,
    /// What of it went to the advance balance (a shortfall included), in fen.
    pub to_advance_fen: i64,
    /// What of it went to suspense, in fen.
    pub to_suspense_fen: i64,
    /// When the payer paid, milliseconds UTC.
    pub paid_at_ms: i64,
    /// When it was posted, milliseconds UTC.
    pub posted_at_ms: i64,
    /// Day of `paid_at_ms` in the utility's zone.
    pub paid_on: NaiveDate,
    /// Day of `posted_at_ms` in the utility's zone.
    pub business_day: NaiveDate,
    /// Who posted it.
    pub actor: Actor,
    /// Free text of the channel.
    pub note: Option<String>,
    /// What it settled, in order.
    pub allocations: Vec<Allocation>,
    /// What undid it.
    pub reversal: Option<Reversal>,
}

/// A new entry that undoes a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversal {
    /// 63-bit number.
    pub id: i64,
    /// Account number of the payment.
    pub account_number: String,
    /// The payment it undoes.
    pub payment_id: i64,
    /// Place among the account's movements; `None` in suspense.
    pub sequence: Option<i64>,
    /// Channel that asked for it.
    pub channel_code: String,
    /// The channel's own number for it.
    pub idempotency_key: String,
    /// Why.
    pub reason: String,
    /// Whether it arrived before its payment.
    pub is_early: bool,
    /// When it was posted, milliseconds UTC.
    pub posted_at_ms: i64,
    /// Day of `posted_at_ms` in the utility's zone.
    pub business_day: NaiveDate,
    /// Who asked for it.
    pub actor: Actor,
}

/// A reversal that came before its payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlyReversal {
    /// Number of the reversal to be.
    pub id: i64,
    /// The reversal's own key.
    pub key: String,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub actor: Actor,
}

/// Word of the key table for a payment's key that waits for its payment, because the reversal came first.
pub const EARLY_REVERSAL: Kind = Kind("EARLY_REVERSAL");

impl EarlyReversal {
    /// What the payment's key says meanwhile.
    pub fn to_record(&self) -> Record {
        let texts = [&self.key, &self.reason, &self.actor.subject, &self.actor.token_id];
        let input = texts.map(|text| Value::Text(text.clone())).to_vec();
        Record { kind: EARLY_REVERSAL, number: self.id, input, refusal: None }
    }

    /// What the payment's key says of it; `None` where it says something else.
    pub fn from_record(record: &Record) -> Option<Self> {
        let [Value::Text(key), Value::Text(reason), Value::Text(subject), Value::Text(token_id)] =
            record.input.as_slice()
        else {
            return None;
        };
        let actor = Actor { subject: subject.clone(), token_id: token_id.clone() };
        let early = Self { id: record.number, key: key.clone(), reason: reason.clone(), actor };
        (record.kind == EARLY_REVERSAL).then_some(early)
    }
}

/// Payments by number, and by the number of what undid them.
#[derive(Debug, Clone, Default)]
pub struct Payments {
    by_number: HashMap<i64, Payment>,
    by_reversal: HashMap<i64, i64>,
}

impl Payments {
    /// The payment of this number.
    pub fn get(&self, number: i64) -> Option<&Payment> {
        self.by_number.get(&number)
    }

    /// The payment that the movement of this number undid.
    pub fn reversed_by(&self, number: i64) -> Option<&Payment> {
        self.get(*self.by_reversal.get(&number)?)
    }

    /// Puts one in.
    pub fn put(&mut self, payment: Payment) {
        if let Some(reversal) = &payment.reversal {
            self.by_reversal.insert(reversal.id, payment.id);
        }
        self.by_number.insert(payment.id, payment);
    }

    /// Notes what undid one of them.
    pub fn reverse(&mut self, reversal: &Reversal) {
        if let Some(payment) = self.by_number.get_mut(&reversal.payment_id) {
            payment.reversal = Some(reversal.clone());
            self.by_reversal.insert(reversal.id, payment.id);
        }
    }
}

/// What a batch writes of payments, in order of decision.
#[derive(Debug, Default)]
pub struct PaymentChanges {
    /// New payments.
    pub posted: Vec<Payment>,
    /// New reversals.
    pub reversals: Vec<Reversal>,
}

/// What a payment says; compared field by field when its key comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostInput {
    /// As given; checked to be an account number or, on a reporting channel, short enough.
    pub account_number: String,
    /// In fen, within the fixed range.
    pub amount_fen: i64,
    /// When the payer paid, milliseconds UTC; `None` = now.
    pub paid_at_ms: Option<i64>,
    /// Bills named by the payer, in order; none is the same as an empty list.
    pub bill_numbers: Option<Vec<String>>,
}

/// A payment to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostPayment {
    /// Channel and key.
    pub key: Key,
    /// What it says.
    pub input: PostInput,
    /// Free text; not compared on a retry.
    pub note: Option<String>,
    /// In words, what was cut of what a reporting channel sent; not compared on a retry.
    pub trimmed: Option<String>,
    /// Who asks.
    pub actor: Actor,
}

/// A payment as its channel sent it: nothing of it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentPayment {
    /// Channel and key.
    pub key: Key,
    /// The account number.
    pub account_number: String,
    /// In fen; `None` where what was sent is no amount.
    pub amount_fen: Option<i64>,
    /// When the payer paid.
    pub paid_at: SentInstant,
    /// Bills named by the payer, in order.
    pub bill_numbers: Vec<String>,
    /// Free text.
    pub note: Option<String>,
    /// Who asks.
    pub actor: Actor,
}

/// An instant as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SentInstant {
    /// None was.
    Absent,
    /// An instant.
    At {
        /// Milliseconds UTC.
        at_ms: i64,
        /// Whether it was sent more finely.
        is_cut: bool,
    },
    /// Text that is none.
    Unreadable(String),
}

refusal_codes! {
    /// Why a payment was not posted, in order of precedence.
    PostRefusalCode reused IdempotencyKeyReused {
        /// The key is not 1–128 visible ASCII characters.
        IdempotencyKeyMalformed = "IDEMPOTENCY_KEY_MALFORMED" retryable false,
        /// The account number is not 1–20 digits.
        AccountNumberMalformed = "ACCOUNT_NUMBER_MALFORMED" retryable false,
        /// No amount, or not between 0.01 and 10000000000.00.
        AmountOutOfRange = "AMOUNT_OUT_OF_RANGE" retryable false,
        /// A text or a list is too long, a text holds a control character, or `paidAt` is no instant.
        InputMalformed = "INPUT_MALFORMED" retryable false,
        /// The key was used with another input.
        IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED" retryable false,
        /// The channel is suspended.
        ChannelSuspended = "CHANNEL_SUSPENDED" retryable false,
        /// `paidAt` lies ahead, or too far back.
        PaidAtOutOfRange = "PAID_AT_OUT_OF_RANGE" retryable false,
        /// No such account.
        AccountNotFound = "ACCOUNT_NOT_FOUND" retryable false,
        /// The account is closed and the money would settle no bill.
        AccountClosed = "ACCOUNT_CLOSED" retryable false,
        /// A named bill doesn't exist.
        BillNotFound = "BILL_NOT_FOUND" retryable false,
        /// A named bill can't be paid now.
        BillNotPayable = "BILL_NOT_PAYABLE" retryable false,
        /// The amount breaks the channel's rule.
        AmountNotAccepted = "AMOUNT_NOT_ACCEPTED" retryable false,
    }
}

/// What became of a payment: posted, or refused.
pub type PostOutcome = Result<Box<Payment>, Refusal<PostRefusalCode>>;

/// What is known of a payment's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyOutcome {
    /// The payment came.
    Decided(PostOutcome),
    /// Its reversal came first, and waits for it.
    Remembered,
}

/// The numbered proof given for a payment: its id in 12 digits or more and a Luhn check digit.
pub fn receipt_number(payment_id: i64) -> String {
    let digits = format!("{payment_id:012}");
    let weigh = |(place, byte): (usize, u8)| {
        let digit = u32::from(byte - b'0');
        let weighed = if place % 2 == 0 { digit * 2 } else { digit };
        if weighed > 9 { weighed - 9 } else { weighed }
    };
    let sum: u32 = digits.bytes().rev().enumerate().map(weigh).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum of a number with its check digit, as a reader of receipts would check it.
    fn luhn_sum(number: &str) -> u32 {
        let digits = number.chars().rev().map(|digit| digit.to_digit(10).unwrap());
        digits.enumerate().map(|(place, d)| if place % 2 == 1 { d * 2 / 10 + d * 2 % 10 } else { d }).sum()
    }

    #[test]
    fn a_receipt_number_ends_with_its_check_digit() {
        let cases = [(7_992_739_871, "0079927398713"), (0, "0000000000000"), (1, "0000000000018")];
        for (id, expected) in cases {
            assert_eq!(receipt_number(id), expected);
        }
    }

    #[test]
    fn one_wrong_digit_of_a_receipt_number_is_noticed() {
        for id in [1, 9_999, 123_456_789_012, 9_007_199_254_740_993, i64::MAX] {
            let number = receipt_number(id);
            assert_eq!(luhn_sum(&number) % 10, 0, "{number}");
            for place in 0..number.len() {
                let digit = number.as_bytes()[place] - b'0';
                let wrong = format!("{}{}{}", &number[..place], (digit + 1) % 10, &number[place + 1..]);
                assert_ne!(luhn_sum(&wrong) % 10, 0, "{wrong}");
            }
        }
    }
}
