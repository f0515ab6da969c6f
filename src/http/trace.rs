//! One request from its head to its answer: what it is counted as, how long it took.

use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpResponse;

use super::log::STRANGERS;
use super::reply::Answer;
use super::request_id::RequestId;
use super::shared::Shared;
use crate::graphql::base::error::ErrorCode;

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
