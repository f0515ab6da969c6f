//! Those at the door go first. Turning a request away costs little, but only where a processor is free for it, and what
//! lanes and readers ask of a database on the same machine can take them all. So they pause while the door is late,
//! and stand behind the threads at the door wherever both want the same processor.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// After a pause of this length a piece of work is done, however late the door is.
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// How often one who pauses looks whether it may go on.
const STEP: Duration = Duration::from_millis(5);

/// How much less precedence a thread has that gives way: of a processor that both want it gets a tenth.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Has the system let other threads go before this one, once and for all. What isn't allowed or known there changes
/// nothing.
pub fn give_way() {
    #[cfg(target_os = "linux")]
    if !GIVES_WAY.replace(true)
        && let Ok(nice) = rustix::process::getpriority_process(None)
    {
        let _it_stays_as_it_was = rustix::process::setpriority_process(None, nice + NICE);
    }
}

thread_local! {
    #[cfg(target_os = "linux")]
    static GIVES_WAY: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Until when lanes and readers pause.
pub(super) struct Pauses {
    started: Instant,
    until_us: AtomicU64,
    taken: AtomicU64,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { started: Instant::now(), until_us: AtomicU64::new(0), taken: AtomicU64::new(0) }
    }
}

impl Pauses {
    /// Asks for a pause of so long from now on.
    pub(super) fn ask(&self, pause: Duration) {
        self.until_us.fetch_max(self.now_us() + micros(pause.min(PAUSE_MAX)), Ordering::Relaxed);
    }

    /// Pauses while that is asked for.
    pub(super) fn take(&self) {
        let began = Instant::now();
        while self.is_asked_for() && began.elapsed() < PAUSE_MAX {
            std::thread::sleep(STEP);
        }
        if began.elapsed() >= STEP {
            self.taken.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often somebody paused.
    pub(super) fn count(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    fn is_asked_for(&self) -> bool {
        self.now_us() < self.until_us.load(Ordering::Relaxed)
    }

    fn now_us(&self) -> u64 {
        micros(self.started.elapsed())
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_that_gives_way_is_the_only_one() {
        let nice = || rustix::process::getpriority_process(None).expect("the system tells");
        let before = nice();
        let of_another = std::thread::spawn(move || {
            give_way();
            give_way();
            nice()
        });
        assert_eq!(of_another.join().expect("it ends"), (before + NICE).min(19));
        assert_eq!(nice(), before);
    }

    #[test]
    fn who_is_asked_pauses_and_then_goes_on() {
        let pauses = Pauses::default();
        pauses.take();
        assert_eq!(pauses.count(), 0);
        pauses.ask(STEP * 4);
        pauses.take();
        assert!(!pauses.is_asked_for());
        assert_eq!(pauses.count(), 1);
    }

    #[test]
    fn work_goes_on_however_late_the_door_is() {
        let pauses = Pauses::default();
        let until_us = micros(Duration::from_secs(3_600));
        pauses.until_us.store(until_us, Ordering::Relaxed);
        pauses.take();
        assert!(pauses.is_asked_for(), "it went on before the door was in time again");
        pauses.until_us.store(0, Ordering::Relaxed);
        pauses.ask(Duration::from_secs(3_600));
        assert!(
            pauses.until_us.load(Ordering::Relaxed) < until_us,
            "one look at the door says no more than that"
        );
    }
}
