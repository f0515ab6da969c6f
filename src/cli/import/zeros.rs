//! Account numbers that a spreadsheet took for amounts: cut, rounded, or without their leading zeros. It only says so,
//! and never repairs one.

use std::collections::HashMap;

use crate::cli::session::Session;
use crate::engine::Priority;

/// Leading zeros that are looked for.
const ZEROS_MAX: usize = 4;
/// Digits that a spreadsheet keeps of a number.
const DIGITS_KEPT: usize = 15;

/// What is wrong with a text that is no account number.
pub(super) fn why_no_number(text: &str) -> &'static str {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_decimal = |text: &str| {
        is_digits(text)
            || text.split_once('.').is_some_and(|(whole, part)| is_digits(whole) && is_digits(part))
    };
    let is_scientific = text.split_once(['E', 'e']).is_some_and(|(mantissa, exponent)| {
        is_decimal(mantissa) && is_digits(exponent.trim_start_matches(['+', '-']))
    });
    let is_separated = text.chars().all(|c| c.is_ascii_digit() || [',', ' ', '\'', '-'].contains(&c));
    if text.is_empty() {
        "not 1 to 20 digits, but empty"
    } else if is_scientific {
        "not 1 to 20 digits: a spreadsheet has cut it (1.23E+15); make the column text and export again"
    } else if is_decimal(text) && !is_digits(text) {
        "not 1 to 20 digits: a spreadsheet has made a decimal of it; make the column text and export again"
    } else if text.starts_with('=') {
        "not 1 to 20 digits: it is a spreadsheet's formula; export the values"
    } else if is_separated && !is_digits(text) {
        "not 1 to 20 digits: there are separators between them"
    } else if text.chars().all(|c| ('０'..='９').contains(&c)) {
        "not 1 to 20 digits: they are full-width"
    } else {
        "not 1 to 20 digits"
    }
}

/// Of these numbers those that are there with more zeros in front, and how.
pub(super) fn with_zeros(
    session: &Session,
    numbers: impl Iterator<Item = String>,
) -> anyhow::Result<HashMap<String, String>> {
    let could_have = |number: &String| !number.starts_with('0');
    let longer = numbers.filter(could_have).flat_map(|number| {
        (1..=ZEROS_MAX).map(move |zeros| (format!("{}{number}", "0".repeat(zeros)), number.clone()))
    });
    let by_longer: HashMap<String, String> = longer.collect();
    if by_longer.is_empty() {
        return Ok(HashMap::new());
    }
    let all: Vec<String> = by_longer.keys().cloned().collect();
    let look_ups = session.engine().look_ups(Priority::Normal);
    let known = session.wait(|| look_ups.accounts(all.clone()))?;
    let found = known.into_keys().filter_map(|longer| Some((by_longer.get(&longer)?.clone(), longer)));
    Ok(found.collect())
}

/// Whether the number may be what a spreadsheet has left of a longer one.
pub(super) fn is_rounded(number: &str) -> bool {
    number.len() > DIGITS_KEPT && number.bytes().skip(DIGITS_KEPT).all(|byte| byte == b'0')
}

#[cfg(test)]
mod tests {
    use super::why_no_number;

    #[test]
    fn what_a_spreadsheet_makes_of_a_number_is_named() {
        for (text, words) in [
            ("1.23E+15", "1.23E+15"),
            ("5.52e9", "1.23E+15"),
            ("552000001.0", "decimal"),
            ("552,000,001", "separators"),
            ("0552 000 001", "separators"),
            ("=\"0552000001\"", "formula"),
            ("０５５２", "full-width"),
            ("", "empty"),
        ] {
            assert!(why_no_number(text).contains(words), "{text}");
        }
        for text in ["12a", "1.2.3", "E5", "1E", "123456789012345678901", "."] {
            assert_eq!(why_no_number(text), "not 1 to 20 digits", "{text}");
        }
    }
}
