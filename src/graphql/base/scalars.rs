//! Scalars, strict both ways: what one writes the other reads.

use async_graphql::{InputType, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::NaiveDate;

use super::error::ErrorCode;
use super::type_of::type_of;
use crate::domain::base::calendar::{INSTANT_MS_MAX, format_instant};
use crate::domain::base::money::{format_amount, parse_amount};
use crate::domain::base::text::has_control;

const AMOUNT_FORM: &str = "An amount is text with two decimals, such as \"125.40\".";
const DATE_FORM: &str = "A day is text such as \"2026-11-23\".";
const DATE_TIME_FORM: &str = "An instant is text such as \"2026-11-23T08:30:00.250+08:00\".";

/// The form of a scalar's text, with an example; `None` for scalars that every client knows.
pub(in crate::graphql) fn form_of(scalar: &str) -> Option<&'static str> {
    match scalar {
        "Amount" => Some(AMOUNT_FORM),
        "Date" => Some(DATE_FORM),
        "DateTime" => Some(DATE_TIME_FORM),
        _ => None,
    }
}

/// Adds the form to a message that names the scalar alone.
pub(in crate::graphql) fn tell_form(message: &mut String) {
    let named = message.strip_suffix('"').and_then(|message| message.rsplit_once("expected type \""));
    if let Some(form) = named.and_then(|(_, scalar)| form_of(scalar)) {
        message.push_str(". ");
        message.push_str(form);
    }
}

/// What hasn't its type.
pub(in crate::graphql) fn refuse<T: InputType>(message: &str) -> InputValueError<T> {
    InputValueError::custom(message)
        .with_extension("code", ErrorCode::BadUserInput.word())
        .with_extension("retryable", false)
}

/// An amount in fen.
pub struct Amount(pub i64);

/// An amount of yuan as text with exactly two decimals, such as "125.40": 1 to 11 digits, a point, 2
/// digits. A JSON number is refused. As a payment's amount it lies between 0.01 and 10000000000.00. In answers it has
/// up to 16 digits before the point, since sums and balances grow beyond one payment.
#[Scalar(name = "Amount", specified_by_url = "https://www.iso.org/iso-4217-currency-codes.html")]
impl ScalarType for Amount {
    fn parse(value: Value) -> InputValueResult<Self> {
        amount_of(&value).map(Self).ok_or_else(|| refuse(AMOUNT_FORM))
    }

    // Asked before anything is executed: the whole document is refused for what isn't text. What the text says is
    // looked at where it is taken, so that a payment among many is answered on its own.
    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_))
    }

    fn to_value(&self) -> Value {
        Value::String(format_amount(self.0))
    }
}

/// A day.
pub struct Date(pub NaiveDate);

/// A day, ISO 8601, such as 2026-11-23.
#[Scalar(name = "Date", specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339#section-5.6")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        date_of(&value).map(Self).ok_or_else(|| refuse(DATE_FORM))
    }

    // Asked before anything is executed, so that bad input refuses the whole document.
    fn is_valid(value: &Value) -> bool {
        date_of(value).is_some()
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// An instant, in milliseconds since 1970, UTC.
pub struct DateTime(pub i64);

/// An instant, RFC 3339 with an offset, such as 2026-11-23T08:30:00.250+08:00; between 1970 and 9999. What is finer
/// than a millisecond is cut. Answers are in UTC.
#[Scalar(name = "DateTime", specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339#section-5.6")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        instant_of(&value).map(|instant| Self(instant.at_ms)).ok_or_else(|| refuse(DATE_TIME_FORM))
    }

    // As of an amount. An argument is looked at with its field's complexity, before anything is executed.
    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_))
    }

    fn to_value(&self) -> Value {
        Value::String(format_instant(self.0))
    }
}

fn amount_of(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => parse_amount(text),
        _ => None,
    }
}

fn date_of(value: &Value) -> Option<NaiveDate> {
    match value {
        Value::String(text) => parse_day(text),
        _ => None,
    }
}

/// chrono alone also reads signs, spaces, and days and months of one digit.
pub(in crate::graphql) fn parse_day(text: &str) -> Option<NaiveDate> {
    let is_digit_or_dash = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    let has_shape = text.len() == 10 && text.bytes().enumerate().all(is_digit_or_dash);
    if has_shape { text.parse().ok() } else { None }
}

fn instant_of(value: &Value) -> Option<Instant> {
    match value {
        Value::String(text) => parse_instant(text),
        _ => None,
    }
}

/// An instant as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) struct Instant {
    /// Milliseconds UTC.
    pub at_ms: i64,
    /// Whether it was written more finely.
    pub is_cut: bool,
}

/// Reads the form of the API; `None` for any other text.
pub(in crate::graphql) fn parse_instant(text: &str) -> Option<Instant> {
    let bytes = text.as_bytes();
    let has_shape =
        bytes.len() >= 20 && bytes[10] == b'T' && text.is_ascii() && !text.contains([' ', 't', 'z']);
    let is_leap_second = bytes.get(17..19) == Some(b"60");
    if !has_shape || is_leap_second {
        return None;
    }
    let fraction = if bytes[19] == b'.' { &bytes[20..] } else { &[] };
    let beyond_ms = fraction.iter().take_while(|byte| byte.is_ascii_digit()).skip(3);
    let is_cut = beyond_ms.into_iter().any(|digit| *digit != b'0');
    let at_ms = chrono::DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis();
    (0..=INSTANT_MS_MAX).contains(&at_ms).then_some(Instant { at_ms, is_cut })
}

/// A `String` without control characters: with them it is refused when it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(pub String);

impl InputType for Text {
    type RawValueType = Self;

    type_of!(String as InputType);

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        match value {
            Some(Value::String(text)) if !has_control(&text) => Ok(Self(text)),
            Some(Value::String(_)) => Err(refuse("Control characters are not allowed in text.")),
            _ => Err(refuse("Expected text.")),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_strictly_and_round_trip() {
        for text in ["2026-11-23", "2024-02-29", "0000-01-01", "9999-12-31"] {
            let day = parse_day(text).unwrap_or_else(|| panic!("{text} is a day"));
            assert_eq!(ScalarType::to_value(&Date(day)), Value::String(text.to_owned()));
        }
        let others = [
            "+12026-1-2",
            "-2026-11-2",
            "2026-011-2",
            "2026-1-002",
            "2026- 1-02",
            " 2026-1-23",
            "2026-02-30",
            "2026-11-2",
            "2026-11-023",
            "20261123",
            "２０26-1",
            "",
        ];
        for text in others {
            assert_eq!(parse_day(text), None, "{text}");
        }
    }

    #[test]
    fn instants_are_read_strictly_and_round_trip() {
        let cases = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-23T08:30:00.25+08:00", Some(1_795_393_800_250)),
            ("2026-11-23T08:30:00.250999+08:00", Some(1_795_393_800_250)),
            ("2026-11-23T08:30:00.250999999+08:00", Some(1_795_393_800_250)),
            ("2026-11-23T08:30:00.25099999999999+08:00", Some(1_795_393_800_250)),
            ("2026-11-23T08:30:00.+08:00", None),
            ("2026-11-23T08:30:00.250 +08:00", None),
            ("2026-11-23 08:30:00Z", None),
            ("2026-11-23t08:30:00z", None),
            ("2026-11-23T08:30:60Z", None),
            ("2026-11-23T08:30:00", None),
            ("1969-12-31T23:59:59Z", None),
            ("2026-02-30T00:00:00Z", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_instant(text).map(|instant| instant.at_ms), expected, "{text}");
        }
        let Value::String(written) = ScalarType::to_value(&DateTime(1_795_393_800_250)) else {
            panic!("not text")
        };
        assert_eq!(parse_instant(&written), Some(Instant { at_ms: 1_795_393_800_250, is_cut: false }));
    }

    #[test]
    fn only_what_is_finer_than_a_millisecond_is_cut() {
        let cases = [("", false), (".25", false), (".250", false), (".250000", false), (".2500001", true)];
        for (fraction, is_cut) in cases {
            let text = format!("2026-11-23T08:30:00{fraction}+08:00");
            assert_eq!(parse_instant(&text).map(|instant| instant.is_cut), Some(is_cut), "{text}");
        }
    }
}
