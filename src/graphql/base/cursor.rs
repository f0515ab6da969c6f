//! Opaque places in lists.

use async_graphql::Error;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::bad_input;

/// Writes a place in a list.
pub(in crate::graphql) fn cursor(plain: &str) -> String {
    URL_SAFE_NO_PAD.encode(plain)
}

/// Reads a place in a list by number.
pub(in crate::graphql) fn read_number_cursor(plain: &str) -> Result<i64, Error> {
    let number = plain.parse().ok().filter(|number: &i64| *number >= 0 && number.to_string() == plain);
    number.ok_or_else(bad_cursor)
}

/// Reads a place in a list.
pub(in crate::graphql) fn plain_cursor(cursor: &str) -> Result<String, Error> {
    let plain = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    plain.ok_or_else(bad_cursor)
}

/// The error for a place that no list of ours gave out.
pub(in crate::graphql) fn bad_cursor() -> Error {
    bad_input("`after` is no cursor of this list.")
}
