//! A SQLite file that is deleted or replaced between a batch's writing and its commit, or under a reader, or is found
//! damaged by one: nothing is acknowledged, nothing is answered, and the process is told to stop.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use granary::domain::account::CustomerClass;
use granary::engine::lane::{Faults, Lane, LaneSettings, Point};
use granary::engine::{Engine, EngineError, EngineSettings, OnStorageFailure, Priority};
use granary::store::StoreError;
use granary::store::base::connection::{Database, Purpose};
use granary::store::base::files::{FirstOpened, Opened};
use granary::store::base::migrations::CompareVersions;
use granary::store::base::write_ahead_log::checkpoint;

use crate::support::app::TestClock;
use crate::support::backends::TestDatabase;
use crate::support::commands::{NOON_MS, lane, save_account, settle};

type Deed = fn(&Path);

fn log_of(file: &Path) -> std::path::PathBuf {
    file.with_extension("db-wal")
}

const DEEDS: [(Deed, &str); 5] = [
    (|file| fs::remove_file(file).expect("it is there"), "was deleted or replaced while it was in use"),
    (
        |file| {
            let copy = file.with_extension("copy");
            fs::copy(file, &copy).expect("a copy");
            fs::rename(copy, file).expect("its name");
        },
        "was deleted or replaced while it was in use",
    ),
    (
        |file| fs::remove_file(log_of(file)).expect("it is there"),
        "was deleted or replaced while the database was in use; all that it held was brought into the database file",
    ),
    (
        |file| {
            fs::remove_file(log_of(file)).expect("it is there");
            fs::write(log_of(file), "").expect("its name is free");
        },
        "was deleted or replaced while the database was in use; all that it held was brought into the database file",
    ),
    (
        |file| {
            fs::remove_file(log_of(file)).expect("it is there");
            fs::write(log_of(file), "another's").expect("its name is free");
        },
        "was deleted or replaced while the database was in use",
    ),
];

fn file_of(database: &TestDatabase) -> &Path {
    let Database::Sqlite(file) = &database.database else { unreachable!("a SQLite file") };
    file
}

/// Does something before the first commit.
struct BeforeCommit(Option<Box<dyn FnOnce() + Send>>);

impl Faults for BeforeCommit {
    fn at(&mut self, point: Point) -> Result<(), StoreError> {
        if point == Point::BeforeCommit
            && let Some(act) = self.0.take()
        {
            act();
        }
        Ok(())
    }

    fn pause(&mut self, _: Duration) {}
}

/// Notes what it is told.
fn noting() -> (OnStorageFailure, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let noted = told.clone();
    (Arc::new(move |error: &StoreError| noted.lock().expect("no panic").push(error.to_string())), told)
}

#[test]
fn a_batch_committed_to_files_that_are_gone_is_not_acknowledged() {
    for (deed, words) in DEEDS {
        let database = TestDatabase::sqlite();
        let file = file_of(&database).to_owned();
        let (on_storage_failure, told) = noting();
        let mut lane = Lane::new(LaneSettings {
            database: database.database.clone(),
            first_opened: FirstOpened::default(),
            zone: chrono_tz::Asia::Shanghai,
            seed: 1,
            on_storage_failure,
            faults: Box::new(BeforeCommit(Some(Box::new(move || deed(&file))))),
        });
        let answers = lane.settle(vec![(NOON_MS, save_account("0001", CustomerClass::Other))]);
        let told = told.lock().expect("no panic");
        assert!(told[0].contains(words), "{told:?}");
        // Where the file itself is another one, a new connection is none either.
        let is_other_file = words.contains("while it was in use");
        assert!(!is_other_file || answers == [Err(EngineError::Timeout)], "{answers:?}");
    }
}

#[test]
fn nothing_is_answered_from_files_that_are_gone() {
    for (deed, words) in DEEDS {
        let database = TestDatabase::sqlite();
        settle(&mut lane(&database.database), vec![save_account("0001", CustomerClass::Other)]);
        let first = FirstOpened::default();
        let mut opened = Opened::connect(&database.database, Purpose::Write, &first).expect("a connection");
        let look = |opened: &mut Opened| opened.look_up(|_| Ok("an answer"));
        assert_eq!(look(&mut opened).expect("all is as it was"), "an answer");
        deed(file_of(&database));
        let error = look(&mut opened).expect_err("no answer");
        assert!(error.to_string().contains(words), "{error}");
        let again = Opened::connect(&database.database, Purpose::Read, &first);
        let is_other_file = words.contains("while it was in use");
        assert_eq!(matches!(again, Err(StoreError::Replaced(_))), is_other_file);
    }
}

#[test]
fn a_reader_that_finds_its_file_gone_has_the_process_stop() {
    let database = TestDatabase::sqlite();
    let (on_storage_failure, told) = noting();
    let settings = EngineSettings::default();
    let engine = Engine::start(&database.database, &settings, TestClock::at_noon(), on_storage_failure)
        .expect("the engine starts");
    fs::remove_file(file_of(&database)).expect("it is there");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let look_ups = engine.look_ups(Priority::High);
    assert_eq!(runtime.block_on(look_ups.accounts(vec!["0001".to_owned()])).err(), Some(EngineError::Busy));
    assert_eq!(runtime.block_on(look_ups.look_up(CompareVersions)), Err(EngineError::Busy));
    engine.close();
    assert!(told.lock().expect("no panic").iter().all(|words| words.contains("was deleted or replaced")));
    assert!(told.lock().expect("no panic").len() >= 2);
}

#[test]
fn a_reader_that_finds_its_file_damaged_has_the_process_stop() {
    let database = TestDatabase::sqlite();
    settle(&mut lane(&database.database), vec![save_account("0001", CustomerClass::Other)]);
    checkpoint(&mut database.writer()).expect("nobody is in the way");
    let (on_storage_failure, told) = noting();
    let settings = EngineSettings::default();
    let engine = Engine::start(&database.database, &settings, TestClock::at_noon(), on_storage_failure)
        .expect("the engine starts");
    damage_all_but_the_first_page(file_of(&database));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let urgent = engine.look_ups(Priority::High);
    let look_ups = || urgent.accounts(vec!["0001".to_owned()]);
    assert_eq!(runtime.block_on(look_ups()).err(), Some(EngineError::Busy));
    let alone = urgent.look_up(CompareVersions);
    assert_eq!(runtime.block_on(alone), Err(EngineError::Busy));
    engine.close();
    let told = told.lock().expect("no panic");
    assert!(told.len() >= 2 && told.iter().all(|words| words.contains("malformed")), "{told:?}");
}

fn damage_all_but_the_first_page(file: &Path) {
    let file = fs::File::options().write(true).open(file).expect("it is there");
    let len = usize::try_from(file.metadata().expect("its length").len()).expect("it is small");
    file.write_all_at(&vec![0xFF; len - 4_096], 4_096).expect("it can be written to");
}
