//! Looking again until something is so.

use std::time::{Duration, Instant};

/// Between two looks at a condition.
pub const POLL_EVERY: Duration = Duration::from_millis(20);

/// Looks until there is something, at most this long.
pub fn wait_for<T>(what: &str, at_most: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < at_most, "waited {at_most:?} in vain for {what}");
        std::thread::sleep(POLL_EVERY);
    }
}

/// Looks until it is so, at most this long, and returns how long it took.
pub fn wait_until(what: &str, at_most: Duration, mut look: impl FnMut() -> bool) -> Duration {
    let started = Instant::now();
    wait_for(what, at_most, || look().then_some(()));
    started.elapsed()
}
