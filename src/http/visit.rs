//! One request from its head to its answer: its number, what it is counted as, how long it took.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderName, HeaderValue};

use super::Shared;
use super::reply::Answer;
use crate::graphql::error::ErrorCode;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Numbers requests: a prefix of the process's own, then a count.
pub(super) struct RequestIds {
    prefix: u32,
    last: AtomicU64,
}

impl RequestIds {
    pub(super) fn new(prefix: u32) -> Self {
        Self { prefix, last: AtomicU64::new(0) }
    }

    fn next(&self) -> String {
        format!("{:08x}-{:x}", self.prefix, self.last.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// A request that is being answered.
pub(super) struct Visit<'s> {
    pub(super) shared: &'s Shared,
    /// By which its answer and its lines in the log find each other.
    pub(super) id: String,
    /// Code of the caller's channel, once known.
    pub(super) channel: String,
    /// What it is counted as, once known.
    pub(super) operation: String,
    begun: Instant,
}

impl<'s> Visit<'s> {
    pub(super) fn begin(shared: &'s Shared) -> Self {
        let (channel, operation) = ("none".to_owned(), "unknown".to_owned());
        Self { shared, id: shared.request_ids.next(), channel, operation, begun: Instant::now() }
    }

    /// Counts the answer, logs a fault of ours, and gives the answer its number.
    pub(super) fn end(self, answer: Answer) -> HttpResponse {
        let Self { shared, id, channel, operation, begun } = self;
        let duration_s = begun.elapsed().as_secs_f64();
        let outcome = answer.code.map_or("ok", ErrorCode::word);
        let mut reply = answer.reply(&id);
        if answer_is_ours(outcome) {
            tracing::error!(
                request_id = id,
                channel,
                operation,
                "a fault of ours; its cause is in the lines before"
            );
        }
        tracing::debug!(request_id = id, channel, operation, outcome, duration_s, "answered");
        shared.metrics.count(operation, &channel, outcome, duration_s);
        if let Ok(id) = HeaderValue::from_str(&id) {
            reply.headers_mut().insert(REQUEST_ID, id);
        }
        reply
    }
}

fn answer_is_ours(outcome: &str) -> bool {
    outcome == ErrorCode::Internal.word()
}
