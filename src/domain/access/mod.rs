//! Who may come in, beside the rules of money: which documents a channel may send, and which
//! tokens hold no longer.

use std::collections::{HashMap, HashSet};

use super::base::text::{is_free_text, sha256};

mod decide;
mod touches;

/// Length of a token's number and of a subject, in characters.
pub const TOKEN_TEXT_LEN_MAX: usize = 256;
/// The clocks of those who give tokens and of those who take them may differ by this many seconds.
pub const CLOCK_SKEW_S_MAX: i64 = 60;

/// A document that channels bound to trusted documents may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedDocument {
    /// SHA-256 of the text, 64 lower-case hexadecimal digits: its name outside.
    pub sha256: String,
    /// The document.
    pub text: String,
}

impl TrustedDocument {
    /// The document of this text.
    pub fn new(text: String) -> Self {
        Self { sha256: sha256(&text), text }
    }
}

/// The SHA-256 that names a document outside: 64 hexadecimal digits, `sha256:` before them or not.
pub fn sha256_of_name(name: &str) -> Option<String> {
    let digits = name.strip_prefix("sha256:").unwrap_or(name);
    let is_sha256 = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha256.then(|| digits.to_ascii_lowercase())
}

/// Whether a token may have this number or subject.
pub fn is_token_text(text: &str) -> bool {
    !text.is_empty() && is_free_text(text, TOKEN_TEXT_LEN_MAX)
}

/// Which tokens hold no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// The one of this number (`jti`).
    Token(String),
    /// All that were given to this subject (`sub`) up to now, by whichever clock.
    Subject(String),
}

/// A change of who may come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessChange {
    /// Trust a document.
    Trust(TrustedDocument),
    /// Trust the document of this SHA-256 no longer.
    Distrust(String),
    /// Revoke tokens.
    Revoke(Revocation),
}

/// All revocations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revocations {
    tokens: HashSet<String>,
    subjects: HashMap<String, i64>,
}

impl Revocations {
    /// Takes in one made at this instant, milliseconds UTC.
    pub fn insert(&mut self, revocation: Revocation, at_ms: i64) {
        match revocation {
            Revocation::Token(token_id) => {
                self.tokens.insert(token_id);
            }
            Revocation::Subject(subject) => {
                let last_ms = self.subjects.entry(subject).or_insert(at_ms);
                *last_ms = at_ms.max(*last_ms);
            }
        }
    }

    /// Whether a token holds no longer. `issued_at_s` counts seconds since 1970, by the clock of whoever gave it, which
    /// may be ahead: one given in the second of its subject's revocation is revoked too, and so is one that says it was
    /// given up to [`CLOCK_SKEW_S_MAX`] later.
    pub fn has(&self, token_id: &str, subject: &str, issued_at_s: i64) -> bool {
        let is_before = |at_ms: &i64| issued_at_s.saturating_sub(CLOCK_SKEW_S_MAX) <= at_ms.div_euclid(1_000);
        self.tokens.contains(token_id) || self.subjects.get(subject).is_some_and(is_before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_revoked_up_to_the_instant_by_any_clock_and_a_token_for_ever() {
        let mut revocations = Revocations::default();
        revocations.insert(Revocation::Token("t1".to_owned()), 5_000);
        revocations.insert(Revocation::Subject("teller-7".to_owned()), 5_999);
        revocations.insert(Revocation::Subject("teller-7".to_owned()), 4_000);
        let cases = [
            ("t1", "somebody", 9, true),
            ("t2", "somebody", 1, false),
            ("t2", "teller-7", 4, true),
            ("t2", "teller-7", 5, true),
            ("t2", "teller-7", 6, true),
            ("t2", "teller-7", 5 + CLOCK_SKEW_S_MAX, true),
            ("t2", "teller-7", 6 + CLOCK_SKEW_S_MAX, false),
            ("t2", "teller-7", i64::MAX, false),
            ("t2", "teller-7", i64::MIN, true),
            ("teller-7", "t1", 1, false),
        ];
        for (token_id, subject, issued_at_s, expected) in cases {
            assert_eq!(revocations.has(token_id, subject, issued_at_s), expected, "{token_id} {subject}");
        }
    }
}
