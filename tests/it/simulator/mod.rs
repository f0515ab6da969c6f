//! The seeded simulator: clients that retry, lie and lose answers, on the real lane loop over the
//! real store with crashes in it, checked against a small model.
//!
//! `GRANARY_SIM_SEEDS=n` plays n seeds on each back end, `GRANARY_SIM_SEED=s` that one alone.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use granary::store::base::connection::Database;

use crate::support::backends::TestDatabase;
use crate::support::scratch::scratch_folder;

mod clients;
mod compare;
mod faults;
mod in_memory;
mod model;
pub mod random;
mod run;
mod world;

const SQLITE_SEEDS: u64 = 2_000;
const POSTGRES_SEEDS: u64 = 200;
/// More than there are cores: on PostgreSQL a thread waits most of the time.
const THREADS: usize = 4;
/// Channels pile up in a shared database, and every batch loads them all.
const SEEDS_PER_DATABASE: u64 = 10;

#[test]
fn sqlite_answers_and_keeps_what_the_model_does() {
    let template = TestDatabase::sqlite();
    let Database::Sqlite(template_path) = &template.database else { unreachable!("a SQLite file") };
    play_all(SQLITE_SEEDS, |seed| play_on_copy(seed, template_path));
}

#[test]
fn postgres_answers_and_keeps_what_the_model_does() {
    if TestDatabase::postgres().is_none() {
        return;
    }
    let shared: Mutex<Vec<(TestDatabase, u64)>> = Mutex::new(Vec::new());
    play_all(POSTGRES_SEEDS, |seed| {
        let free = shared.lock().expect("no thread died").pop();
        let (database, played) =
            free.unwrap_or_else(|| (TestDatabase::postgres().expect("it was there before"), 0));
        let result = run::play(seed, &database.database);
        if played + 1 < SEEDS_PER_DATABASE {
            shared.lock().expect("no thread died").push((database, played + 1));
        }
        result
    });
}

/// A file per seed: copying an empty one is quicker than migrating it.
fn play_on_copy(seed: u64, template: &Path) -> Result<(), String> {
    let folder = scratch_folder("granary-sim-");
    let path = folder.path().join("granary.db");
    std::fs::copy(template, &path).map_err(|error| error.to_string())?;
    run::play(seed, &Database::Sqlite(path))
}

/// Plays the wanted seeds on a few threads and names the first that fails.
fn play_all(count: u64, play: impl Fn(u64) -> Result<(), String> + Sync) {
    let (first, last) = wanted(count);
    let next = AtomicU64::new(first);
    let failures: Mutex<Vec<(u64, String)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > last || !failures.lock().expect("no thread died").is_empty() {
                        break;
                    }
                    if let Err(words) = play(seed) {
                        failures.lock().expect("no thread died").push((seed, words));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no thread died");
    failures.sort();
    if let Some((seed, words)) = failures.first() {
        panic!("seed {seed}: {words}\n\nreplay: GRANARY_SIM_SEED={seed} cargo test --test it simulator");
    }
}

fn wanted(count: u64) -> (u64, u64) {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match (number("GRANARY_SIM_SEED"), number("GRANARY_SIM_SEEDS")) {
        (Some(seed), _) => (seed, seed),
        (None, Some(count)) => (1, count),
        (None, None) => (1, count),
    }
}
