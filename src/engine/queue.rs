//! The bounded queue in front of the lanes, and the ticket a caller waits on.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::error::EngineError;
use super::pauses::Pauses;
use super::priority::{Priority, Waiting};
use crate::domain::book::{Answer, Command};
use crate::domain::command::Rules;

/// How long a caller waits. A command still queued then is dropped unwritten.
const DEADLINE: Duration = Duration::from_secs(10);

/// Commands of several accounts in one batch.
const SEVERAL_ACCOUNTS_IN_BATCH_MAX: usize = 8;

const QUEUED: u8 = 0;
const TAKEN: u8 = 1;
const DROPPED: u8 = 2;

/// A command on its way to a lane.
pub(super) struct Queued {
    command: Command,
    at_ms: i64,
    /// How much had passed when it was taken in: its age doesn't change with the clock.
    since: Duration,
    standing: Arc<AtomicU8>,
    reply: oneshot::Sender<Result<Answer, EngineError>>,
}

impl Queued {
    fn new(command: Command, at_ms: i64, since: Duration) -> (Self, Ticket) {
        let (reply, replied) = oneshot::channel();
        let standing = Arc::new(AtomicU8::new(QUEUED));
        let ticket = Ticket { standing: standing.clone(), reply: replied };
        (Self { command, at_ms, since, standing, reply }, ticket)
    }

    /// Takes it into a batch; false if its caller has given up.
    fn take(&self) -> bool {
        self.standing.compare_exchange(QUEUED, TAKEN, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// What is asked, with the instant it was taken in, and who waits for the answer.
    pub(super) fn into_parts(self) -> ((i64, Command), Caller) {
        ((self.at_ms, self.command), Caller(self.reply))
    }
}

/// Who waits for an answer.
pub(super) struct Caller(oneshot::Sender<Result<Answer, EngineError>>);

impl Caller {
    /// Answers the caller, who may be gone.
    pub(super) fn answer(self, answer: Result<Answer, EngineError>) {
        let _nobody_waits_any_more = self.0.send(answer);
    }
}

/// What a caller waits on.
pub(super) struct Ticket {
    standing: Arc<AtomicU8>,
    reply: oneshot::Receiver<Result<Answer, EngineError>>,
}

impl Ticket {
    /// Waits for the answer, at most until the deadline.
    pub(super) async fn answer(self) -> Result<Answer, EngineError> {
        let Self { standing, mut reply } = self;
        match tokio::time::timeout(DEADLINE, &mut reply).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(EngineError::Timeout),
            Err(_) => {
                let dropped =
                    standing.compare_exchange(QUEUED, DROPPED, Ordering::AcqRel, Ordering::Acquire).is_ok();
                Err(if dropped { EngineError::Busy } else { EngineError::Timeout })
            }
        }
    }
}

#[derive(Default)]
struct LaneQueue {
    queued: Mutex<Waiting<Queued>>,
    arrived: Condvar,
}

impl LaneQueue {
    /// All at once, so that what was sent together is settled together.
    fn push_all(&self, commands: Vec<Queued>, priority: Priority) {
        if commands.is_empty() {
            return;
        }
        let mut queued = self.queued.lock().unwrap_or_else(PoisonError::into_inner);
        for command in commands {
            queued.push(priority, command);
        }
        drop(queued);
        self.arrived.notify_one();
    }
}

/// The queues of all lanes under one bound.
pub(super) struct Lanes {
    queues: Vec<LaneQueue>,
    len: AtomicUsize,
    len_max: usize,
    shed: [AtomicU64; 3],
    failed_attempts: AtomicU64,
    is_closed: AtomicBool,
    pauses: Arc<Pauses>,
}

impl Lanes {
    pub(super) fn new(lane_count: usize, len_max: usize, pauses: Arc<Pauses>) -> Self {
        let queues = (0..lane_count).map(|_| LaneQueue::default()).collect();
        let (len, is_closed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (shed, failed_attempts) = (Default::default(), AtomicU64::new(0));
        Self { queues, len, len_max, shed, failed_attempts, is_closed, pauses }
    }

    /// Queues all the commands or none, taken in at `at_ms` when so much had passed.
    pub(super) fn push_all(
        &self,
        commands: Vec<Command>,
        priority: Priority,
        at_ms: i64,
        since: Duration,
    ) -> Result<Vec<Ticket>, EngineError> {
        let wanted: usize = commands.iter().map(Rules::weight).sum();
        let places = priority.places(self.len_max);
        let room = |len: usize| Some(len + wanted).filter(|after| *after <= places);
        if self.is_closed.load(Ordering::Acquire)
            || self.len.fetch_update(Ordering::AcqRel, Ordering::Acquire, room).is_err()
        {
            self.shed[priority.index()].fetch_add(wanted as u64, Ordering::Relaxed);
            return Err(EngineError::Busy);
        }
        let mut tickets = Vec::with_capacity(commands.len());
        let mut by_lane: Vec<Vec<Queued>> = self.queues.iter().map(|_| Vec::new()).collect();
        for command in commands {
            let lane = lane_of(&command, self.queues.len());
            let (queued, ticket) = Queued::new(command, at_ms, since);
            by_lane[lane].push(queued);
            tickets.push(ticket);
        }
        for (queue, queued) in self.queues.iter().zip(by_lane) {
            queue.push_all(queued, priority);
        }
        Ok(tickets)
    }

    /// Commands that wait, each counted by its weight.
    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// Commands turned away for want of room, by priority.
    pub(super) fn shed(&self) -> [u64; 3] {
        self.shed.each_ref().map(|count| count.load(Ordering::Relaxed))
    }

    /// Attempts to settle a batch that failed.
    pub(super) fn failed_attempts(&self) -> u64 {
        self.failed_attempts.load(Ordering::Relaxed)
    }

    pub(super) fn count_failed_attempts(&self, count: u64) {
        self.failed_attempts.fetch_add(count, Ordering::Relaxed);
    }

    /// How much had passed when the oldest command that waits was taken in.
    pub(super) fn oldest_since(&self) -> Option<Duration> {
        let oldest = |queue: &LaneQueue| {
            let queued = queue.queued.lock().unwrap_or_else(PoisonError::into_inner);
            queued.oldest().map(|queued| queued.since).min()
        };
        self.queues.iter().filter_map(oldest).min()
    }

    /// Waits for commands and takes some that weigh up to `weight_max` together; `None` once the queue is closed and empty.
    pub(super) fn take_batch(&self, lane: usize, weight_max: usize) -> Option<Vec<Queued>> {
        self.pauses.take();
        let queue = &self.queues[lane];
        let mut queued = queue.queued.lock().unwrap_or_else(PoisonError::into_inner);
        while queued.is_empty() {
            if self.is_closed.load(Ordering::Acquire) {
                return None;
            }
            queued = queue.arrived.wait(queued).unwrap_or_else(PoisonError::into_inner);
        }
        let batch = queued.take_weighed(weight_max, |queued| weight_in_batch(&queued.command, weight_max));
        drop(queued);
        self.len.fetch_sub(batch.iter().map(|queued| queued.command.weight()).sum(), Ordering::AcqRel);
        Some(batch.into_iter().filter(Queued::take).collect())
    }

    /// Takes nothing more in and wakes the lanes.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        for queue in &self.queues {
            let _held_so_that_no_lane_is_between_check_and_wait =
                queue.queued.lock().unwrap_or_else(PoisonError::into_inner);
            queue.arrived.notify_all();
        }
    }
}

/// What a command weighs in a batch. Who touches several accounts may wait for lanes that hold them, and keeps its own
/// waiting: a batch has few of those.
fn weight_in_batch(command: &Command, weight_max: usize) -> usize {
    match command.account_count() {
        0 | 1 => command.weight(),
        _ => command.weight().max(weight_max / SEVERAL_ACCOUNTS_IN_BATCH_MAX),
    }
}

/// The lane of a command: by account, so that one account's commands keep their order. A reversal
/// goes by its payment's key; the locks make any lane right for it.
fn lane_of(command: &Command, lane_count: usize) -> usize {
    if lane_count == 1 {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    let Some(lane) = command.lane() else { return 0 };
    lane.hash(&mut hasher);
    usize::try_from(hasher.finish() % lane_count as u64).unwrap_or(0)
}
