//! The log: to standard error, one line per event, control characters escaped.

use std::io;
use std::panic::PanicHookInfo;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use serde::Deserialize;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use super::log_lines::{EventWriter, LogLines};
use super::strangers::Strangers;
use crate::http::LogCounts;

/// How long the last words of a server may take.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(1);

static COUNTS: LazyLock<Arc<LogCounts>> = LazyLock::new(Arc::default);
/// The lines of this process, if it is a server.
static LINES: OnceLock<Arc<LogLines>> = OnceLock::new();

/// How events are written to the log.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LogFormat {
    /// For people.
    #[default]
    Pretty,
    /// For machines.
    Json,
}

/// Starts the log. A server tells what it does; any other command only what goes wrong.
pub(super) fn start(format: LogFormat, is_server: bool) -> anyhow::Result<()> {
    let usual = if is_server { "info" } else { "warn" };
    let filter = match std::env::var("RUST_LOG") {
        Ok(text) if !text.is_empty() => EnvFilter::try_new(text)?,
        _ => EnvFilter::new(usual),
    };
    let lines = if is_server { Some(start_lines()?) } else { None };
    let writer = EventWriter { lines, escapes: matches!(format, LogFormat::Pretty) };
    // A line that can't be written is never complained of on standard error, where it couldn't be written.
    let events = fmt::layer().with_ansi(false).log_internal_errors(false).with_writer(move || writer.clone());
    let events = match format {
        LogFormat::Pretty => events.boxed(),
        LogFormat::Json => events.json().boxed(),
    };
    tracing_subscriber::registry().with(filter).with(Strangers::new(counts())).with(events).init();
    if is_server {
        std::panic::set_hook(Box::new(log_panic));
    }
    Ok(())
}

/// Lines that nobody will read.
pub(super) fn counts() -> Arc<LogCounts> {
    COUNTS.clone()
}

/// Writes a line as it stands among a server's others, and waits a little until it is out; false if the process is
/// no server.
pub(super) fn say_last(text: &str) -> bool {
    let Some(lines) = LINES.get() else { return false };
    lines.push(format!("{text}\n").into_bytes());
    lines.flush(LAST_WORDS_WITHIN);
    true
}

/// Waits a little until what a server has logged is out.
pub(super) fn flush() {
    if let Some(lines) = LINES.get() {
        lines.flush(LAST_WORDS_WITHIN);
    }
}

fn start_lines() -> io::Result<Arc<LogLines>> {
    let lines = LINES.get_or_init(|| Arc::new(LogLines::new(counts()))).clone();
    lines.write_to(io::stderr())?;
    Ok(lines)
}

/// A panic is logged like everything else, with its place. What it says is left out unless it is fixed
/// text: it may quote what a caller sent.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let text = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(not shown)");
    tracing::error!(place, text, "a thread panicked");
}
