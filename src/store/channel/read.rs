//! What readers ask of channels.

use chrono::NaiveDate;
use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::base::connection::{Connection, on_each};
use super::super::base::look_up::LookUp;
use super::super::base::statement::statement;
use crate::domain::base::money::told_fen;
use crate::domain::channel::TotalDelta;

/// Whole millions of fen are summed apart from the rest.
const FEN_APART: i128 = 1_000_000;

statement! {
    struct Totals<'a> { channel_code: &'a str => Text, day: NaiveDate => Date }
    -> (BigInt, BigInt, BigInt, BigInt, BigInt, BigInt)
    both "SELECT CAST(coalesce(sum(posted_fen / 1000000), 0) AS BIGINT), \
          CAST(coalesce(sum(posted_fen % 1000000), 0) AS BIGINT), \
          CAST(coalesce(sum(posted_count), 0) AS BIGINT), \
          CAST(coalesce(sum(reversed_fen / 1000000), 0) AS BIGINT), \
          CAST(coalesce(sum(reversed_fen % 1000000), 0) AS BIGINT), \
          CAST(coalesce(sum(reversed_count), 0) AS BIGINT) \
          FROM channel_total_deltas WHERE channel_code = ? AND business_day = ?"
}

/// Puts a sum together again whose parts were summed apart, since the whole may be more than a database's sum holds.
fn joined_fen(millions: i64, rest_fen: i64) -> i64 {
    told_fen(i128::from(millions) * FEN_APART + i128::from(rest_fen))
}

/// What a channel posted and reversed on one business day.
#[derive(Debug, Clone)]
pub struct ChannelTotals {
    /// The channel.
    pub channel_code: String,
    /// The business day.
    pub day: NaiveDate,
}

impl LookUp for ChannelTotals {
    type Found = TotalDelta;

    fn run(&mut self, connection: &mut Connection) -> Result<TotalDelta, StoreError> {
        let statement = Totals { channel_code: &self.channel_code, day: self.day };
        let (posted, posted_rest, posted_count, reversed, reversed_rest, reversed_count) =
            on_each!(connection, inner => statement.get_result(inner))?;
        Ok(TotalDelta {
            posted_fen: joined_fen(posted, posted_rest),
            posted_count,
            reversed_fen: joined_fen(reversed, reversed_rest),
            reversed_count,
        })
    }
}
