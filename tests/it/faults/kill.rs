//! F1: the server is killed under load, again and again, and started anew.

use std::time::Duration;

use super::row::{POSTGRES, SQLITE, Trial, runs};
use crate::processes::alone;
use crate::processes::load::{Acknowledged, Load};
use crate::processes::proof::{are_replayed, audit_is_clean};
use crate::processes::site::{BANK, Site};
use crate::support::backends::TestDatabase;

const KILLS: usize = 12;
const CLIENTS: usize = 8;
/// Acknowledged between two kills at least, so that the server is at work when it is killed.
const PROGRESS_MIN: u64 = 40;
const PROGRESS_WITHIN: Duration = Duration::from_secs(30);
/// Kills come up to so long after that: many batches.
const INSTANT_US_MAX: i64 = 333_000;
const SAMPLE_LEN: usize = 200;

#[test]
fn killed_under_load_on_sqlite_it_loses_nothing() {
    killed_under_load_it_loses_nothing(&TestDatabase::sqlite(), SQLITE);
}

#[test]
fn killed_under_load_on_postgres_it_loses_nothing() {
    if let Some(database) = TestDatabase::postgres() {
        killed_under_load_it_loses_nothing(&database, POSTGRES);
    }
}

fn killed_under_load_it_loses_nothing(database: &TestDatabase, back_end: &str) {
    let _alone = alone();
    let mut trial = Trial::begin("F1", "server killed under load", back_end);
    let site = Site::new(&database.url, 100);
    let mut server = site.serve();
    let load = Load::start(&site, "kill", server.address, CLIENTS);
    for _ in 0..runs(KILLS) {
        load.wait_for_more("payments between kills", PROGRESS_MIN, PROGRESS_WITHIN);
        let instant = trial.random.between(0, INSTANT_US_MAX);
        std::thread::sleep(Duration::from_micros(instant.unsigned_abs()));
        server.kill();
        trial.made();
        server = site.serve();
        load.turn_to(server.address);
        let back = load.wait_for_more("the service's return", 1, PROGRESS_WITHIN);
        trial.back_after(back);
        let sample = load.sample(SAMPLE_LEN);
        are_replayed(&site.client(&server, BANK), &sample.iter().collect::<Vec<&Acknowledged>>());
        audit_is_clean(&site);
    }
    let book = load.finish();
    assert!(book.unanswered > 0, "no kill hit a request");
    trial.conclude(&site, &site.client(&server, BANK), &book);
}
