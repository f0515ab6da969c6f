//! Printing. Whatever comes from a file or a database is escaped, so that it can't drive a terminal.

use std::fmt::Write as _;
use std::io::{self, ErrorKind, IsTerminal, Write as _};

use indicatif::{ProgressBar, ProgressStyle};

/// Prints a line to standard output at once.
pub(super) fn print_line(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints an error message to standard error; there is nowhere to report that this failed.
pub(super) fn complain(text: &str) {
    // libpq indents with tabs and ends with a line break.
    let text = escape_control(text.trim_end().replace('\t', "  ").as_str(), true);
    let _nowhere_to_report_it = writeln!(io::stderr(), "granary: {text}");
}

/// Whether a command failed only because the reader of its output (`head`, say) had enough.
pub(super) fn is_reader_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

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

/// A progress bar on standard error, or nothing where that is no terminal or the length is unknown.
pub(super) fn progress_bar(len: Option<u64>, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template);
    match (len, style) {
        (Some(len), Ok(style)) if io::stderr().is_terminal() => ProgressBar::new(len).with_style(style),
        _ => ProgressBar::hidden(),
    }
}
