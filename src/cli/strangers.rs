//! What libraries and the door say of strangers' bytes: of a request that is none, of a handshake that failed.
//! Anybody can cause such lines as fast as the network goes. So they are DEBUG, whatever a library makes of them,
//! and few of them are written.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::http::{LogCounts, STRANGERS};

/// Lines about strangers in a second; and, counted apart, those of the listener.
const LINES_PER_SECOND_MAX: u32 = 10;
const SECOND: Duration = Duration::from_secs(1);
/// Says what concerns the operator: that workers start and end, and that connections can't be taken.
const LISTENER: &str = "actix_server";
/// Says ERROR where there are more connections than the process may have: somebody else's doing, but worth a word.
const ACCEPTING: &str = "actix_server::accept";
/// Of this crate's own lines.
const OURS: &str = "granary";
/// What can be said by a library in one line.
const TEXT_LEN_MAX: usize = 1_024;

/// Lets through what is ours, retells what libraries say, and stops what is too much.
pub(super) struct Strangers {
    strangers: Rate,
    listener: Rate,
    counts: Arc<LogCounts>,
}

impl Strangers {
    pub(super) fn new(counts: Arc<LogCounts>) -> Self {
        Self { strangers: Rate::default(), listener: Rate::default(), counts }
    }

    fn is_allowed(&self, rate: &Rate) -> bool {
        let is_allowed = rate.take(Instant::now());
        if !is_allowed {
            self.counts.suppress();
        }
        is_allowed
    }
}

impl<S: Subscriber> Layer<S> for Strangers {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let (target, level) = (event.metadata().target(), *event.metadata().level());
        if target == STRANGERS {
            return self.is_allowed(&self.strangers);
        }
        if is_of(target, OURS) {
            return true;
        }
        if is_of(target, LISTENER) && level <= Level::INFO {
            let is_retold = target == ACCEPTING && level == Level::ERROR;
            let is_allowed = self.is_allowed(&self.listener);
            if is_allowed && is_retold {
                tracing::warn!(library = target, "{}", Said::by(event).text);
            }
            return is_allowed && !is_retold;
        }
        if tracing::enabled!(target: STRANGERS, Level::DEBUG) {
            let said = Said::by(event);
            let library = said.library.as_deref().unwrap_or(target);
            tracing::debug!(target: STRANGERS, library, "{}", said.text);
        }
        false
    }
}

fn is_of(target: &str, package: &str) -> bool {
    target.strip_prefix(package).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// So many in a second.
#[derive(Default)]
struct Rate(Mutex<Option<(Instant, u32)>>);

impl Rate {
    fn take(&self, now: Instant) -> bool {
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (begun, taken) =
            second.filter(|(begun, _)| now.saturating_duration_since(*begun) < SECOND).unwrap_or((now, 0));
        let is_allowed = taken < LINES_PER_SECOND_MAX;
        *second = Some((begun, taken + u32::from(is_allowed)));
        is_allowed
    }
}

/// What an event says.
#[derive(Default)]
struct Said {
    text: String,
    /// Who says it, where it came by the `log` crate.
    library: Option<String>,
}

impl Said {
    fn by(event: &Event<'_>) -> Self {
        let mut said = Self::default();
        event.record(&mut said);
        said
    }
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = match field.name() {
            "message" => format!("{value:?}"),
            "log.target" => {
                self.library = Some(format!("{value:?}").trim_matches('"').to_owned());
                return;
            }
            name if name.starts_with("log.") => return,
            name => format!("{name}={value:?}"),
        };
        let room = TEXT_LEN_MAX.saturating_sub(self.text.len());
        let separator = if self.text.is_empty() { "" } else { " " };
        let cut: String = text.chars().take(room).collect();
        let _never_fails = write!(self.text, "{separator}{cut}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_lines_a_second_are_written_and_no_more() {
        let (rate, begun) = (Rate::default(), Instant::now());
        let taken = |after_ms: u64| {
            let now = begun + Duration::from_millis(after_ms);
            (0..1_000).filter(|_| rate.take(now)).count()
        };
        assert_eq!([taken(0), taken(999), taken(1_000), taken(1_500), taken(60_000)], [10, 0, 10, 0, 10]);
    }

    #[test]
    fn a_package_is_its_modules_and_no_other_of_a_longer_name() {
        let cases = [("granary", true), ("granary::http", true), ("granary_x", false), ("other", false)];
        for (target, is_ours) in cases {
            assert_eq!(is_of(target, OURS), is_ours, "{target}");
        }
    }
}
