//! The engine's threads. Each waits for its peer, the database, for as long as the connection looks alive;
//! where that peer is gone without a word, it may do so for ever. Who stands still in one piece of work is
//! therefore replaced by another thread with a connection of its own, and ends when it comes back. That two
//! may then be at work in one place is harmless: locks and constraints make any number of them right.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::pauses;

/// Longer than PostgreSQL lets any statement of ours take.
const STANDS_STILL_AFTER: Duration = Duration::from_secs(9);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Threads of one place that may stand still at once; nobody takes the place of one more.
const STANDING_LEN_MAX: usize = 8;

/// One thread's account of what it does.
#[derive(Clone, Default)]
pub(super) struct Heartbeat(Arc<Standing>);

#[derive(Default)]
struct Standing {
    busy_since: Mutex<Option<Instant>>,
    is_replaced: AtomicBool,
}

impl Heartbeat {
    /// Does a piece of work, which must not panic.
    pub(super) fn work<T>(&self, piece: impl FnOnce() -> T) -> T {
        self.set_busy_since(Some(Instant::now()));
        let done = piece();
        self.set_busy_since(None);
        done
    }

    /// Whether another has taken this one's place.
    pub(super) fn is_replaced(&self) -> bool {
        self.0.is_replaced.load(Ordering::Acquire)
    }

    fn set_busy_since(&self, since: Option<Instant>) {
        *self.0.busy_since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    fn stands_still(&self) -> bool {
        let since = *self.0.busy_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() >= STANDS_STILL_AFTER)
    }
}

/// What is done in a place, by whoever holds it.
pub(super) type Work = Box<dyn Fn(Heartbeat) + Send + Sync>;

/// The threads at their places.
pub(super) struct Supervisor {
    places: Arc<Mutex<Vec<Place>>>,
    watch: Mutex<Option<(Sender<()>, JoinHandle<()>)>>,
}

struct Place {
    name: String,
    work: Arc<Work>,
    heartbeat: Heartbeat,
    thread: JoinHandle<()>,
    standing: Vec<JoinHandle<()>>,
    replaced_count: u64,
}

impl Supervisor {
    /// Starts a thread at each place; they give way to the threads at the door. They are replaced only where
    /// their peer is `remote`: a local disk that doesn't answer wouldn't answer another thread either.
    pub(super) fn start(places: Vec<(String, Work)>, is_remote: bool) -> Self {
        let places = places.into_iter().map(|(name, work)| Place::fill(name, work)).collect();
        let places = Arc::new(Mutex::new(places));
        let watch = is_remote.then(|| watch(places.clone()));
        Self { places, watch: Mutex::new(watch) }
    }

    /// How often a thread was replaced.
    pub(super) fn replaced_count(&self) -> u64 {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.iter().map(|place| place.replaced_count).sum()
    }

    /// Waits for the threads, which have been told to end; not for those that were replaced.
    pub(super) fn close(&self) {
        if let Some((stop, thread)) = self.watch.lock().unwrap_or_else(PoisonError::into_inner).take() {
            drop(stop);
            wait_for(thread);
        }
        let places = std::mem::take(&mut *self.places.lock().unwrap_or_else(PoisonError::into_inner));
        for place in places {
            wait_for(place.thread);
        }
    }
}

impl Place {
    fn fill(name: String, work: Work) -> Self {
        let (work, heartbeat) = (Arc::new(work), Heartbeat::default());
        let thread = start(&name, &work, &heartbeat);
        Self { name, work, heartbeat, thread, standing: Vec::new(), replaced_count: 0 }
    }

    fn replace_if_still(&mut self) {
        self.standing.retain(|thread| !thread.is_finished());
        if !self.heartbeat.stands_still() || self.standing.len() >= STANDING_LEN_MAX {
            return;
        }
        tracing::warn!(
            thread = self.name,
            "it waits for a database that says nothing; another takes its place"
        );
        self.heartbeat.0.is_replaced.store(true, Ordering::Release);
        self.heartbeat = Heartbeat::default();
        let fresh = start(&self.name, &self.work, &self.heartbeat);
        self.standing.push(std::mem::replace(&mut self.thread, fresh));
        self.replaced_count += 1;
    }
}

fn start(name: &str, work: &Arc<Work>, heartbeat: &Heartbeat) -> JoinHandle<()> {
    let (work, heartbeat) = (work.clone(), heartbeat.clone());
    spawn(name, move || {
        pauses::give_way();
        work(heartbeat);
    })
}

fn watch(places: Arc<Mutex<Vec<Place>>>) -> (Sender<()>, JoinHandle<()>) {
    let (stop, stopped) = channel();
    let thread = spawn("watch", move || {
        while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
            places
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .iter_mut()
                .for_each(Place::replace_if_still);
        }
    });
    (stop, thread)
}

fn wait_for(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the engine ended in a panic");
    }
}

/// Starts a thread of this name.
pub(super) fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(body);
    thread.expect("the system lets the engine start its threads")
}
