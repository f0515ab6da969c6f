//! What a request is asked before anything is executed: whether it is small enough. First its bytes,
//! so that no parser sees what could kill it; then the parsed document, fragments counted each time
//! they are spread, but walked once. Each check takes time in proportion to what was sent.

use async_graphql::parser::parse_query;
use async_graphql::parser::types::ExecutableDocument;

mod body;
mod document;
mod objection;
mod text;

pub use body::check_body;
pub use document::{check_document, is_introspection};
pub use objection::Objection;
pub use text::check_text;

/// Parses a document between the checks of its text and of its size.
///
/// # Errors
/// What is too large or malformed about it.
pub fn parse(document: &str) -> Result<ExecutableDocument, Objection> {
    check_text(document)?;
    let parsed = parse_query(document).map_err(|error| Objection::malformed(error.to_string()))?;
    check_document(&parsed)?;
    Ok(parsed)
}
