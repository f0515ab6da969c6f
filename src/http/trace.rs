//! One request from its head to its answer: its number, what it is counted as, how long it took.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use actix_web::HttpResponse;

use super::Shared;
use super::log::STRANGERS;
use super::reply::Answer;
use crate::graphql::base::error::ErrorCode;

/// Numbers requests: a prefix of the process's own, then a count.
pub(super) struct RequestIds {
    prefix: u32,
    last: AtomicU64,
}

impl RequestIds {
    pub(super) fn new(prefix: u32) -> Self {
        Self { prefix, last: AtomicU64::new(0) }
    }

    fn next(&self) -> RequestId {
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

/// A request that is being answered.
pub(super) struct RequestTrace<'s> {
    pub(super) shared: &'s Shared,
    pub(super) id: RequestId,
    /// Code of the caller's channel; empty until it is known.
    pub(super) channel: String,
    /// What it is counted as.
    pub(super) operation: Arc<str>,
    begun: Instant,
}

impl<'s> RequestTrace<'s> {
    pub(super) fn begin(shared: &'s Shared) -> Self {
        let (id, operation) = (shared.request_ids.next(), shared.metrics.unknown());
        Self { shared, id, channel: String::new(), operation, begun: Instant::now() }
    }

    /// Counts the answer, logs a fault of ours, and gives the answer its number.
    pub(super) fn end(self, answer: Answer) -> HttpResponse {
        let Self { shared, id, mut channel, operation, begun } = self;
        let is_stranger = channel.is_empty();
        if is_stranger {
            channel.push_str("none");
        }
        let duration_s = begun.elapsed().as_secs_f64();
        if answer.code == Some(ErrorCode::Internal) {
            tracing::error!(request_id = %id, channel, %operation, "a fault of ours; its cause is in the lines before");
        }
        let outcome = answer.code.map_or("ok", ErrorCode::word);
        if is_stranger {
            tracing::debug!(target: STRANGERS, request_id = %id, outcome, duration_s, "answered");
        } else {
            tracing::debug!(request_id = %id, channel, %operation, outcome, duration_s, "answered");
        }
        shared.metrics.count(operation, channel, outcome, duration_s);
        answer.reply(id)
    }
}
