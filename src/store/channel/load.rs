//! All channels with their rules: a batch decides on them as they stand.

use std::collections::HashMap;

use diesel::{Queryable, RunQueryDsl};

use super::super::StoreError;
use super::super::base::connection::{Connection, on_each};
use super::super::base::statement::statement;
use super::super::base::table::word;
use super::ANY_CLASS;
use crate::domain::account::CustomerClass;
use crate::domain::channel::{AmountRule, Channel, ChannelKind, ChannelMode, DocumentRule};

/// A row of `channels` with one of its rules, if it has any.
#[derive(Debug, Queryable)]
struct ChannelRow {
    code: String,
    kind: String,
    mode: String,
    is_suspended: bool,
    min_fen: i64,
    max_fen: i64,
    paid_at_back_days: i64,
    documents: String,
    rule_class: Option<String>,
    amount_rule: Option<String>,
}

statement! {
    struct Channels -> (Text, Text, Text, Bool, BigInt, BigInt, BigInt, Text, Nullable<Text>, Nullable<Text>)
    both "SELECT c.code, c.kind, c.mode, c.is_suspended, c.min_fen, c.max_fen, c.paid_at_back_days, \
          c.documents, r.customer_class, r.amount_rule \
          FROM channels c LEFT JOIN channel_amount_rules r ON r.channel_code = c.code"
}

/// All registered channels with their rules.
///
/// # Errors
/// Whatever the database says.
pub fn channels(connection: &mut Connection) -> Result<HashMap<String, Channel>, StoreError> {
    let rows: Vec<ChannelRow> = on_each!(connection, inner => Channels {}.load(inner))?;
    channels_of(rows)
}

/// Gathers the rows of each channel.
fn channels_of(rows: Vec<ChannelRow>) -> Result<HashMap<String, Channel>, StoreError> {
    let mut channels = HashMap::new();
    for row in rows {
        let kind = word("kind", &row.kind, ChannelKind::from_word)?;
        let mode = word("mode", &row.mode, ChannelMode::from_word)?;
        let documents = word("documents", &row.documents, DocumentRule::from_word)?;
        let channel = channels.entry(row.code.clone()).or_insert_with(|| Channel {
            is_suspended: row.is_suspended,
            min_fen: row.min_fen,
            max_fen: row.max_fen,
            paid_at_back_days: row.paid_at_back_days,
            documents,
            ..Channel::new(row.code, kind, mode)
        });
        if let (Some(class), Some(rule)) = (row.rule_class, row.amount_rule) {
            let class = match class.as_str() {
                ANY_CLASS => None,
                class => Some(word("customer_class", class, CustomerClass::from_word)?),
            };
            channel.amount_rules.insert(class, word("amount_rule", &rule, AmountRule::from_word)?);
        }
    }
    Ok(channels)
}
