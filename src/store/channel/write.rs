//! What a batch writes of channels.

use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::base::connection::{Connection, on_each};
use super::super::base::in_order::{InOrder, Place};
use super::super::base::statement::statement;
use super::{ANY_CLASS, channel_total_deltas};
use crate::domain::base::clock::Ids;
use crate::domain::channel::{Channel, ChannelChange, ChannelChanges};
use crate::domain::state::State;

impl Place for &ChannelChange {
    fn place(&self) -> impl Ord {
        self.code()
    }
}

/// Writes what became of channels: their rows are one table's, so that they have one order.
pub(in crate::store) fn write(
    connection: &mut Connection,
    state: &State,
    _ids: &mut dyn Ids,
) -> Result<(), StoreError> {
    for change in InOrder::of(&state.changes.channels.changed) {
        match change {
            ChannelChange::Add(channel) => insert(connection, channel)?,
            ChannelChange::Suspend { code, suspend } => {
                let statement = SuspendChannel { is_suspended: *suspend, code };
                on_each!(connection, inner => statement.execute(inner))?;
            }
            ChannelChange::RuleDocuments { code, documents } => {
                let statement = RuleDocuments { documents: documents.word(), code };
                on_each!(connection, inner => statement.execute(inner))?;
            }
        }
    }
    Ok(())
}

/// What totals grow by, as rows.
pub(in crate::store) fn new_totals<'a>(
    changes: &'a ChannelChanges,
    ids: &mut dyn Ids,
) -> InOrder<channel_total_deltas::New<'a>> {
    InOrder::of(changes.totals.iter().map(|((channel_code, business_day), delta)| {
        channel_total_deltas::New {
            id: ids.next_id(),
            channel_code,
            business_day: *business_day,
            posted_fen: delta.posted_fen,
            posted_count: delta.posted_count,
            reversed_fen: delta.reversed_fen,
            reversed_count: delta.reversed_count,
        }
    }))
}

statement! {
    struct SuspendChannel<'a> { is_suspended: bool => Bool, code: &'a str => Text }
    both "UPDATE channels SET is_suspended = ? WHERE code = ?"
}

statement! {
    struct RuleDocuments<'a> { documents: &'a str => Text, code: &'a str => Text }
    both "UPDATE channels SET documents = ? WHERE code = ?"
}

statement! {
    struct InsertChannel<'a> {
        code: &'a str => Text, kind: &'a str => Text, mode: &'a str => Text, min_fen: i64 => BigInt,
        max_fen: i64 => BigInt, paid_at_back_days: i64 => BigInt, is_suspended: bool => Bool,
        documents: &'a str => Text,
    }
    both "INSERT INTO channels (code, kind, mode, min_fen, max_fen, paid_at_back_days, is_suspended, documents) \
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
}

statement! {
    struct InsertAmountRule<'a> { code: &'a str => Text, class: &'a str => Text, rule: &'a str => Text }
    both "INSERT INTO channel_amount_rules (channel_code, customer_class, amount_rule) VALUES (?, ?, ?)"
}

fn insert(connection: &mut Connection, channel: &Channel) -> Result<(), StoreError> {
    let statement = InsertChannel {
        code: &channel.code,
        kind: channel.kind.word(),
        mode: channel.mode.word(),
        min_fen: channel.min_fen,
        max_fen: channel.max_fen,
        paid_at_back_days: channel.paid_at_back_days,
        is_suspended: channel.is_suspended,
        documents: channel.documents.word(),
    };
    on_each!(connection, inner => statement.execute(inner))?;
    for (class, rule) in &channel.amount_rules {
        let class = class.map_or(ANY_CLASS, |class| class.word());
        let statement = InsertAmountRule { code: &channel.code, class, rule: rule.word() };
        on_each!(connection, inner => statement.execute(inner))?;
    }
    Ok(())
}
