//! What the guard says.

use super::super::base::error::{ErrorCode, brief};

/// Why a request is refused, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// QUERY_TOO_LARGE or BAD_USER_INPUT.
    pub code: ErrorCode,
    /// For the caller.
    pub message: String,
}

impl Objection {
    pub(super) fn too_large(message: &str) -> Self {
        Self { code: ErrorCode::QueryTooLarge, message: message.to_owned() }
    }

    pub(super) fn malformed(message: impl Into<String>) -> Self {
        Self { code: ErrorCode::BadUserInput, message: brief(message.into()) }
    }
}
