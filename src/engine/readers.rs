//! Readers: a few threads with a read-only connection each, which drain the look-ups that queued
//! and answer those of a kind with one statement.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::backpressure::Backpressure;
use super::error::EngineError;
use super::priority::{Priority, Waiting};
use super::reader::{ByKeys, Job, Reader, Reply, Source, engine_error, is_storage_failure};
use super::supervisor::Heartbeat;
use crate::domain::account::{Account, Holder};
use crate::domain::bill::Bill;
use crate::store::base::look_up::LookUp;

/// Look-ups answered together.
const ROUND_LEN_MAX: usize = 100;
/// What a look-up counts for that has a statement of its own: few of them in a round, so that nobody urgent waits for
/// many.
const OTHER_WEIGHT: usize = 12;
/// Look-ups that may wait; one more is answered BUSY.
const QUEUE_LEN_MAX: usize = 8_192;
/// How long a caller waits.
const DEADLINE: Duration = Duration::from_secs(10);

/// Accounts with their holders, by number.
pub type Accounts = HashMap<String, (Account, Holder)>;
/// Payable bills, oldest due date first, by account number.
pub type OpenBills = HashMap<String, Vec<Bill>>;

/// Bills, by account number and bill number.
pub type Bills = HashMap<(String, String), Bill>;

#[derive(Default)]
struct Queue {
    jobs: Waiting<Job>,
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

    pub(super) async fn accounts(
        &self,
        priority: Priority,
        numbers: Vec<String>,
    ) -> Result<Accounts, EngineError> {
        self.ask(priority, |reply| Job::Accounts(ByKeys { keys: numbers, reply })).await
    }

    pub(super) async fn open_bills(
        &self,
        priority: Priority,
        numbers: Vec<String>,
    ) -> Result<OpenBills, EngineError> {
        self.ask(priority, |reply| Job::OpenBills(ByKeys { keys: numbers, reply })).await
    }

    pub(super) async fn bills(
        &self,
        priority: Priority,
        keys: Vec<(String, String)>,
    ) -> Result<Bills, EngineError> {
        self.ask(priority, |reply| Job::Bills(ByKeys { keys, reply })).await
    }

    pub(super) async fn look_up<L: LookUp>(
        &self,
        priority: Priority,
        mut look_up: L,
    ) -> Result<L::Found, EngineError> {
        self.ask(priority, |reply| {
            let mut reply = Some(reply);
            Job::Other(Box::new(move |opened, is_last_try| {
                let result = match opened.look_up(|connection| look_up.run(connection)) {
                    Err(error) if !is_last_try || is_storage_failure(&error) => return Err(error),
                    result => result,
                };
                if let Some(reply) = reply.take() {
                    let _nobody_waits_any_more = reply.send(result.map_err(|error| engine_error(&error)));
                }
                Ok(())
            }))
        })
        .await
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

    async fn ask<T>(&self, priority: Priority, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, EngineError> {
        let (reply, answered) = oneshot::channel();
        self.push(priority, job(reply))?;
        match tokio::time::timeout(DEADLINE, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(EngineError::Busy),
        }
    }

    fn push(&self, priority: Priority, job: Job) -> Result<(), EngineError> {
        let (queue, arrived) = &*self.shared;
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.is_closed || queue.jobs.len() >= priority.places(QUEUE_LEN_MAX) {
            queue.shed[priority.index()] += 1;
            return Err(EngineError::Busy);
        }
        queue.jobs.push(priority, job);
        arrived.notify_one();
        Ok(())
    }

    fn take_round(&self) -> Option<Vec<Job>> {
        self.backpressure.take();
        let (queue, arrived) = &*self.shared;
        let mut queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
        while queue.jobs.is_empty() {
            if queue.is_closed {
                return None;
            }
            queue = arrived.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        Some(queue.jobs.take_weighed(ROUND_LEN_MAX, |job| match job {
            Job::Accounts(_) | Job::OpenBills(_) | Job::Bills(_) => 1,
            Job::Other(_) => OTHER_WEIGHT,
        }))
    }

    /// Answers rounds until the queue is closed and empty, or another does.
    pub(super) fn run(&self, source: &Source, heartbeat: &Heartbeat) {
        let mut reader = Reader::new(source);
        while !heartbeat.is_replaced()
            && let Some(jobs) = self.take_round()
        {
            heartbeat.work(|| reader.answer_round(jobs));
        }
    }
}
