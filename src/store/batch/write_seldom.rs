//! The statements that write what most batches have none of: reversals and exceptions.

use chrono::NaiveDate;
use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::connection::Connection;
use super::super::statement::statement;
use super::in_order::InOrder;
use crate::domain::clock::Ids;
use crate::domain::exception::Exception;
use crate::domain::payment::Reversal;
use crate::domain::text::sha256;

statement! {
    struct InsertReversalsPg<'a> {
        ids: Vec<i64> => Array<BigInt>, account_numbers: Vec<&'a str> => Array<Text>,
        payment_ids: Vec<i64> => Array<BigInt>, sequences: Vec<Option<i64>> => Array<Nullable<BigInt>>,
        channel_codes: Vec<&'a str> => Array<Text>, keys: Vec<&'a str> => Array<Text>,
        reasons: Vec<&'a str> => Array<Text>, are_early: Vec<bool> => Array<Bool>,
        posted_at: Vec<i64> => Array<BigInt>, business_days: Vec<NaiveDate> => Array<Date>,
        actors: Vec<&'a str> => Array<Text>, token_ids: Vec<&'a str> => Array<Text>,
    }
    pg "INSERT INTO reversals (id, account_number, payment_id, sequence, channel_code, idempotency_key, reason, \
        is_early, posted_at_ms, business_day, actor, token_id) \
        SELECT * FROM UNNEST(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
}

statement! {
    struct InsertReversalSqlite<'a> {
        id: i64 => BigInt, account_number: &'a str => Text, payment_id: i64 => BigInt,
        sequence: Option<i64> => Nullable<BigInt>, channel_code: &'a str => Text, key: &'a str => Text,
        reason: &'a str => Text, is_early: bool => Bool, posted_at: i64 => BigInt, business_day: NaiveDate => Date,
        actor: &'a str => Text, token_id: &'a str => Text,
    }
    sqlite "INSERT INTO reversals (id, account_number, payment_id, sequence, channel_code, idempotency_key, reason, \
        is_early, posted_at_ms, business_day, actor, token_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
}

/// Inserts new reversals.
pub(super) fn insert_reversals(
    connection: &mut Connection,
    reversals: &InOrder<&Reversal>,
) -> Result<(), StoreError> {
    if reversals.is_empty() {
        return Ok(());
    }
    let each = || reversals.iter();
    match connection {
        Connection::Postgres(connection) => {
            InsertReversalsPg {
                ids: each().map(|reversal| reversal.id).collect(),
                account_numbers: each().map(|reversal| reversal.account_number.as_str()).collect(),
                payment_ids: each().map(|reversal| reversal.payment_id).collect(),
                sequences: each().map(|reversal| reversal.sequence).collect(),
                channel_codes: each().map(|reversal| reversal.channel_code.as_str()).collect(),
                keys: each().map(|reversal| reversal.idempotency_key.as_str()).collect(),
                reasons: each().map(|reversal| reversal.reason.as_str()).collect(),
                are_early: each().map(|reversal| reversal.is_early).collect(),
                posted_at: each().map(|reversal| reversal.posted_at_ms).collect(),
                business_days: each().map(|reversal| reversal.business_day).collect(),
                actors: each().map(|reversal| reversal.actor.subject.as_str()).collect(),
                token_ids: each().map(|reversal| reversal.actor.token_id.as_str()).collect(),
            }
            .execute(connection)?;
        }
        Connection::Sqlite(connection) => {
            for reversal in reversals.iter() {
                InsertReversalSqlite {
                    id: reversal.id,
                    account_number: &reversal.account_number,
                    payment_id: reversal.payment_id,
                    sequence: reversal.sequence,
                    channel_code: &reversal.channel_code,
                    key: &reversal.idempotency_key,
                    reason: &reversal.reason,
                    is_early: reversal.is_early,
                    posted_at: reversal.posted_at_ms,
                    business_day: reversal.business_day,
                    actor: &reversal.actor.subject,
                    token_id: &reversal.actor.token_id,
                }
                .execute(connection)?;
            }
        }
    }
    Ok(())
}

statement! {
    struct InsertExceptionsPg<'a> {
        ids: Vec<i64> => Array<BigInt>, account_numbers: Vec<&'a str> => Array<Text>,
        channel_codes: Vec<&'a str> => Array<Text>, keys: Vec<&'a str> => Array<Text>,
        kinds: Vec<&'a str> => Array<Text>, details: Vec<&'a str> => Array<Text>,
        fingerprints: Vec<String> => Array<Text>, payment_ids: Vec<Option<i64>> => Array<Nullable<BigInt>>,
        recorded_at: Vec<i64> => Array<BigInt>, business_days: Vec<NaiveDate> => Array<Date>,
    }
    pg "INSERT INTO exceptions (id, account_number, channel_code, idempotency_key, kind, detail, fingerprint, \
        payment_id, recorded_at_ms, business_day) SELECT * FROM UNNEST(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
        ON CONFLICT DO NOTHING"
}

statement! {
    struct InsertExceptionSqlite<'a> {
        id: i64 => BigInt, account_number: &'a str => Text, channel_code: &'a str => Text, key: &'a str => Text,
        kind: &'a str => Text, detail: &'a str => Text, fingerprint: String => Text,
        payment_id: Option<i64> => Nullable<BigInt>, recorded_at: i64 => BigInt, business_day: NaiveDate => Date,
    }
    sqlite "INSERT INTO exceptions (id, account_number, channel_code, idempotency_key, kind, detail, fingerprint, \
        payment_id, recorded_at_ms, business_day) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
}

/// Inserts the exceptions that aren't there yet.
pub(super) fn insert_exceptions(
    connection: &mut Connection,
    exceptions: &InOrder<&Exception>,
    ids: &mut dyn Ids,
) -> Result<(), StoreError> {
    if exceptions.is_empty() {
        return Ok(());
    }
    let each = || exceptions.iter();
    match connection {
        Connection::Postgres(connection) => {
            InsertExceptionsPg {
                ids: each().map(|_| ids.next_id()).collect(),
                account_numbers: each().map(|exception| exception.account_number.as_str()).collect(),
                channel_codes: each().map(|exception| exception.channel_code.as_str()).collect(),
                keys: each().map(|exception| exception.idempotency_key.as_str()).collect(),
                kinds: each().map(|exception| exception.kind.word()).collect(),
                details: each().map(|exception| exception.detail.as_str()).collect(),
                fingerprints: each().map(|exception| fingerprint(exception)).collect(),
                payment_ids: each().map(|exception| exception.payment_id).collect(),
                recorded_at: each().map(|exception| exception.recorded_at_ms).collect(),
                business_days: each().map(|exception| exception.business_day).collect(),
            }
            .execute(connection)?;
        }
        Connection::Sqlite(connection) => {
            for exception in exceptions.iter() {
                InsertExceptionSqlite {
                    id: ids.next_id(),
                    account_number: &exception.account_number,
                    channel_code: &exception.channel_code,
                    key: &exception.idempotency_key,
                    kind: exception.kind.word(),
                    detail: &exception.detail,
                    fingerprint: fingerprint(exception),
                    payment_id: exception.payment_id,
                    recorded_at: exception.recorded_at_ms,
                    business_day: exception.business_day,
                }
                .execute(connection)?;
            }
        }
    }
    Ok(())
}

/// SHA-256 of the detail: the same difference is written once.
fn fingerprint(exception: &Exception) -> String {
    sha256(&exception.detail)
}
