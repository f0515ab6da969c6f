//! Printing. Whatever comes from a file or a database is escaped, so that it can't drive a terminal.

use std::io::{self, ErrorKind, IsTerminal, Write as _};

use indicatif::{ProgressBar, ProgressStyle};

use super::escape::escape_control;
use super::logging;

/// Prints a line to standard output at once.
pub(super) fn print_line(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints lines to standard output from a thread of their own: a server goes on while nobody reads them.
pub(super) fn announce(text: String) {
    let print = move || {
        if let Err(error) = print_line(&text) {
            tracing::warn!(%error, "standard output is closed");
        }
    };
    if let Err(error) = std::thread::Builder::new().name("announce".to_owned()).spawn(print) {
        tracing::warn!(%error, "there is no thread to print with");
    }
}

/// Prints an error message to standard error; there is nowhere to report that this failed.
pub(super) fn complain(text: &str) {
    // libpq indents with tabs and ends with a line break.
    let text = escape_control(text.trim_end().replace('\t', "  ").as_str(), true);
    let text = text.lines().map(conceal).collect::<Vec<_>>().join("\n");
    let text = format!("granary: {text}");
    if !logging::say_last(&text) {
        let _nowhere_to_report_it = writeln!(io::stderr(), "{text}");
    }
}

/// Covers what stands where a URL holds user and password, whoever quotes it and however it is malformed. What may hold
/// one isn't quoted in the first place; this is the second wall.
fn conceal(line: &str) -> String {
    let mut line = line.to_owned();
    let at = |line: &str, word: &str| line.to_ascii_lowercase().find(word).map(|start| start + word.len());
    if let (Some(start), Some(end)) = (at(&line, "://"), line.rfind('@'))
        && start < end
    {
        line.replace_range(start..end, "…");
    }
    if let Some(start) = at(&line, "password=") {
        line.replace_range(start.., "…");
    }
    line
}

/// Whether a command failed only because the reader of its output (`head`, say) had enough.
pub(super) fn is_reader_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// A progress bar on standard error, or nothing where that is no terminal or the length is unknown.
pub(super) fn progress_bar(len: Option<u64>, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template);
    match (len, style) {
        (Some(len), Ok(style)) if io::stderr().is_terminal() => ProgressBar::new(len).with_style(style),
        _ => ProgressBar::hidden(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_passwords_of_urls_are_covered() {
        for (line, covered) in [
            ("no postgres://u:se cret@h/db there", "no postgres://…@h/db there"),
            ("host=h PASSWORD=secret", "host=h PASSWORD=…"),
            ("listening on http://127.0.0.1:8080/graphql", "listening on http://127.0.0.1:8080/graphql"),
            ("somebody@example", "somebody@example"),
        ] {
            assert_eq!(conceal(line), covered);
        }
    }
}
