//! The statements that write what stands at the door: trusted documents and revocations.

use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::connection::{Connection, on_each};
use super::super::read_door::{SUBJECT, TOKEN};
use super::super::statement::statement;
use super::in_order::InOrder;
use crate::domain::door::{DoorChange, Revocation};

statement! {
    struct Trust<'a> { sha256: &'a str => Text, text: &'a str => Text, added_at: i64 => BigInt }
    both "INSERT INTO trusted_documents (sha256, text, added_at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
}

statement! {
    struct Distrust<'a> { sha256: &'a str => Text }
    both "DELETE FROM trusted_documents WHERE sha256 = ?"
}

statement! {
    struct Revoke<'a> { kind: &'a str => Text, value: &'a str => Text, revoked_at: i64 => BigInt }
    both "INSERT INTO revocations (kind, value, revoked_at_ms) VALUES (?, ?, ?) \
          ON CONFLICT (kind, value) DO UPDATE SET revoked_at_ms = excluded.revoked_at_ms \
          WHERE revocations.revoked_at_ms < excluded.revoked_at_ms"
}

/// Writes them all; of several changes of one thing the last one holds.
pub(super) fn write(connection: &mut Connection, changes: &[(DoorChange, i64)]) -> Result<(), StoreError> {
    for (change, at_ms) in InOrder::of(changes).iter() {
        match change {
            DoorChange::Trust(document) => {
                let (sha256, text) = (document.sha256.as_str(), document.text.as_str());
                let statement = Trust { sha256, text, added_at: *at_ms };
                on_each!(connection, inner => statement.execute(inner))?;
            }
            DoorChange::Distrust(sha256) => {
                on_each!(connection, inner => Distrust { sha256 }.execute(inner))?;
            }
            DoorChange::Revoke(revocation) => {
                let (kind, value) = match revocation {
                    Revocation::Token(token_id) => (TOKEN, token_id.as_str()),
                    Revocation::Subject(subject) => (SUBJECT, subject.as_str()),
                };
                let statement = Revoke { kind, value, revoked_at: *at_ms };
                on_each!(connection, inner => statement.execute(inner))?;
            }
        }
    }
    Ok(())
}
