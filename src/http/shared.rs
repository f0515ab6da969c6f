//! What every request needs, shared by all workers.

use std::sync::Arc;
use std::time::Duration;

use super::bodies::Bodies;
use super::documents::Documents;
use super::in_flight::InFlight;
use super::metrics::Metrics;
use super::request_id::RequestIds;
use crate::access::budget::Budgets;
use crate::access::tokens::Verifier;
use crate::engine::Engine;
use crate::graphql::Schemas;

/// What every request needs.
pub(super) struct Shared {
    pub(super) engine: Arc<Engine>,
    pub(super) schemas: Schemas,
    pub(super) verifier: Verifier,
    pub(super) budgets: Arc<Budgets>,
    pub(super) documents: Arc<Documents>,
    pub(super) in_flight: Arc<InFlight>,
    pub(super) bodies: Arc<Bodies>,
    pub(super) body_timeout: Duration,
    pub(super) metrics: Metrics,
    pub(super) request_ids: RequestIds,
}
