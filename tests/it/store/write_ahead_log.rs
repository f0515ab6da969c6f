//! What SQLite's write-ahead log holds is brought into the database file beside the writer, and the room that it takes
//! doesn't stay taken.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use granary::domain::account::CustomerClass;
use granary::domain::channel::ChannelMode;
use granary::engine::EngineSettings;
use granary::store::base::backup::copy_into;
use granary::store::base::connection::{Connection, Database, LOG_BYTES_MAX, begin_snapshot, rollback};
use granary::store::base::write_ahead_log::{WalStatus, checkpoint, status};

use crate::support::app::{TestClock, engine};
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::commands::{add_channel, lane, payment_of, post, save_account, settle};
use crate::support::wait::wait_until;

const WITHIN: Duration = Duration::from_secs(20);

#[test]
fn a_reader_brings_in_what_a_lane_has_written() {
    for_each_backend(|database| {
        let mut lane = lane(&database.database);
        let mut reader = database.reader();
        settle(
            &mut lane,
            vec![add_channel("BANK", ChannelMode::Asking), save_account("0001", CustomerClass::Other)],
        );
        checkpoint(&mut reader).expect("nobody is in the way");
        let before = status(&mut reader).expect("a look");
        assert_eq!(before.pages, before.pages_in);
        let posted = settle(&mut lane, vec![post("BANK", "K1", "0001", 500)]);
        let written = status(&mut reader).expect("a look");
        if database.is_postgres() {
            return assert_eq!(written, WalStatus::default());
        }
        assert!(written.pages > written.pages_in, "{written:?}");
        checkpoint(&mut reader).expect("the lane is in nobody's way");
        let after = status(&mut reader).expect("a look");
        assert_eq!((after.pages, after.pages_in), (written.pages, written.pages));
        let again = settle(&mut lane, vec![post("BANK", "K1", "0001", 500)]);
        assert_eq!(payment_of(&again[0]), (payment_of(&posted[0]).0, true));
    });
}

#[test]
fn an_idle_engine_brings_in_all_that_was_written() {
    let as_made = TestDatabase::sqlite();
    let restored = TestDatabase::sqlite_empty();
    let Database::Sqlite(file) = &restored.database else { unreachable!("a file") };
    copy_into(&mut as_made.writer(), file).expect("a copy");
    for database in [as_made, restored] {
        let engine = engine(&database, &EngineSettings::default(), TestClock::at_noon());
        let mut reader = database.reader();
        assert_eq!(status(&mut reader).expect("a look"), WalStatus::default(), "a log, and nothing in it");
        let mut lane = lane(&database.database);
        settle(&mut lane, vec![save_account("0001", CustomerClass::Other)]);
        assert!(status(&mut reader).expect("a look").pages > 0);
        wait_until("the log is in the database", WITHIN, || {
            let standing = status(&mut reader).expect("a look");
            standing.pages == standing.pages_in
        });
        engine.close();
    }
}

/// Has the log grow beyond its bound, as it does while somebody reads and others write.
fn grow_under_a_reader(database: &TestDatabase) {
    let mut reader = database.reader();
    begin_snapshot(&mut reader).expect("a long look begins");
    look_once(&mut reader);
    let (mut writer, bytes) = (database.writer(), LOG_BYTES_MAX + LOG_BYTES_MAX / 8);
    let Connection::Sqlite(writer) = &mut writer else { unreachable!("a SQLite file") };
    let fill = format!("CREATE TABLE stuffing (bytes BLOB); INSERT INTO stuffing VALUES (zeroblob({bytes}))");
    writer.batch_execute(&fill).expect("there is room");
    assert!(log_len(database) > LOG_BYTES_MAX);
    rollback(&mut reader).expect("the long look ends");
}

/// A view begins with its first look.
fn look_once(reader: &mut Connection) {
    granary::store::base::migrations::check(reader).expect("the database is migrated");
}

fn log_len(database: &TestDatabase) -> u64 {
    let Database::Sqlite(file) = &database.database else { unreachable!("a SQLite file") };
    std::fs::metadata(file.with_extension("db-wal")).expect("a log").len()
}

#[test]
fn a_log_that_grew_under_a_long_reader_is_cut_once_it_begins_again() {
    let database = TestDatabase::sqlite();
    let mut lane = lane(&database.database);
    settle(&mut lane, vec![add_channel("BANK", ChannelMode::Asking)]);
    grow_under_a_reader(&database);
    checkpoint(&mut database.reader()).expect("nobody is in the way");
    settle(&mut lane, vec![save_account("0001", CustomerClass::Other)]);
    assert!(log_len(&database) <= LOG_BYTES_MAX, "{}", log_len(&database));
}

#[test]
fn a_log_that_grew_under_a_long_reader_is_cut_though_nothing_more_is_written() {
    let database = TestDatabase::sqlite();
    let engine = engine(&database, &EngineSettings::default(), TestClock::at_noon());
    grow_under_a_reader(&database);
    wait_until("the log is cut", WITHIN, || log_len(&database) <= LOG_BYTES_MAX);
    engine.close();
}
