//! The log: to standard error, one line per event, control characters escaped.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;

use super::config::{Configuration, LogFormat};
use super::output::escape_control;

/// Starts the log. A server tells what it does; any other command only what goes wrong.
pub(super) fn start(configuration: &Configuration, is_server: bool) -> anyhow::Result<()> {
    let usual = if is_server { "info" } else { "warn" };
    let filter = match std::env::var("RUST_LOG") {
        Ok(text) if !text.is_empty() => EnvFilter::try_new(text)?,
        _ => EnvFilter::new(usual),
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    match configuration.log_format() {
        LogFormat::Pretty => builder.with_writer(|| Escaped).init(),
        LogFormat::Json => builder.json().with_writer(io::stderr).init(),
    }
    Ok(())
}

/// Standard error with control characters escaped. An event arrives in one call, with its line end.
struct Escaped;

impl Write for Escaped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let line = escape_control(text.trim_end_matches('\n'), false);
        io::stderr().write_all(format!("{line}\n").as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
