//! What readers ask about access: trusted documents and revocations.

use diesel::{OptionalExtension, RunQueryDsl};

use super::super::StoreError;
use super::super::base::connection::{Connection, on_each};
use super::super::base::look_up::LookUp;
use super::super::base::statement::statement;
use super::{SUBJECT, TOKEN};
use crate::domain::access::{Revocation, Revocations, TrustedDocument};

statement! {
    struct RevocationRows -> (Text, Text, BigInt) both "SELECT kind, value, revoked_at_ms FROM revocations"
}

/// All tokens that hold no longer.
///
/// # Errors
/// Whatever the database says.
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

/// The text of the trusted document of this SHA-256; `None` where there is none.
#[derive(Debug, Clone)]
pub struct DocumentText(pub String);

impl LookUp for DocumentText {
    type Found = Option<String>;

    fn run(&mut self, connection: &mut Connection) -> Result<Option<String>, StoreError> {
        let statement = TrustedText { sha256: &self.0 };
        Ok(on_each!(connection, inner => statement.get_result(inner).optional())?)
    }
}

statement! {
    struct TrustedRows -> (Text, Text) both "SELECT sha256, text FROM trusted_documents ORDER BY added_at_ms, sha256"
}

/// All trusted documents, in the order they were added.
///
/// # Errors
/// Whatever the database says.
pub fn trusted_documents(connection: &mut Connection) -> Result<Vec<TrustedDocument>, StoreError> {
    let rows: Vec<(String, String)> = on_each!(connection, inner => TrustedRows {}.load(inner))?;
    Ok(rows.into_iter().map(|(sha256, text)| TrustedDocument { sha256, text }).collect())
}
