//! Crashes at every operation of a history, on a few threads; and second crashes, at every operation of
//! the recovery from a first one.

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crash_vfs::crash::{Damage, crash};
use crash_vfs::image::Image;
use crash_vfs::journal::Recording;
use granary::store::base::connection::Database;

use super::recovery::{Loss, recover};
use super::scenario::{Batch, History, Told};
use crate::simulator::random::Random;
use crate::support::scratch::scratch_folder;

const THREADS: usize = 2;
/// Every so many operations, counted from one that the seed sets, a crash is followed by crashes in its
/// recovery.
const SECOND_EVERY: u64 = 199;
/// As in the test's own database.
const DATABASE_FILE: &str = "granary.db";

/// A moment and what the crash at it does.
#[derive(Debug, Clone, Copy)]
pub struct Crash {
    /// How many operations had been made.
    pub after: usize,
    /// What becomes of the unsynced ones.
    pub damage: Damage,
}

/// What a search found.
#[derive(Debug, Default)]
pub struct Found {
    /// Different images checked.
    pub images: usize,
    /// How many of them came of a second crash.
    pub second_crashes: usize,
    /// How often something told had to be told again.
    pub retold: usize,
    /// What must not be.
    pub failures: Vec<Failure>,
}

/// What must not be.
#[derive(Debug)]
pub struct Failure {
    /// The crashes that led to it.
    pub crashes: Vec<Crash>,
    /// What it is.
    pub loss: Loss,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, Crash { after, damage }) in self.crashes.iter().enumerate() {
            let word = if place == 0 { "crash" } else { ", then in its recovery" };
            write!(f, "{word} after {after} operations, unsynced writes {damage:?}")?;
        }
        write!(f, ": {}", self.loss)
    }
}

impl Found {
    /// Adds what another search found.
    pub fn add(&mut self, other: Self) {
        self.images += other.images;
        self.second_crashes += other.second_crashes;
        self.retold += other.retold;
        self.failures.extend(other.failures);
    }
}

/// The crashes before and after each of so many operations.
fn all_crashes(operation_count: usize) -> Vec<Crash> {
    let at = |after| Damage::ALL.map(|damage| Crash { after, damage });
    (0..=operation_count).flat_map(at).collect()
}

/// A history in which crashes are made.
pub struct Search<'a> {
    history: &'a History,
    commands: &'a Batch,
    seed: u64,
    /// Images checked, with how much had been told: the same again would be found the same.
    seen: Mutex<HashSet<(u64, usize)>>,
}

impl<'a> Search<'a> {
    /// Makes crashes in the history of these commands; what chance decides follows from the seed.
    pub fn new(history: &'a History, commands: &'a Batch, seed: u64) -> Self {
        Self { history, commands, seed, seen: Mutex::default() }
    }

    /// Crashes at every operation, with every damage, and again in the recovery from some.
    pub fn everywhere(&self) -> Found {
        let crashes = all_crashes(self.history.operations.len());
        self.on_threads(&crashes, |folder, crash| self.crash_and_again(folder, crash))
    }

    /// Makes these crashes alone.
    pub fn at(&self, crashes: &[Crash]) -> Found {
        self.on_threads(crashes, |folder, crash| self.check(folder, crash, &self.image(crash)))
    }

    /// Each thread has a folder of its own for the files.
    fn on_threads(&self, crashes: &[Crash], make: impl Fn(&Path, Crash) -> Found + Sync) -> Found {
        let (next, found) = (AtomicUsize::new(0), Mutex::new(Found::default()));
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    let folder = scratch_folder("granary-power-");
                    while let Some(crash) = crashes.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let own = make(folder.path(), *crash);
                        found.lock().unwrap_or_else(PoisonError::into_inner).add(own);
                    }
                });
            }
        });
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.failures.sort_by_key(|failure| failure.crashes.first().map(|first| first.after));
        found
    }

    /// One crash and, where it is its turn, the second ones.
    fn crash_and_again(&self, folder: &Path, crash: Crash) -> Found {
        let image = self.image(crash);
        let mut found = self.check(folder, crash, &image);
        if self.is_followed(crash) {
            found.add(self.crash_again(folder, crash, image));
        }
        found
    }

    /// What drops all unsynced writes leaves a recovery little to do.
    fn is_followed(&self, crash: Crash) -> bool {
        let after = u64::try_from(crash.after).expect("a number of 64 bits");
        (after + self.seed % SECOND_EVERY).is_multiple_of(SECOND_EVERY) && crash.damage != Damage::Dropped
    }

    /// Crashes at every operation of the recovery. A first crash that isn't recovered from has been
    /// reported already.
    fn crash_again(&self, folder: &Path, first: Crash, base: Image) -> Found {
        base.save(folder).expect("the files can be written");
        let recording = Recording::start(folder).expect("SQLite takes the shim");
        let told = self.history.told_by(first.after);
        let again = recover(&database_in(folder), self.commands, told, || recording.operation_count());
        let operations = recording.finish();
        let mut found = Found::default();
        let Ok(again) = again else { return found };
        let is_new = |place| told.iter().all(|told| told.place != place);
        let still = told.iter().cloned().map(|told| Told { after: 0, ..told });
        let told = still.chain(again.into_iter().filter(|told| is_new(told.place))).collect();
        let history = History { base, operations, told };
        let search = Search::new(&history, self.commands, self.random(first).next());
        for second in all_crashes(history.operations.len()) {
            let mut own = search.check(folder, second, &search.image(second));
            own.second_crashes = own.images;
            own.failures.iter_mut().for_each(|failure| failure.crashes.insert(0, first));
            found.add(own);
        }
        found
    }

    /// Whether all that was told is still so in this image, unless that is known.
    fn check(&self, folder: &Path, crash: Crash, image: &Image) -> Found {
        let told = self.history.told_by(crash.after);
        let key = (hash_of(image), told.len());
        if !self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(key) {
            return Found::default();
        }
        image.save(folder).expect("the files can be written");
        let recovered = recover(&database_in(folder), self.commands, told, || 0);
        let failure = |loss| Failure { crashes: vec![crash], loss };
        let failures = recovered.err().map(failure).into_iter().collect();
        Found { images: 1, second_crashes: 0, retold: told.len(), failures }
    }

    fn image(&self, Crash { after, damage }: Crash) -> Image {
        let mut random = self.random(Crash { after, damage });
        crash(&self.history.base, &self.history.operations[..after], damage, || random.next())
    }

    /// Random numbers of one crash, whichever thread makes it.
    fn random(&self, Crash { after, damage }: Crash) -> Random {
        let place = after * Damage::ALL.len() + damage as usize;
        let mut random = Random::new(self.seed);
        Random::new(random.next() ^ u64::try_from(place).expect("a number of 64 bits"))
    }
}

fn database_in(folder: &Path) -> Database {
    Database::Sqlite(folder.join(DATABASE_FILE))
}

fn hash_of(image: &Image) -> u64 {
    let mut hasher = DefaultHasher::new();
    image.hash(&mut hasher);
    hasher.finish()
}
