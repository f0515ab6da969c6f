//! What readers ask about the door: trusted documents and revocations.

use diesel::{OptionalExtension, RunQueryDsl};

use super::StoreError;
use super::connection::{Connection, on_each};
use super::statement::statement;
use crate::domain::door::{Revocation, Revocations, TrustedDocument};

/// `revocations.kind` of a single token.
pub(super) const TOKEN: &str = "TOKEN";
/// `revocations.kind` of all tokens of a subject.
pub(super) const SUBJECT: &str = "SUBJECT";

statement! {
    struct RevocationRows -> (Text, Text, BigInt) both "SELECT kind, value, revoked_at_ms FROM revocations"
}

/// All tokens that hold no longer.
pub fn revocations(connection: &mut Connection) -> Result<Revocations, StoreError> {
    let rows: Vec<(String, String, i64)> = on_each!(connection, inner => RevocationRows {}.load(inner))?;
    let mut revocations = Revocations::default();
    for (kind, value, at_ms) in rows {
        let revocation = match kind.as_str() {
            TOKEN => Revocation::Token(value),
            SUBJECT => Revocation::Subject(value),
            kind => return Err(StoreError::Corrupt(format!("revocation of kind {kind:?}"))),
        };
        revocations.insert(revocation, at_ms);
    }
    Ok(revocations)
}

statement! {
    struct TrustedText<'a> { sha256: &'a str => Text } -> (Text)
    both "SELECT text FROM trusted_documents WHERE sha256 = ?"
}

/// The text of a trusted document; `None` where there is none of this SHA-256.
pub fn trusted_text(connection: &mut Connection, sha256: &str) -> Result<Option<String>, StoreError> {
    Ok(on_each!(connection, inner => TrustedText { sha256 }.get_result(inner).optional())?)
}

statement! {
    struct TrustedRows -> (Text, Text) both "SELECT sha256, text FROM trusted_documents ORDER BY added_at_ms, sha256"
}

/// All trusted documents, in the order they were added.
pub fn trusted_documents(connection: &mut Connection) -> Result<Vec<TrustedDocument>, StoreError> {
    let rows: Vec<(String, String)> = on_each!(connection, inner => TrustedRows {}.load(inner))?;
    Ok(rows.into_iter().map(|(sha256, text)| TrustedDocument { sha256, text }).collect())
}
