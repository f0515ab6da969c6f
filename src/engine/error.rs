//! Why there is no definite answer, and what happens when the storage fails.

use std::fmt;
use std::sync::Arc;

use crate::store::StoreError;

/// Why there is no definite answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineError {
    /// This try was not accepted; nothing was written.
    Busy,
    /// The outcome is unknown; the same key finds it out.
    Timeout,
    /// A fault of ours; nothing was written.
    Internal,
}

impl EngineError {
    /// What a failure that left nothing behind is to whoever waits.
    pub(super) fn of(error: &StoreError) -> Self {
        match error {
            StoreError::Corrupt(_) | StoreError::Url(_) => Self::Internal,
            StoreError::Connect(_)
            | StoreError::Absent(_)
            | StoreError::NotMigrated(_)
            | StoreError::Statement(_)
            | StoreError::Overtaken(_)
            | StoreError::Replaced(_) => Self::Busy,
        }
    }

    /// Whether the same request may yet succeed.
    pub fn is_retryable(self) -> bool {
        match self {
            Self::Busy | Self::Timeout => true,
            Self::Internal => false,
        }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "busy; nothing was written",
            Self::Timeout => "the outcome is unknown",
            Self::Internal => "internal error; nothing was written",
        })
    }
}

impl std::error::Error for EngineError {}

/// What happens when the storage under an embedded database fails: the process must not go on.
pub type OnStorageFailure = Arc<dyn Fn(&StoreError) + Send + Sync>;
