//! Brings what SQLite's write-ahead log holds into the database file, beside the writer, which would else stop for it.
//! The writer does what is left once the log is long enough to begin again; by then that is little.

use std::time::Duration;

use super::error::OnStorageFailure;
use super::shutdown::Shutdown;
use super::supervisor::Heartbeat;
use crate::store::base::connection::{Database, Purpose};
use crate::store::base::files::{FirstOpened, Opened};
use crate::store::base::write_ahead_log::{self, WalStatus};
use crate::store::{Severity, StoreError};

/// How often it looks while the log grows, and while it doesn't.
const LOOK_EVERY: Duration = Duration::from_millis(20);
const LOOK_EVERY_IN_CALM: Duration = Duration::from_millis(200);
/// A full disk doesn't pass in milliseconds.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Pages that are worth a pass, with its two syncs, while more are coming. With four times as many the writer's
/// longest stops were two and a half times as long, and no more was posted.
const PAGES_MIN: i64 = 1_000;
/// Looks in a row at which the log is as it was; then a pass is in nobody's way.
const CALM_LOOKS: u32 = 50;

/// A thread of its own, with a connection of its own.
pub(super) struct Checkpointer {
    pub(super) database: Database,
    pub(super) first_opened: FirstOpened,
    pub(super) shutdown: Shutdown,
    pub(super) on_storage_failure: OnStorageFailure,
}

impl Checkpointer {
    pub(super) fn run(&self, heartbeat: &Heartbeat) {
        let (mut opened, mut calm) = (None, Calm::default());
        let mut pause = LOOK_EVERY;
        while self.shutdown.wait_in_vain(pause) && !heartbeat.is_replaced() {
            pause = match heartbeat.work(|| self.look(&mut opened, &mut calm)) {
                Ok(()) => calm.pause(),
                Err(error) => {
                    // A failed sync must not be followed by another that succeeds.
                    if error.severity() == Severity::Storage {
                        (self.on_storage_failure)(&error);
                    }
                    tracing::warn!(%error, "the write-ahead log could not be brought in");
                    opened = None;
                    PAUSE_AFTER_FAILURE
                }
            };
        }
    }

    /// It looks at the files too, so that a server without any work notices that they are gone.
    fn look(&self, opened: &mut Option<Opened>, calm: &mut Calm) -> Result<(), StoreError> {
        let opened = match opened {
            Some(opened) => opened,
            none => none.insert(Opened::connect(&self.database, Purpose::Read, &self.first_opened)?),
        };
        let standing = opened.look_up(write_ahead_log::status)?;
        opened.check_index()?;
        if calm.is_time(standing) {
            opened.checkpoint()?;
        }
        if calm.is_time_to_cut() {
            opened.cut_long_log()?;
        }
        Ok(())
    }
}

/// When a pass is due.
#[derive(Default)]
struct Calm {
    last: WalStatus,
    looks: u32,
}

impl Calm {
    fn pause(&self) -> Duration {
        if self.looks > CALM_LOOKS { LOOK_EVERY_IN_CALM } else { LOOK_EVERY }
    }

    fn is_time(&mut self, standing: WalStatus) -> bool {
        self.looks = if standing == self.last { self.looks.saturating_add(1) } else { 0 };
        self.last = standing;
        let pages = standing.pages - standing.pages_in;
        pages >= PAGES_MIN || (pages > 0 && self.looks == CALM_LOOKS)
    }

    /// Whether nothing has come for a while: then whoever kept the log long may have left. While more comes the writer
    /// cuts it.
    fn is_time_to_cut(&self) -> bool {
        self.looks > 0 && self.looks.is_multiple_of(CALM_LOOKS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_waits_for_enough_pages_or_for_calm() {
        let mut calm = Calm::default();
        let grown = |pages| WalStatus { pages, pages_in: 100 };
        assert!(!calm.is_time(grown(100 + PAGES_MIN - 1)));
        assert!(calm.is_time(grown(100 + PAGES_MIN)));
        for _ in 0..CALM_LOOKS {
            assert!(!calm.is_time(grown(101)));
        }
        assert!(calm.is_time(grown(101)), "nothing has come for a while");
        assert!(!calm.is_time(grown(101)), "somebody reads what is still to come in; once was enough");
        let mut cuts = 0;
        for _ in 0..=2 * CALM_LOOKS {
            assert!(!calm.is_time(grown(100)), "all is in");
            cuts += u32::from(calm.is_time_to_cut());
        }
        assert_eq!(cuts, 2, "who reads for long is waited for again and again");
    }
}
