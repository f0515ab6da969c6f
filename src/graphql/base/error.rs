//! Top-level errors: the caller's bugs and our faults, in a closed set of codes. Causes, SQL and
//! paths never leave the process.

use std::time::Duration;

use async_graphql::{Error, ErrorExtensionValues, Response, Value};

use crate::access::budget::OverBudget;
use crate::access::caller::Forbidden;
use crate::domain::base::text::word_enum;
use crate::engine::EngineError;

/// Extension of RATE_LIMITED: seconds after which the same may be asked again.
pub const RETRY_AFTER_S: &str = "retryAfterSeconds";

/// Message of FORBIDDEN, where a token names a channel that there is none of.
pub const UNKNOWN_CHANNEL: &str = "The token's channel is not registered.";

/// Characters of a message that quotes what the caller sent.
const MESSAGE_CHARS_MAX: usize = 500;

word_enum! {
    /// `extensions.code` of a top-level error.
    ErrorCode {
        /// The request itself is wrong.
        BadUserInput = "BAD_USER_INPUT",
        /// No valid token.
        Unauthenticated = "UNAUTHENTICATED",
        /// The token doesn't allow it.
        Forbidden = "FORBIDDEN",
        /// The document is larger than allowed.
        QueryTooLarge = "QUERY_TOO_LARGE",
        /// Too many requests.
        RateLimited = "RATE_LIMITED",
        /// This try was not accepted; nothing was written.
        Busy = "BUSY",
        /// The outcome is unknown; send the same again.
        Timeout = "TIMEOUT",
        /// A fault of ours.
        Internal = "INTERNAL",
    }
}

impl ErrorCode {
    /// Whether the same request may yet succeed.
    pub fn is_retryable(self) -> bool {
        match self {
            Self::RateLimited | Self::Busy | Self::Timeout => true,
            Self::BadUserInput
            | Self::Unauthenticated
            | Self::Forbidden
            | Self::QueryTooLarge
            | Self::Internal => false,
        }
    }

    /// Puts the code and `retryable` where clients look for them.
    pub fn extend(self, extensions: &mut ErrorExtensionValues) {
        extensions.set("code", self.word());
        extensions.set("retryable", self.is_retryable());
    }

    /// An error of a field.
    pub fn error(self, message: impl Into<String>) -> Error {
        let mut error = Error::new(message);
        self.extend(error.extensions.get_or_insert_default());
        error
    }
}

/// The caller's bug, in words.
pub fn bad_input(message: impl Into<String>) -> Error {
    ErrorCode::BadUserInput.error(message)
}

/// A message of the library's, which may quote what the caller sent.
pub fn brief(mut message: String) -> String {
    if let Some((cut, _)) = message.char_indices().nth(MESSAGE_CHARS_MAX) {
        message.truncate(cut);
        message.push('…');
    }
    message
}

/// What the engine couldn't answer.
pub fn engine_error(error: EngineError) -> Error {
    match error {
        EngineError::Busy => ErrorCode::Busy.error("Busy: nothing was written; send the same again."),
        EngineError::Timeout => ErrorCode::Timeout.error("The outcome is unknown; send the same again."),
        EngineError::Internal => ErrorCode::Internal.error("Internal error."),
    }
}

/// More than the caller may ask for in a while.
pub fn over_budget(OverBudget { retry_after }: OverBudget) -> Error {
    let mut error = ErrorCode::RateLimited.error("Too much was asked for in a while; nothing was done.");
    error.extensions.get_or_insert_default().set(RETRY_AFTER_S, seconds(retry_after));
    error
}

/// Whole seconds to wait, at least one.
pub fn seconds(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX).max(1)
}

/// What the caller may not do.
pub fn forbidden(Forbidden(right): Forbidden) -> Error {
    ErrorCode::Forbidden.error(format!("This needs a token with {right}."))
}

/// Whether nothing was executed: the document, the operation or the variables are wrong.
pub fn is_request_error(response: &Response) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}
