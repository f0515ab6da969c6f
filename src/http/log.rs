//! What the server's log and its metrics share: the name under which strangers are spoken of, and how much was
//! left unsaid. The log itself is the command line's.

use std::sync::atomic::{AtomicU64, Ordering};

/// The target of lines that anybody can cause, without a token. They are all DEBUG, and few are written a second.
pub const STRANGERS: &str = "granary::strangers";

/// Lines of the log that nobody will read.
#[derive(Debug, Default)]
pub struct LogCounts {
    lost: AtomicU64,
    suppressed: AtomicU64,
}

impl LogCounts {
    /// Counts lines that could not be written.
    pub fn lose(&self, lines: usize) {
        self.lost.fetch_add(lines as u64, Ordering::Relaxed);
    }

    /// Counts a line about strangers that was one too many.
    pub fn suppress(&self) {
        self.suppressed.fetch_add(1, Ordering::Relaxed);
    }

    /// Lines that could not be written.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Lines about strangers that were too many.
    pub fn suppressed(&self) -> u64 {
        self.suppressed.load(Ordering::Relaxed)
    }
}
