//! The rows of access: trusted documents and revocations.

pub mod read;
pub(in crate::store) mod write;

/// `revocations.kind` of a single token.
const TOKEN: &str = "TOKEN";
/// `revocations.kind` of all tokens of a subject.
const SUBJECT: &str = "SUBJECT";
