//! Bounds over the bytes of a JSON body.

use super::super::base::limits::{BODY_VALUES_MAX, NESTING_MAX};
use super::objection::Objection;

/// Counts values and nested brackets. Whether the bytes are JSON is left to the parser.
///
/// # Errors
/// Too many values, or nested too deep.
pub fn check_body(bytes: &[u8]) -> Result<(), Objection> {
    let (mut nesting, mut values) = (0_usize, 1_usize);
    let mut bytes = bytes.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'{' | b'[' => {
                nesting += 1;
                values += 1;
            }
            b'}' | b']' => nesting = nesting.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if nesting > NESTING_MAX {
            return Err(Objection::too_large("The body is nested deeper than allowed."));
        }
        if values > BODY_VALUES_MAX {
            return Err(Objection::too_large("The body holds more values than allowed."));
        }
    }
    Ok(())
}

fn skip_string<'b>(bytes: &mut impl Iterator<Item = &'b u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_nesting_are_bounded_outside_of_strings() {
        let list = |len: usize| format!("[{}]", vec!["1"; len].join(","));
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let cases = [
            (list(BODY_VALUES_MAX - 1), true),
            (list(BODY_VALUES_MAX + 1), false),
            (nested(NESTING_MAX), true),
            (nested(NESTING_MAX + 1), false),
            ("[".repeat(100_000), false),
            (format!(r#"{{"a":"{}\"{}"}}"#, "[".repeat(100), ",".repeat(100_000)), true),
            (format!(r#"["]]]]",{}"#, "[".repeat(NESTING_MAX)), false),
            ("\"\\".to_owned(), true),
        ];
        for (body, expected) in cases {
            assert_eq!(check_body(body.as_bytes()).is_ok(), expected, "{body:.60}");
        }
    }
}
