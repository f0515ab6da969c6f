//! Documents, parsed and guarded once, kept in caches that are bounded in bytes: only those that are valid.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use moka::sync::Cache;

use super::form::Form;
use super::parameters::Parameters;
use super::reply::Refused;
use crate::domain::base::text::sha256;
use crate::domain::channel::DocumentRule;
use crate::engine::{Engine, EngineError, Priority};
use crate::graphql::base::error::ErrorCode;
use crate::graphql::prepared::Prepared;
use crate::graphql::validation::Validator;
use crate::graphql::validator;
use crate::store::access::read::DocumentText;

/// Bytes of memory for trusted documents: a thousand usual ones.
const TRUSTED_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of memory for other documents: whoever may ask anything can fill it.
const FREE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// A longer document is parsed each time: it holds its values, not variables, and won't come again.
const CACHED_BYTES_MAX: usize = 4 * 1024;
/// After this long a trusted document is looked up again, so that one no longer trusted is forgotten.
const TRUSTED_FOR: Duration = Duration::from_secs(10);
/// By this message Apollo's clients know that they must send the document itself.
const NOT_FOUND: &str = "PersistedQueryNotFound";

/// A document that may be executed.
#[derive(Clone)]
pub(super) struct Document {
    pub(super) prepared: Arc<Prepared>,
    pub(super) is_trusted: bool,
}

/// The documents in use.
pub(super) struct Documents {
    /// By their text.
    free: Cache<Box<str>, Arc<Prepared>>,
    /// By their SHA-256.
    trusted: Cache<String, Arc<Prepared>>,
    validator: Validator,
}

impl Documents {
    pub(super) fn new() -> Self {
        let free = Cache::builder().max_capacity(FREE_BYTES_MAX).weigher(|_, kept| weight(kept)).build();
        let trusted = Cache::builder().max_capacity(TRUSTED_BYTES_MAX).weigher(|_, kept| weight(kept));
        Self { free, trusted: trusted.time_to_live(TRUSTED_FOR).build(), validator: validator() }
    }

    /// Bytes of the documents kept, about.
    pub(super) fn bytes(&self) -> u64 {
        self.free.run_pending_tasks();
        self.trusted.run_pending_tasks();
        self.free.weighted_size() + self.trusted.weighted_size()
    }

    /// The document that a request names or brings, if the channel may send it.
    pub(super) async fn find(
        &self,
        form: Form,
        parameters: &Parameters,
        rule: DocumentRule,
        priority: Priority,
        engine: &Engine,
    ) -> Result<Document, Refused> {
        let named = parameters.sha256(form)?;
        let Some(text) = &parameters.query else {
            let Some(sha256) = named else {
                let message = "A request needs `query` or `documentId`.";
                return Err(Refused::new(form, StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, message));
            };
            let found = self.trusted(form, &sha256, priority, engine).await?;
            return found.ok_or_else(|| Refused::request_error(form, ErrorCode::BadUserInput, NOT_FOUND));
        };
        if named.is_some_and(|named| named != sha256(text)) {
            let message = "The SHA-256 is not the document's.";
            return Err(Refused::request_error(form, ErrorCode::BadUserInput, message));
        }
        match rule {
            DocumentRule::Any => Ok(Document { prepared: self.free(form, text)?, is_trusted: false }),
            DocumentRule::Trusted => {
                let found = self.trusted(form, &sha256(text), priority, engine).await?;
                let message = "This channel sends trusted documents only.";
                found.ok_or_else(|| Refused::request_error(form, ErrorCode::Forbidden, message))
            }
        }
    }

    fn free(&self, form: Form, text: &str) -> Result<Arc<Prepared>, Refused> {
        if let Some(prepared) = self.free.get(text) {
            return Ok(prepared);
        }
        let prepared = self.prepare(form, text)?;
        if prepared.errors().is_empty() && text.len() <= CACHED_BYTES_MAX {
            self.free.insert(text.into(), prepared.clone());
        }
        Ok(prepared)
    }

    async fn trusted(
        &self,
        form: Form,
        sha256: &str,
        priority: Priority,
        engine: &Engine,
    ) -> Result<Option<Document>, Refused> {
        if let Some(prepared) = self.trusted.get(sha256) {
            return Ok(Some(Document { prepared, is_trusted: true }));
        }
        let look_up = DocumentText(sha256.to_owned());
        let text = engine.look_ups(priority).look_up(look_up).await.map_err(|error| match error {
            EngineError::Busy | EngineError::Timeout => Refused::busy(form),
            EngineError::Internal => Refused::internal(form),
        })?;
        let Some(text) = text else { return Ok(None) };
        // It was guarded when it was added, perhaps by a program with other bounds.
        let prepared = self.prepare(form, &text)?;
        if prepared.errors().is_empty() {
            self.trusted.insert(sha256.to_owned(), prepared.clone());
        }
        Ok(Some(Document { prepared, is_trusted: true }))
    }

    fn prepare(&self, form: Form, text: &str) -> Result<Arc<Prepared>, Refused> {
        let prepared = Prepared::new(text, &self.validator);
        prepared.map(Arc::new).map_err(|objection| Refused::objection(form, objection))
    }
}

fn weight(kept: &Arc<Prepared>) -> u32 {
    u32::try_from(kept.memory_bytes()).unwrap_or(u32::MAX)
}
