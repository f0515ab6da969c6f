//! Time and identity as they are handed in. The system's clock and random numbers live in `cli`.

use std::time::Duration;

/// Where "now" comes from.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;

    /// Time since an instant of its own. It only grows, and nobody sets it: whatever lasts is measured by it,
    /// never by [`Clock::now_ms`], which goes back and forward as administrators and other clocks will.
    fn passed(&self) -> Duration;
}

/// Where the numbers of new movements come from: rising, positive, never given twice.
pub trait Ids {
    /// The next number.
    fn next_id(&mut self) -> i64;
}
