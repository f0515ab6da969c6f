//! Amounts: whole fen in 64-bit integers inside, decimal yuan text at the edge. Never a float.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Smallest amount of one payment, in fen.
pub const PAYMENT_FEN_MIN: i64 = 1;
/// Largest amount of one payment or principal, in fen (10,000,000,000.00 yuan).
pub const FEN_MAX: i64 = 1_000_000_000_000;

const YUAN_DIGITS_MAX: usize = 11;

/// Reads the strict form of the API, `^[0-9]{1,11}\.[0-9]{2}$`, in yuan, as fen.
/// `None` for any other text; the range of a payment is the caller's to check.
pub fn parse_amount(text: &str) -> Option<i64> {
    let (yuan, fen) = text.split_once('.')?;
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if yuan.is_empty() || yuan.len() > YUAN_DIGITS_MAX || fen.len() != 2 {
        return None;
    }
    if !is_digits(yuan) || !is_digits(fen) {
        return None;
    }
    yuan.parse::<i64>().ok()?.checked_mul(100)?.checked_add(fen.parse().ok()?)
}

/// Reads yuan text of a file or a command line (`125`, `125.4`, `125.40`, `-3.00`) as fen.
/// `None` where it is no plain decimal number, has a third decimal other than zero, or exceeds
/// [`FEN_MAX`] on either side.
pub fn parse_yuan(text: &str) -> Option<i64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    if !is_plain {
        return None;
    }
    let fen = Decimal::from_str_exact(text).ok()?.checked_mul(Decimal::ONE_HUNDRED)?;
    if !fen.is_integer() {
        return None;
    }
    fen.to_i64().filter(|fen| (-FEN_MAX..=FEN_MAX).contains(fen))
}

/// Writes fen as yuan text with two decimals. Negative sums keep their sign.
pub fn format_amount(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let magnitude = fen.unsigned_abs();
    format!("{sign}{}.{:02}", magnitude / 100, magnitude % 100)
}

/// Whether a payment of this many fen can exist at all, whatever the settings.
pub fn is_payment_amount(fen: i64) -> bool {
    (PAYMENT_FEN_MIN..=FEN_MAX).contains(&fen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amount_text_is_read_strictly() {
        let cases = [
            ("0.01", Some(1)),
            ("125.40", Some(12_540)),
            ("10000000000.00", Some(FEN_MAX)),
            ("99999999999.99", Some(9_999_999_999_999)),
            ("100000000000.00", None),
            ("1", None),
            ("1.", None),
            (".10", None),
            ("1.0", None),
            ("1.000", None),
            ("-1.00", None),
            ("+1.00", None),
            (" 1.00", None),
            ("1e2.00", None),
            ("１.00", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_amount(text), expected, "{text:?}");
        }
    }

    #[test]
    fn yuan_text_of_files_is_read_exactly() {
        let cases = [
            ("125", Some(12_500)),
            ("125.4", Some(12_540)),
            ("125.400", Some(12_540)),
            ("125.405", None),
            ("-3.00", Some(-300)),
            ("1e3", None),
            ("1,000", None),
            ("10000000000.01", None),
            ("", None),
            ("-", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_yuan(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_largest_amount_round_trips() {
        for fen in [0, 1, 99, 100, FEN_MAX - 1, FEN_MAX] {
            assert_eq!(parse_amount(&format_amount(fen)), Some(fen));
        }
        assert_eq!(format_amount(-5), "-0.05");
    }
}
