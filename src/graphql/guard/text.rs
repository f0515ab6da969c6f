//! Bounds over the bytes of a document, read as the tokens of the GraphQL specification
//! (<https://spec.graphql.org/September2025/#sec-Language.Source-Text>), so that nothing in a string or a
//! comment hides what a parser would see.

use super::super::base::limits::{DIRECTIVES_MAX, DOCUMENT_BYTES_MAX, NESTING_MAX, TOKENS_MAX};
use super::objection::Objection;

/// Counts bytes, tokens, directives and nested brackets.
///
/// # Errors
/// Too much of one of them, or text that is no token.
pub fn check_text(document: &str) -> Result<(), Objection> {
    if document.len() > DOCUMENT_BYTES_MAX {
        return Err(Objection::too_large("The document is larger than allowed."));
    }
    let mut counts = Counts::default();
    let mut rest = document.strip_prefix('\u{feff}').unwrap_or(document).as_bytes();
    while let Some(first) = rest.first() {
        let len = match first {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => 1,
            b'#' => len_while(rest, |byte| !matches!(byte, b'\r' | b'\n')),
            0xef if rest.starts_with("\u{feff}".as_bytes()) => 3,
            _ => {
                let len = token_len(rest).ok_or_else(|| unknown(document, rest))?;
                counts.add(*first)?;
                len
            }
        };
        rest = &rest[len..];
    }
    Ok(())
}

#[derive(Default)]
struct Counts {
    tokens: usize,
    directives: usize,
    nesting: usize,
}

impl Counts {
    /// Takes in a token that begins with this byte.
    fn add(&mut self, first: u8) -> Result<(), Objection> {
        self.tokens += 1;
        match first {
            b'{' | b'[' | b'(' => self.nesting += 1,
            b'}' | b']' | b')' => self.nesting = self.nesting.saturating_sub(1),
            b'@' => self.directives += 1,
            _ => {}
        }
        if self.tokens > TOKENS_MAX {
            Err(Objection::too_large("The document has more tokens than allowed."))
        } else if self.nesting > NESTING_MAX {
            Err(Objection::too_large("The document is nested deeper than allowed."))
        } else if self.directives > DIRECTIVES_MAX {
            Err(Objection::too_large("The document has more directives than allowed."))
        } else {
            Ok(())
        }
    }
}

/// Bytes of the token at the start of `rest`; `None` where there is none.
fn token_len(rest: &[u8]) -> Option<usize> {
    match rest[0] {
        b'!' | b'$' | b'&' | b'(' | b')' | b':' | b'=' | b'@' | b'[' | b']' | b'{' | b'|' | b'}' => Some(1),
        b'.' => rest.starts_with(b"...").then_some(3),
        b'"' => string_len(rest),
        b'-' | b'0'..=b'9' => {
            Some(1 + len_while(&rest[1..], |byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte)))
        }
        b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
            Some(len_while(rest, |byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        }
        _ => None,
    }
}

/// Bytes of the string that `rest` starts with, quotes included; `None` where it doesn't end.
fn string_len(rest: &[u8]) -> Option<usize> {
    let (quote, is_block): (&[u8], bool) =
        if rest.starts_with(b"\"\"\"") { (b"\"\"\"", true) } else { (b"\"", false) };
    let mut at = quote.len();
    loop {
        let tail = rest.get(at..)?;
        if tail.starts_with(quote) {
            return Some(at + quote.len());
        }
        at += match tail.first()? {
            b'\\' if is_block && tail.starts_with(b"\\\"\"\"") => 4,
            b'\\' if !is_block => 2,
            b'\r' | b'\n' if !is_block => return None,
            _ => 1,
        };
    }
}

fn len_while(bytes: &[u8], is_meant: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| !is_meant(*byte)).unwrap_or(bytes.len())
}

fn unknown(document: &str, rest: &[u8]) -> Objection {
    let at = document.len() - rest.len();
    let line = document.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    Objection::malformed(format!("Line {line} holds a character or a string that begins no token."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::base::error::ErrorCode;

    #[test]
    fn a_document_is_bounded_in_bytes_tokens_nesting_and_directives() {
        let large = Some(ErrorCode::QueryTooLarge);
        let malformed = Some(ErrorCode::BadUserInput);
        let nest = |piece: &str| piece.repeat(NESTING_MAX + 1);
        let cases = [
            ("{ a }".to_owned(), None),
            (" ".repeat(DOCUMENT_BYTES_MAX), None),
            (" ".repeat(DOCUMENT_BYTES_MAX + 1), large),
            ("a ".repeat(TOKENS_MAX), None),
            ("a ".repeat(TOKENS_MAX + 1), large),
            ("{".repeat(NESTING_MAX), None),
            (nest("["), large),
            (nest("{[("), large),
            ("{}".repeat(1_000), None),
            (nest("[ #]\n"), large),
            (nest("[ #]\r"), large),
            (nest("[ \"]\" "), large),
            (nest("[ \"\\\"]\" "), large),
            (nest("[ \"\"\" ] \\\"\"\" ] \"\"\" "), large),
            ("\"[[[[".repeat(20) + "\"", malformed),
            (format!("\"{}\"", "[".repeat(1_000)), None),
            (format!("#{}", "[".repeat(1_000)), None),
            ("@a ".repeat(DIRECTIVES_MAX), None),
            ("@a ".repeat(DIRECTIVES_MAX + 1), large),
            ("\"abc".to_owned(), malformed),
            ("\"\"\"abc\" [".to_owned(), malformed),
            // The parser would read an empty string and "b".
            ("{ a(x: [\"\"\"b\"]) }".to_owned(), malformed),
            ("\"a\nb\"".to_owned(), malformed),
            ("{ a ? }".to_owned(), malformed),
            ("{ ü }".to_owned(), malformed),
            ("..".to_owned(), malformed),
            ("\u{feff}{ a }".to_owned(), None),
            ("\\".to_owned(), malformed),
            ("\"\\".to_owned(), malformed),
        ];
        for (document, expected) in cases {
            let code = check_text(&document).err().map(|objection| objection.code);
            assert_eq!(code, expected, "{document:.60}");
        }
    }
}
