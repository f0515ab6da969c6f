//! Each worker on a processor of its own while it is crowded at the door. Left to itself the system then tends to put
//! several on one, beside whoever sends to them, while those who could wait have the others. In calm it chooses better.

use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The processors that are shared out among workers.
pub(super) struct CpuAffinity {
    processors: Vec<usize>,
    seats_given: AtomicUsize,
}

/// A worker's place among the processors.
pub(super) struct Processor {
    spread: Arc<CpuAffinity>,
    number: usize,
    is_kept: bool,
}

impl CpuAffinity {
    /// Over the processors that this process may use; over none, so that the system decides as ever, unless there
    /// are just as many workers: fewer would keep to the first ones, as those of another server do.
    pub(super) fn over(workers: usize) -> Arc<Self> {
        let processors = allowed();
        let processors = if processors.len() == workers { processors } else { Vec::new() };
        Arc::new(Self { processors, seats_given: AtomicUsize::new(0) })
    }

    /// The next worker's seat.
    pub(super) fn seat(self: &Arc<Self>) -> Processor {
        let number = self.seats_given.fetch_add(1, Ordering::Relaxed);
        Processor { spread: self.clone(), number, is_kept: false }
    }
}

impl Processor {
    /// Keeps the calling worker to its processor, or lets it go to all of them. What isn't allowed or known there
    /// changes nothing.
    pub(super) fn keep(&mut self, is_kept: bool) {
        let processors = &self.spread.processors;
        if self.is_kept == is_kept || processors.is_empty() {
            return;
        }
        self.is_kept = is_kept;
        run_on(if is_kept {
            slice::from_ref(&processors[self.number % processors.len()])
        } else {
            processors
        });
    }
}

#[cfg(target_os = "linux")]
fn allowed() -> Vec<usize> {
    use rustix::thread::{CpuSet, sched_getaffinity};
    let set = sched_getaffinity(None).unwrap_or_default();
    (0..CpuSet::MAX_CPU).filter(|processor| set.is_set(*processor)).collect()
}

#[cfg(not(target_os = "linux"))]
fn allowed() -> Vec<usize> {
    Vec::new()
}

#[cfg(target_os = "linux")]
fn run_on(processors: &[usize]) {
    let mut set = rustix::thread::CpuSet::new();
    processors.iter().for_each(|processor| set.set(*processor));
    let _it_stays_as_it_was = rustix::thread::sched_setaffinity(None, &set);
}

#[cfg(not(target_os = "linux"))]
fn run_on(_processors: &[usize]) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Where each of so many workers may run while it keeps its seat, and after it.
    fn places(workers: usize) -> Vec<[Vec<usize>; 2]> {
        let spread = CpuAffinity::over(workers);
        let sit = || {
            let mut seat = spread.seat();
            std::thread::spawn(move || {
                [true, false].map(|is_kept| {
                    seat.keep(is_kept);
                    allowed()
                })
            })
            .join()
            .expect("it ends")
        };
        std::iter::repeat_with(sit).take(workers).collect()
    }

    #[test]
    fn as_many_workers_as_processors_have_one_each_while_they_keep_to_it() {
        let processors = allowed();
        let each: Vec<_> =
            processors.iter().map(|processor| [vec![*processor], processors.clone()]).collect();
        assert_eq!(places(processors.len()), each);
    }

    #[test]
    fn any_other_number_of_workers_is_left_to_the_system() {
        let processors = allowed();
        let more = processors.len() + 1;
        assert_eq!(places(more), vec![[processors.clone(), processors.clone()]; more]);
        assert_eq!(allowed(), processors, "nobody else is moved");
    }

    #[test]
    fn a_worker_that_is_started_again_gets_a_seat() {
        let processors = allowed();
        let spread = CpuAffinity::over(processors.len());
        processors.iter().for_each(|_| drop(spread.seat()));
        let mut again = spread.seat();
        let seated = std::thread::spawn(move || {
            again.keep(true);
            allowed()
        });
        assert_eq!(seated.join().expect("it ends"), [processors[0]]);
    }
}
