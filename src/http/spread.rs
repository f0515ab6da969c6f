//! Each worker on a processor of its own. Left to itself the system tends to put several on one, beside whoever sends
//! to them, while those who could wait have the others.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The processors that are shared out among workers.
pub(super) struct Spread {
    processors: Vec<usize>,
    seats_taken: AtomicUsize,
}

impl Spread {
    /// Over the processors that this process may use; over none, so that the system decides as ever, unless there
    /// are just as many workers: fewer would keep to the first ones, as those of another server do.
    pub(super) fn over(workers: usize) -> Self {
        let processors = allowed();
        let processors = if processors.len() == workers { processors } else { Vec::new() };
        Self { processors, seats_taken: AtomicUsize::new(0) }
    }

    /// Keeps the calling worker to the next processor. What isn't allowed or known there changes nothing.
    pub(super) fn take_seat(&self) {
        let seat = self.seats_taken.fetch_add(1, Ordering::Relaxed);
        if let Some(processor) = self.processors.iter().cycle().nth(seat) {
            keep_to(*processor);
        }
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
fn keep_to(processor: usize) {
    let mut set = rustix::thread::CpuSet::new();
    set.set(processor);
    let _it_stays_as_it_was = rustix::thread::sched_setaffinity(None, &set);
}

#[cfg(not(target_os = "linux"))]
fn keep_to(_processor: usize) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Where each of so many workers may run.
    fn seats(workers: usize) -> Vec<Vec<usize>> {
        let spread = Spread::over(workers);
        let sit = || {
            std::thread::scope(|scope| {
                let worker = scope.spawn(|| {
                    spread.take_seat();
                    allowed()
                });
                worker.join().expect("it ends")
            })
        };
        std::iter::repeat_with(sit).take(workers).collect()
    }

    #[test]
    fn as_many_workers_as_processors_have_one_each() {
        let processors = allowed();
        let each: Vec<Vec<usize>> = processors.iter().map(|processor| vec![*processor]).collect();
        assert_eq!(seats(processors.len()), each);
    }

    #[test]
    fn any_other_number_of_workers_is_left_to_the_system() {
        let processors = allowed();
        let more = processors.len() + 1;
        assert_eq!(seats(more), vec![processors.clone(); more]);
        assert_eq!(allowed(), processors, "nobody else is moved");
    }

    #[test]
    fn one_who_comes_back_takes_a_seat_again() {
        let processors = allowed();
        let spread = Spread::over(processors.len());
        let seated = std::thread::spawn(move || {
            (0..=processors.len()).for_each(|_| spread.take_seat());
            (allowed(), vec![processors[0]])
        });
        let (seat, first) = seated.join().expect("it ends");
        assert_eq!(seat, first);
    }
}
