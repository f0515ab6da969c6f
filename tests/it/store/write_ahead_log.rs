//! What SQLite's write-ahead log holds is brought into the database file beside the writer.

use std::time::Duration;

use granary::domain::account::CustomerClass;
use granary::domain::channel::ChannelMode;
use granary::engine::EngineSettings;
use granary::store::base::backup::copy_into;
use granary::store::base::connection::Database;
use granary::store::base::write_ahead_log::{WalStatus, checkpoint, status};

use crate::processes::server::wait_until;
use crate::support::app::{TestClock, engine};
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::commands::{add_channel, lane, payment_of, post, save_account, settle};

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
