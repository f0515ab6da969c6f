//! The statements that write key rows again where they no longer say what was decided.

use std::collections::BTreeMap;

use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::connection::Connection;
use super::super::key_row::KeyRow;
use super::super::statement::statement;
use super::in_order::{InOrder, Row};
use super::key_rows;
use super::write_ledger::expect_rows;
use crate::domain::answer::Refusal;
use crate::domain::command::Key;
use crate::domain::state::KeyChange;

/// Writes them all; `unclaimed` are keys that this batch inserted and nobody used in the end.
///
/// Of several claims on one key the last one holds; a refusal is the last word on its key.
pub(super) fn write(
    connection: &mut Connection,
    changes: &[KeyChange],
    unclaimed: &InOrder<&Key>,
) -> Result<(), StoreError> {
    let (mut claims, mut refusals) = (BTreeMap::new(), BTreeMap::new());
    for change in changes {
        match change {
            KeyChange::Payment { key, movement_id, input } => {
                claims.insert(key, key_rows::post_row(key, *movement_id, input));
            }
            KeyChange::Reversal { key, movement_id, input } => {
                claims.insert(key, key_rows::reverse_row(key, *movement_id, input));
            }
            KeyChange::Reserved { key, early } => {
                claims.insert(key, key_rows::reserved_row(key, early));
            }
            KeyChange::PostRefused { key, refusal } => {
                refusals.insert(key, Words::of(refusal, refusal.code.word()));
            }
            KeyChange::ReverseRefused { key, refusal } => {
                refusals.insert(key, Words::of(refusal, refusal.code.word()));
            }
        }
    }
    rewrite(connection, &InOrder::of(claims.into_values()))?;
    refuse(connection, &InOrder::of(refusals.into_iter().map(|(key, words)| Refused { key, words })))?;
    delete(connection, unclaimed)
}

/// A key and its refusal.
struct Refused<'a> {
    key: &'a Key,
    words: Words<'a>,
}

impl Row for Refused<'_> {
    fn place(&self) -> impl Ord {
        self.key
    }
}

/// A refusal as its row keeps it.
struct Words<'a> {
    code: &'a str,
    message: &'a str,
    field: Option<&'a str>,
}

impl<'a> Words<'a> {
    fn of<Code>(refusal: &'a Refusal<Code>, code: &'a str) -> Self {
        Self { code, message: &refusal.message, field: refusal.field.as_deref() }
    }
}

statement! {
    struct RewriteKeysPg<'a> {
        channel_codes: Vec<&'a str> => Array<Text>, keys: Vec<&'a str> => Array<Text>,
        mutations: Vec<&'a str> => Array<Text>, movement_ids: Vec<i64> => Array<BigInt>,
        account_numbers: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        amounts: Vec<Option<i64>> => Array<Nullable<BigInt>>, paid_ats: Vec<Option<i64>> => Array<Nullable<BigInt>>,
        bill_numbers: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        counterparts: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        reasons: Vec<Option<&'a str>> => Array<Nullable<Text>>, actors: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        token_ids: Vec<Option<&'a str>> => Array<Nullable<Text>>,
    }
    pg "UPDATE idempotency_keys k SET mutation = n.mutation, movement_id = n.movement_id, \
        account_number = n.account_number, amount_fen = n.amount_fen, paid_at_ms = n.paid_at_ms, \
        bill_numbers = n.bill_numbers, counterpart_key = n.counterpart_key, reason = n.reason, actor = n.actor, \
        token_id = n.token_id FROM UNNEST(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) AS n (channel_code, idempotency_key, \
        mutation, movement_id, account_number, amount_fen, paid_at_ms, bill_numbers, counterpart_key, reason, actor, \
        token_id) WHERE k.channel_code = n.channel_code AND k.idempotency_key = n.idempotency_key"
}

statement! {
    struct RewriteKeySqlite<'a> {
        mutation: &'a str => Text, movement_id: i64 => BigInt, account_number: Option<&'a str> => Nullable<Text>,
        amount: Option<i64> => Nullable<BigInt>, paid_at: Option<i64> => Nullable<BigInt>,
        bill_numbers: Option<&'a str> => Nullable<Text>, counterpart: Option<&'a str> => Nullable<Text>,
        reason: Option<&'a str> => Nullable<Text>, actor: Option<&'a str> => Nullable<Text>,
        token_id: Option<&'a str> => Nullable<Text>, channel_code: &'a str => Text, key: &'a str => Text,
    }
    sqlite "UPDATE idempotency_keys SET mutation = ?, movement_id = ?, account_number = ?, amount_fen = ?, \
        paid_at_ms = ?, bill_numbers = ?, counterpart_key = ?, reason = ?, actor = ?, token_id = ? \
        WHERE channel_code = ? AND idempotency_key = ?"
}

fn rewrite(connection: &mut Connection, rows: &InOrder<KeyRow>) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let each = || rows.iter();
    match connection {
        Connection::Postgres(connection) => {
            let rows_written = RewriteKeysPg {
                channel_codes: each().map(|row| row.channel_code.as_str()).collect(),
                keys: each().map(|row| row.idempotency_key.as_str()).collect(),
                mutations: each().map(|row| row.mutation.as_str()).collect(),
                movement_ids: each().map(|row| row.movement_id).collect(),
                account_numbers: each().map(|row| row.account_number.as_deref()).collect(),
                amounts: each().map(|row| row.amount_fen).collect(),
                paid_ats: each().map(|row| row.paid_at_ms).collect(),
                bill_numbers: each().map(|row| row.bill_numbers.as_deref()).collect(),
                counterparts: each().map(|row| row.counterpart_key.as_deref()).collect(),
                reasons: each().map(|row| row.reason.as_deref()).collect(),
                actors: each().map(|row| row.actor.as_deref()).collect(),
                token_ids: each().map(|row| row.token_id.as_deref()).collect(),
            }
            .execute(connection)?;
            expect_rows("idempotency_keys", rows_written, rows.len())
        }
        Connection::Sqlite(connection) => {
            for row in rows.iter() {
                let rows_written = RewriteKeySqlite {
                    mutation: &row.mutation,
                    movement_id: row.movement_id,
                    account_number: row.account_number.as_deref(),
                    amount: row.amount_fen,
                    paid_at: row.paid_at_ms,
                    bill_numbers: row.bill_numbers.as_deref(),
                    counterpart: row.counterpart_key.as_deref(),
                    reason: row.reason.as_deref(),
                    actor: row.actor.as_deref(),
                    token_id: row.token_id.as_deref(),
                    channel_code: &row.channel_code,
                    key: &row.idempotency_key,
                }
                .execute(connection)?;
                expect_rows("idempotency_keys", rows_written, 1)?;
            }
            Ok(())
        }
    }
}

statement! {
    struct RefuseKeysPg<'a> {
        channel_codes: Vec<&'a str> => Array<Text>, keys: Vec<&'a str> => Array<Text>,
        codes: Vec<&'a str> => Array<Text>, messages: Vec<&'a str> => Array<Text>,
        fields: Vec<Option<&'a str>> => Array<Nullable<Text>>,
    }
    pg "UPDATE idempotency_keys k SET refusal_code = n.code, refusal_message = n.message, refusal_field = n.field \
        FROM UNNEST(?, ?, ?, ?, ?) AS n (channel_code, idempotency_key, code, message, field) \
        WHERE k.channel_code = n.channel_code AND k.idempotency_key = n.idempotency_key"
}

statement! {
    struct RefuseKeySqlite<'a> {
        code: &'a str => Text, message: &'a str => Text, field: Option<&'a str> => Nullable<Text>,
        channel_code: &'a str => Text, key: &'a str => Text,
    }
    sqlite "UPDATE idempotency_keys SET refusal_code = ?, refusal_message = ?, refusal_field = ? \
        WHERE channel_code = ? AND idempotency_key = ?"
}

fn refuse(connection: &mut Connection, refusals: &InOrder<Refused<'_>>) -> Result<(), StoreError> {
    if refusals.is_empty() {
        return Ok(());
    }
    match connection {
        Connection::Postgres(connection) => {
            let rows_written = RefuseKeysPg {
                channel_codes: refusals.iter().map(|refused| refused.key.channel_code.as_str()).collect(),
                keys: refusals.iter().map(|refused| refused.key.text.as_str()).collect(),
                codes: refusals.iter().map(|refused| refused.words.code).collect(),
                messages: refusals.iter().map(|refused| refused.words.message).collect(),
                fields: refusals.iter().map(|refused| refused.words.field).collect(),
            }
            .execute(connection)?;
            expect_rows("idempotency_keys", rows_written, refusals.len())
        }
        Connection::Sqlite(connection) => {
            for Refused { key, words: Words { code, message, field } } in refusals.iter() {
                let (channel_code, key) = (key.channel_code.as_str(), key.text.as_str());
                let statement = RefuseKeySqlite { code, message, field: *field, channel_code, key };
                expect_rows("idempotency_keys", statement.execute(connection)?, 1)?;
            }
            Ok(())
        }
    }
}

statement! {
    struct DeleteKeysPg<'a> { channel_codes: Vec<&'a str> => Array<Text>, keys: Vec<&'a str> => Array<Text> }
    pg "DELETE FROM idempotency_keys k USING UNNEST(?, ?) AS n (channel_code, idempotency_key) \
        WHERE k.channel_code = n.channel_code AND k.idempotency_key = n.idempotency_key"
}

statement! {
    struct DeleteKeySqlite<'a> { channel_code: &'a str => Text, key: &'a str => Text }
    sqlite "DELETE FROM idempotency_keys WHERE channel_code = ? AND idempotency_key = ?"
}

fn delete(connection: &mut Connection, unclaimed: &InOrder<&Key>) -> Result<(), StoreError> {
    if unclaimed.is_empty() {
        return Ok(());
    }
    match connection {
        Connection::Postgres(connection) => {
            DeleteKeysPg {
                channel_codes: unclaimed.iter().map(|key| key.channel_code.as_str()).collect(),
                keys: unclaimed.iter().map(|key| key.text.as_str()).collect(),
            }
            .execute(connection)?;
        }
        Connection::Sqlite(connection) => {
            for key in unclaimed.iter() {
                DeleteKeySqlite { channel_code: &key.channel_code, key: &key.text }.execute(connection)?;
            }
        }
    }
    Ok(())
}
