//! Look-ups of many callers are one statement; what is wrong with one of them is no other's business.

use std::sync::mpsc::{Receiver, channel};

use diesel::connection::SimpleConnection;
use futures_util::future::join_all;
use granary::domain::account::CustomerClass::Residential;
use granary::engine::{EngineError, EngineSettings, Priority};
use granary::store::StoreError;
use granary::store::base::connection::Connection;
use granary::store::base::look_up::LookUp;

use crate::support::app::{TestClock, engine};
use crate::support::backends::for_each_backend;
use crate::support::commands::{issue_bill, lane, save_account, settle};

const ACCOUNTS: usize = 60;
/// No program of ours wrote what this one's bill holds.
const DAMAGED: usize = 37;

fn number(index: usize) -> String {
    format!("{index:010}")
}

#[test]
fn a_row_that_cannot_be_read_hurts_nobody_else_who_asks_at_the_same_time() {
    for_each_backend(|database| {
        let account = |index| {
            [save_account(&number(index), Residential), issue_bill(&number(index), "B", 1_000, "2026-11-30")]
        };
        settle(&mut lane(&database.database), (0..ACCOUNTS).flat_map(account).collect());
        let damage = format!(
            "UPDATE bills SET principal_by_day = 'never' WHERE account_number = '{}'",
            number(DAMAGED)
        );
        match &mut database.writer() {
            Connection::Postgres(inner) => inner.batch_execute(&damage),
            Connection::Sqlite(inner) => inner.batch_execute(&damage),
        }
        .expect("a row can be damaged");
        let settings = EngineSettings { readers: 1, ..EngineSettings::default() };
        let engine = engine(database, &settings, TestClock::at_noon());
        let (go_on, told) = channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let answers = runtime.block_on(async {
            // While the reader waits, all others come together.
            let held = engine.look_up(Priority::High, Held(told));
            let look_ups =
                (0..ACCOUNTS).map(|index| engine.open_bills(Priority::Normal, vec![number(index)]));
            let all = futures_util::future::join(held, join_all(look_ups));
            let mut all = Box::pin(all);
            assert!(futures_util::poll!(all.as_mut()).is_pending());
            drop(go_on);
            all.await.1
        });
        for (index, answer) in answers.into_iter().enumerate() {
            match answer {
                Ok(bills) => assert_eq!(bills[&number(index)].len(), 1, "{index}"),
                Err(error) => assert_eq!((index, error), (DAMAGED, EngineError::Internal)),
            }
        }
        let alone = runtime.block_on(engine.open_bills(Priority::Normal, vec![number(DAMAGED)]));
        assert_eq!(alone.map(|bills| bills.len()), Err(EngineError::Internal));
        engine.close();
    });
}

/// A look-up that takes until it is told to go on.
struct Held(Receiver<()>);

impl LookUp for Held {
    type Found = ();

    fn run(&mut self, _: &mut Connection) -> Result<(), StoreError> {
        let _told_or_over = self.0.recv();
        Ok(())
    }
}
