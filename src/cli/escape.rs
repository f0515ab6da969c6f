//! Whatever comes from a file, a database or a caller is escaped, so that it can't drive a terminal.

use std::fmt::Write as _;

/// Writes control characters as `\u{…}`; line breaks only stay where they are wanted.
pub(super) fn escape_control(text: &str, keeps_line_breaks: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_control() && !(keeps_line_breaks && char == '\n') {
            let _never_fails = write!(escaped, "{}", char.escape_unicode());
        } else {
            escaped.push(char);
        }
    }
    escaped
}
