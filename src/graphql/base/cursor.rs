//! Opaque places in lists.

use async_graphql::Error;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::bad_input;
use crate::store::base::look_up::Place;

/// Writes a place in a list.
pub(in crate::graphql) fn cursor(plain: &str) -> String {
    URL_SAFE_NO_PAD.encode(plain)
}

/// Writes a place in a list that begins with the newest.
pub(in crate::graphql) fn place_cursor((rank, number): Place) -> String {
    format!("{rank} {number}")
}

/// Reads a place in a list that begins with the newest.
pub(in crate::graphql) fn read_place_cursor(plain: &str) -> Result<Place, Error> {
    let parts = plain.split_once(' ');
    let place = parts.and_then(|(rank, number)| Some((rank.parse().ok()?, number.parse().ok()?)));
    let is_ours = |place: &Place| place.0 >= 0 && place.1 >= 0 && place_cursor(*place) == plain;
    place.filter(is_ours).ok_or_else(bad_cursor)
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
