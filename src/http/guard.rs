//! Bounds checked over the bytes of a document, before anything parses it.

use crate::graphql::limits::{DOCUMENT_BYTES_MAX, NESTING_MAX};

/// What is too large about a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLarge(pub &'static str);

/// Counts bytes and nested brackets. Brackets in strings and comments count too: a document that
/// needs that many is refused all the same.
pub(super) fn check(document: &str) -> Result<(), TooLarge> {
    if document.len() > DOCUMENT_BYTES_MAX {
        return Err(TooLarge("The document is larger than allowed."));
    }
    let mut nesting = 0_usize;
    for byte in document.bytes() {
        match byte {
            b'{' | b'[' | b'(' => nesting += 1,
            b'}' | b']' | b')' => nesting = nesting.saturating_sub(1),
            _ => {}
        }
        if nesting > NESTING_MAX {
            return Err(TooLarge("The document is nested deeper than allowed."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_bounded() {
        assert_eq!(check(&"{".repeat(NESTING_MAX)), Ok(()));
        assert!(check(&"[".repeat(NESTING_MAX + 1)).is_err());
        assert_eq!(check(&"{}".repeat(1_000)), Ok(()));
        assert!(check(&" ".repeat(DOCUMENT_BYTES_MAX + 1)).is_err());
    }
}
