//! The statements that write what access rests on: trusted documents and revocations.

use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::base::connection::{Connection, on_each};
use super::super::base::in_order::{InOrder, Place};
use super::super::base::statement::statement;
use super::{SUBJECT, TOKEN};
use crate::domain::access::{AccessChange, Revocation};
use crate::domain::base::clock::Ids;
use crate::domain::state::State;

impl Place for &(AccessChange, i64) {
    /// Documents go before revocations, which stand in a table of their own.
    fn place(&self) -> impl Ord {
        match &self.0 {
            AccessChange::Trust(document) => (0, document.sha256.as_str()),
            AccessChange::Distrust(sha256) => (0, sha256.as_str()),
            AccessChange::Revoke(Revocation::Token(token_id)) => (1, token_id.as_str()),
            AccessChange::Revoke(Revocation::Subject(subject)) => (2, subject.as_str()),
        }
    }
}

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
pub(in crate::store) fn write(
    connection: &mut Connection,
    state: &State,
    _ids: &mut dyn Ids,
) -> Result<(), StoreError> {
    for (change, at_ms) in InOrder::of(&state.changes.access) {
        match change {
            AccessChange::Trust(document) => {
                let (sha256, text) = (document.sha256.as_str(), document.text.as_str());
                let statement = Trust { sha256, text, added_at: *at_ms };
                on_each!(connection, inner => statement.execute(inner))?;
            }
            AccessChange::Distrust(sha256) => {
                on_each!(connection, inner => Distrust { sha256 }.execute(inner))?;
            }
            AccessChange::Revoke(revocation) => {
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
