//! Time and identity as they are handed in. The system's clock and random numbers live in `cli`.

/// Where "now" comes from.
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;
}

/// Where the numbers of new movements come from: rising, positive, never given twice.
pub trait Ids {
    /// The next number.
    fn next_id(&mut self) -> i64;
}
