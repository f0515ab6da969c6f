//! A snapshot: a reader of one caller's own, whose look-ups are all answered as of one instant. It has a thread and a
//! connection to itself, so there are few at once.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::error::EngineError;
use super::reader::{Job, Reader, Source};
use super::supervisor;

/// Snapshots at once.
const SNAPSHOTS_MAX: usize = 2;
/// How long one waits for its turn, and then lives at most.
const LIVES_AT_MOST: Duration = Duration::from_secs(10);

/// Where snapshots come from.
pub(super) struct Snapshots {
    source: Source,
    places: Arc<Semaphore>,
}

/// One snapshot; it ends when this is dropped.
pub(super) struct Snapshot {
    jobs: mpsc::Sender<Job>,
    _place: OwnedSemaphorePermit,
}

impl Snapshots {
    pub(super) fn new(source: Source) -> Self {
        Self { source, places: Arc::new(Semaphore::new(SNAPSHOTS_MAX)) }
    }

    /// Opens one, or is BUSY; its instant is that of its first look-up.
    pub(super) async fn open(&self) -> Result<Snapshot, EngineError> {
        let place = timeout(LIVES_AT_MOST, self.places.clone().acquire_owned()).await;
        let place = place.ok().and_then(Result::ok).ok_or(EngineError::Busy)?;
        let (jobs, asked) = mpsc::channel();
        let source = self.source.clone();
        supervisor::spawn("snapshot", move || answer_until_dropped(&source, &asked));
        Ok(Snapshot { jobs, _place: place })
    }
}

impl Snapshot {
    pub(super) fn push(&self, job: Job) -> Result<(), EngineError> {
        self.jobs.send(job).map_err(|_| EngineError::Busy)
    }
}

fn answer_until_dropped(source: &Source, asked: &mpsc::Receiver<Job>) {
    let begun = Instant::now();
    let mut reader = Reader::of_one_instant(source);
    while let Ok(job) = asked.recv_timeout(LIVES_AT_MOST.saturating_sub(begun.elapsed())) {
        reader.answer_round(vec![job]);
    }
}
