//! Parsed documents, kept by their text in a bounded cache.

use std::sync::Arc;

use async_graphql::parser::{self, parse_query, types::ExecutableDocument};
use moka::sync::Cache;

const CACHE_LEN_MAX: u64 = 1_000;
/// A longer document is parsed each time: it holds its values, not variables, and won't come again.
const CACHED_BYTES_MAX: usize = 4 * 1024;

pub(super) struct Documents(Cache<Box<str>, Arc<ExecutableDocument>>);

impl Documents {
    pub(super) fn new() -> Self {
        Self(Cache::new(CACHE_LEN_MAX))
    }

    /// The parsed form of a document.
    pub(super) fn parse(&self, document: &str) -> Result<Arc<ExecutableDocument>, parser::Error> {
        if let Some(parsed) = self.0.get(document) {
            return Ok(parsed);
        }
        let parsed = Arc::new(parse_query(document)?);
        if document.len() <= CACHED_BYTES_MAX {
            self.0.insert(document.into(), parsed.clone());
        }
        Ok(parsed)
    }
}
