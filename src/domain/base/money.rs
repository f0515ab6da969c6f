//! Amounts: whole fen in 64-bit integers inside, decimal yuan text at the edge. Never a float.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// Smallest amount of one payment, in fen.
pub const PAYMENT_FEN_MIN: i64 = 1;
/// Largest amount of one payment or principal, in fen (10,000,000,000.00 yuan).
pub const FEN_MAX: i64 = 1_000_000_000_000;

/// No sum that is told is more than this, in fen: 16 digits before the point. A hundred times what any grid takes in a
/// year; a sum that would be more is told as this much.
pub const SUM_FEN_MAX: i64 = 999_999_999_999_999_999;

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

/// The sum of these, in fen, as far as one is told: it never overflows.
pub fn sum_fen(parts: impl IntoIterator<Item = i64>) -> i64 {
    told_fen(parts.into_iter().map(i128::from).sum())
}

/// As much of a sum as is told.
pub fn told_fen(sum_fen: i128) -> i64 {
    let max = i128::from(SUM_FEN_MAX);
    i64::try_from(sum_fen.clamp(-max, max)).unwrap_or(SUM_FEN_MAX)
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
    fn a_sum_has_up_to_sixteen_digits_before_the_point_and_never_overflows() {
        let cases = [
            (vec![], "0.00"),
            (vec![FEN_MAX; 11], "110000000000.00"),
            (vec![SUM_FEN_MAX], "9999999999999999.99"),
            (vec![SUM_FEN_MAX, 1], "9999999999999999.99"),
            (vec![i64::MAX; 1_000], "9999999999999999.99"),
            (vec![i64::MIN; 1_000], "-9999999999999999.99"),
            (vec![i64::MAX, -i64::MAX, 1], "0.01"),
        ];
        for (parts, expected) in cases {
            assert_eq!(format_amount(sum_fen(parts.clone())), expected, "{parts:?}");
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
