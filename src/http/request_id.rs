//! Numbers of requests.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers requests: a prefix of the process's own, then a count.
pub(super) struct RequestIds {
    prefix: u32,
    last: AtomicU64,
}

impl RequestIds {
    pub(super) fn new(prefix: u32) -> Self {
        Self { prefix, last: AtomicU64::new(0) }
    }

    pub(super) fn next(&self) -> RequestId {
        RequestId { prefix: self.prefix, count: self.last.fetch_add(1, Ordering::Relaxed) + 1 }
    }
}

/// By which a request's answer and its lines in the log find each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestId {
    prefix: u32,
    count: u64,
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{:x}", self.prefix, self.count)
    }
}
