//! Days of the utility's time zone.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;

/// Milliseconds of one day of 24 hours.
pub const DAY_MS: i64 = 86_400_000;
/// The last instant the API takes or shows: 9999-12-31T23:59:59.999Z.
pub const INSTANT_MS_MAX: i64 = 253_402_300_799_999;

/// The day on which an instant (milliseconds UTC) falls in `zone`.
///
/// # Panics
/// Where the instant lies outside chrono's range, some 262,000 years either way; the edge admits
/// only instants from 1970 to 9999.
pub fn day_of(instant_ms: i64, zone: Tz) -> NaiveDate {
    let instant = DateTime::<Utc>::from_timestamp_millis(instant_ms);
    instant.expect("an instant within chrono's range").with_timezone(&zone).date_naive()
}

/// An instant (milliseconds UTC) as the API writes it, such as 2026-11-23T00:30:00.250Z.
pub fn format_instant(instant_ms: i64) -> String {
    let instant = DateTime::<Utc>::from_timestamp_millis(instant_ms).unwrap_or_default();
    instant.to_rfc3339_opts(SecondsFormat::Millis, true)
}
