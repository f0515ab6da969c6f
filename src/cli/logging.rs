//! The log: to standard error, one line per event, control characters escaped.

use std::io::{self, Write};
use std::panic::PanicHookInfo;

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
    if is_server {
        std::panic::set_hook(Box::new(log_panic));
    }
    Ok(())
}

/// A panic is logged like everything else, with its place. What it says is left out unless it is fixed
/// text: it may quote what a caller sent.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let text = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not shown)");
    tracing::error!(place, text, "a thread panicked");
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
