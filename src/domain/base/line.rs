//! What becomes of a line of a file or of a command line.

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineOutcome {
    /// Something is new.
    Saved,
    /// It was there already, the same.
    Unchanged,
    /// Refused.
    Refused {
        /// The file's column.
        column: &'static str,
        /// In words.
        reason: String,
    },
}

impl LineOutcome {
    /// Refused for what stands in this column.
    pub fn refused(column: &'static str, reason: impl Into<String>) -> Self {
        Self::Refused { column, reason: reason.into() }
    }
}
