//! Money that arrived through a channel, once, and what undid it.

use chrono::NaiveDate;

use super::text::word_enum;

word_enum! {
    /// What an allocation settles of a bill.
    Part {
        /// The charge itself.
        Principal = "PRINCIPAL",
        /// What lateness added.
        Penalty = "PENALTY",
    }
}

/// The part of a payment that settled one bill's principal or penalty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// The bill.
    pub bill_number: String,
    /// Which part of it.
    pub part: Part,
    /// How much, in fen, > 0.
    pub amount_fen: i64,
    /// Still due on the whole bill at `paidAt` after this, in fen.
    pub remaining_after_fen: i64,
}

/// Who did it: the subject and the number of the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// `sub` of the token.
    pub subject: String,
    /// `jti` of the token.
    pub token_id: String,
}

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
