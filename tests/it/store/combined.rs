//! Look-ups of many callers are one statement; what is wrong with one of them is no other's business.

use std::sync::{Arc, Mutex};

use diesel::connection::SimpleConnection;
use futures_util::future::{join, join_all, join3};
use granary::domain::account::CustomerClass::Residential;
use granary::engine::{EngineError, EngineSettings, Priority};
use granary::store::StoreError;
use granary::store::base::connection::Connection;
use granary::store::base::look_up::LookUp;

use crate::support::app::{TestClock, engine};
use crate::support::backends::for_each_backend;
use crate::support::commands::{issue_bill, lane, save_account, settle};
use crate::support::reads::held;

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
        let (held, _begins, go_on) = held();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let usual = engine.look_ups(Priority::Normal);
        let answers = runtime.block_on(async {
            // While the reader waits, all others come together.
            let urgent = engine.look_ups(Priority::High);
            let held = urgent.look_up(held);
            let look_ups = (0..ACCOUNTS).map(|index| usual.accounts(vec![number(index)]));
            let all = join(held, join_all(look_ups));
            let mut all = Box::pin(all);
            assert!(futures_util::poll!(all.as_mut()).is_pending());
            drop(go_on);
            all.await.1
        });
        for (index, answer) in answers.into_iter().enumerate() {
            match answer {
                Ok(found) => assert_eq!(found[&number(index)].open_bills.len(), 1, "{index}"),
                Err(error) => assert_eq!((index, error), (DAMAGED, EngineError::Internal)),
            }
        }
        let alone = runtime.block_on(usual.accounts(vec![number(DAMAGED)]));
        assert_eq!(alone.map(|found| found.len()), Err(EngineError::Internal));
        engine.close();
    });
}

#[test]
fn nobody_urgent_waits_for_those_who_can_wait() {
    for_each_backend(|database| {
        let settings = EngineSettings { readers: 1, ..EngineSettings::default() };
        let engine = engine(database, &settings, TestClock::at_noon());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let (held, _begins, go_on) = held();
        let order = Arc::new(Mutex::new(Vec::new()));
        runtime.block_on(async {
            let [urgent, usual, patient] = Priority::ALL.map(|priority| engine.look_ups(priority));
            let note = |name| Noted(name, order.clone());
            let all = join(
                urgent.look_up(held),
                join3(
                    join_all(["low", "low"].map(|name| patient.look_up(note(name)))),
                    join_all(["normal", "normal"].map(|name| usual.look_up(note(name)))),
                    join_all(["high", "high"].map(|name| urgent.look_up(note(name)))),
                ),
            );
            let mut all = Box::pin(all);
            assert!(futures_util::poll!(all.as_mut()).is_pending());
            drop(go_on);
            all.await.0.expect("it goes on");
        });
        assert_eq!(*order.lock().expect("nobody failed"), ["high", "high", "normal", "normal", "low", "low"]);
        engine.close();
    });
}

/// A look-up that notes that it was run.
struct Noted(&'static str, Arc<Mutex<Vec<&'static str>>>);

impl LookUp for Noted {
    type Found = ();

    fn run(&mut self, _: &mut Connection) -> Result<(), StoreError> {
        self.1.lock().expect("nobody failed").push(self.0);
        Ok(())
    }
}
