//! The rows of channels, their amount rules and their totals.

pub(in crate::store) mod audit;
pub mod load;
pub mod read;
pub(in crate::store) mod write;

use super::base::table::table;

/// Stands for "all classes without a rule of their own" in `channel_amount_rules`.
const ANY_CLASS: &str = "*";

table! {
    /// What the totals of a channel grew by: a row per batch, channel and business day, not per payment.
    channel_total_deltas as t, columns total_columns, order (id), insert "" {
        id: i64, channel_code: String, business_day: NaiveDate, posted_fen: i64, posted_count: i64,
        reversed_fen: i64, reversed_count: i64,
    }
}
