//! Readers: a few threads with a read-only connection each, which drain the look-ups that queued
//! and answer those of a kind with one statement.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::backpressure::Backpressure;
use super::error::EngineError;
use super::priority::{Priority, Waiting};
use super::reader::{Job, Reader, Source};
use super::supervisor::Heartbeat;

/// Keys looked up together.
const ROUND_KEYS_MAX: usize = 100;
/// How many keys a look-up counts for that has a statement of its own: few of them in a round, so that nobody urgent
/// waits for many.
const OTHER_WEIGHT: usize = 12;
/// Look-ups that may wait; one more is answered BUSY.
const QUEUE_LEN_MAX: usize = 8_192;

#[derive(Default)]
struct Queue {
    jobs: Waiting<(Priority, Job)>,
    shed: [u64; 3],
    is_closed: bool,
}

#[derive(Clone)]
pub(super) struct Readers {
    shared: Arc<(Mutex<Queue>, Condvar)>,
    backpressure: Arc<Backpressure>,
}

impl Readers {
    pub(super) fn new(backpressure: Arc<Backpressure>) -> Self {
        Self { shared: Arc::default(), backpressure }
    }

    pub(super) fn close(&self) {
        let (queue, arrived) = &*self.shared;
        queue.lock().unwrap_or_else(PoisonError::into_inner).is_closed = true;
        arrived.notify_all();
    }

    /// Look-ups that wait, and those turned away for want of room, by priority.
    pub(super) fn load(&self) -> (usize, [u64; 3]) {
        let queue = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        (queue.jobs.len(), queue.shed)
    }

    /// Puts it among those that wait; BUSY where there is no room.
    pub(super) fn push(&self, priority: Priority, job: Job) -> Result<(), EngineError> {
        let (queue, arrived) = &*self.shared;
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.is_closed || queue.jobs.len() >= priority.places(QUEUE_LEN_MAX) {
            queue.shed[priority.index()] += 1;
            return Err(EngineError::Busy);
        }
        queue.jobs.push(priority, (priority, job));
        arrived.notify_one();
        Ok(())
    }

    /// The next to be answered, the most urgent first.
    fn take_round(&self) -> Option<[Vec<Job>; 3]> {
        self.backpressure.take();
        let (queue, arrived) = &*self.shared;
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        while queue.jobs.is_empty() {
            if queue.is_closed {
                return None;
            }
            queue = arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        let taken = queue.jobs.take_weighed(ROUND_KEYS_MAX, |(_, job)| match job {
            Job::Accounts(job) => job.keys.len(),
            Job::Bills(job) => job.keys.len(),
            Job::Other(_) => OTHER_WEIGHT,
        });
        let mut round = <[Vec<Job>; 3]>::default();
        for (priority, job) in taken {
            round[priority.index()].push(job);
        }
        Some(round)
    }

    /// Answers rounds until the queue is closed and empty, or another does.
    pub(super) fn run(&self, source: &Source, heartbeat: &Heartbeat) {
        let mut reader = Reader::new(source);
        while !heartbeat.is_replaced()
            && let Some(round) = self.take_round()
        {
            // Nobody urgent waits for a statement of those who can wait.
            heartbeat.work(|| round.into_iter().for_each(|jobs| reader.answer_round(jobs)));
        }
    }
}
