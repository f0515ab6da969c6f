//! Scalars, strict both ways: what one writes the other reads.

use std::borrow::Cow;

use async_graphql::registry::Registry;
use async_graphql::{InputType, InputValueError, InputValueResult, OutputType, Scalar, ScalarType, Value};
use chrono::NaiveDate;

use super::error::ErrorCode;
use crate::domain::base::calendar::{INSTANT_MS_MAX, format_instant};
use crate::domain::base::money::{format_amount, parse_amount};
use crate::domain::base::text::has_control;

fn refuse<T: InputType>(message: &str) -> InputValueError<T> {
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
        amount_of(&value)
            .map(Self)
            .ok_or_else(|| refuse("An amount is text with two decimals, such as \"125.40\"."))
    }

    // Asked before anything is executed, so that bad input refuses the whole document.
    fn is_valid(value: &Value) -> bool {
        amount_of(value).is_some()
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
        date_of(&value).map(Self).ok_or_else(|| refuse("A day is text such as \"2026-11-23\"."))
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

/// An instant, RFC 3339 with an offset and at most three fraction digits, such as
/// 2026-11-23T08:30:00.250+08:00; between 1970 and 9999. Answers are in UTC.
#[Scalar(name = "DateTime", specified_by_url = "https://datatracker.ietf.org/doc/html/rfc3339#section-5.6")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        instant_of(&value)
            .map(Self)
            .ok_or_else(|| refuse("An instant is text such as \"2026-11-23T08:30:00.250+08:00\"."))
    }

    // Asked before anything is executed, so that bad input refuses the whole document.
    fn is_valid(value: &Value) -> bool {
        instant_of(value).is_some()
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

fn instant_of(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => parse_instant(text),
        _ => None,
    }
}

fn parse_instant(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let has_shape =
        bytes.len() >= 20 && bytes[10] == b'T' && text.is_ascii() && !text.contains([' ', 't', 'z']);
    let is_leap_second = bytes.get(17..19) == Some(b"60");
    let fraction_len = match bytes.get(19) {
        Some(b'.') => bytes[20..].iter().take_while(|byte| byte.is_ascii_digit()).count(),
        _ => 0,
    };
    if !has_shape || is_leap_second || fraction_len > 3 {
        return None;
    }
    let instant_ms = chrono::DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis();
    (0..=INSTANT_MS_MAX).contains(&instant_ms).then_some(instant_ms)
}

/// A `String` without control characters: those are refused at the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(pub String);

impl InputType for Text {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        <String as InputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <String as OutputType>::create_type_info(registry)
    }

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
            ("2026-11-23T08:30:00.2505Z", None),
            ("2026-11-23 08:30:00Z", None),
            ("2026-11-23t08:30:00z", None),
            ("2026-11-23T08:30:60Z", None),
            ("2026-11-23T08:30:00", None),
            ("1969-12-31T23:59:59Z", None),
            ("2026-02-30T00:00:00Z", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_instant(text), expected, "{text}");
        }
        let Value::String(written) = ScalarType::to_value(&DateTime(1_795_393_800_250)) else {
            panic!("not text")
        };
        assert_eq!(parse_instant(&written), Some(1_795_393_800_250));
    }
}
