//! The server is killed under load, again and again, and started anew.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use super::alone;
use super::load::{Acknowledged, Load};
use super::proof::{are_replayed, audit_is_clean, everything_told_is_true};
use super::server::wait_until;
use super::site::{BANK, Site};
use crate::support::backends::TestDatabase;

const KILLS: u32 = 25;
const CLIENTS: usize = 8;
/// Acknowledged between two kills at least, so that the server is at work when it is killed.
const PROGRESS_MIN: u64 = 40;
const PROGRESS_WITHIN: Duration = Duration::from_secs(30);
const SAMPLE_LEN: usize = 200;

#[test]
fn killed_under_load_on_sqlite_it_loses_nothing() {
    killed_under_load_it_loses_nothing(&TestDatabase::sqlite());
}

#[test]
fn killed_under_load_on_postgres_it_loses_nothing() {
    if let Some(database) = TestDatabase::postgres() {
        killed_under_load_it_loses_nothing(&database);
    }
}

fn killed_under_load_it_loses_nothing(database: &TestDatabase) {
    let _alone = alone();
    let started = Instant::now();
    let site = Site::new(&database.url, 100);
    let mut server = site.serve();
    let load = Load::start(&site, "kill", server.address, CLIENTS);
    for _ in 0..KILLS {
        let wanted = load.acknowledged() + PROGRESS_MIN;
        wait_until("payments between kills", PROGRESS_WITHIN, || load.acknowledged() >= wanted);
        std::thread::sleep(random_instant());
        server.kill();
        server = site.serve();
        load.turn_to(server.address);
        let sample = load.sample(SAMPLE_LEN);
        are_replayed(&site.client(&server, BANK), &sample.iter().collect::<Vec<&Acknowledged>>());
        audit_is_clean(&site);
    }
    let book = load.finish();
    assert!(book.unanswered > 0, "no kill hit a request");
    everything_told_is_true(&site, &site.client(&server, BANK), &[&book], 0);
    println!(
        "{KILLS} kills in {:?}: {} acknowledged, {} tries unanswered, of which {} keys were posted",
        started.elapsed(),
        book.acknowledged.len(),
        book.unanswered,
        book.found_posted
    );
}

/// Up to a third of a second: many batches.
fn random_instant() -> Duration {
    Duration::from_micros(RandomState::new().hash_one(0) % 333_000)
}
