//! What readers ask of channels.

use chrono::NaiveDate;
use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::base::connection::{Connection, on_each};
use super::super::base::look_up::LookUp;
use super::super::base::statement::statement;
use crate::domain::channel::TotalDelta;

statement! {
    struct Totals<'a> { channel_code: &'a str => Text, day: NaiveDate => Date } -> (BigInt, BigInt, BigInt, BigInt)
    both "SELECT CAST(coalesce(sum(posted_fen), 0) AS BIGINT), CAST(coalesce(sum(posted_count), 0) AS BIGINT), \
          CAST(coalesce(sum(reversed_fen), 0) AS BIGINT), CAST(coalesce(sum(reversed_count), 0) AS BIGINT) \
          FROM channel_total_deltas WHERE channel_code = ? AND business_day = ?"
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
        let (posted_fen, posted_count, reversed_fen, reversed_count) =
            on_each!(connection, inner => statement.get_result(inner))?;
        Ok(TotalDelta { posted_fen, posted_count, reversed_fen, reversed_count })
    }
}
