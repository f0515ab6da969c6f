//! Rows that a batch decides on are locked on PostgreSQL until it is durable: who comes second waits, and then sees
//! what the first has left. Without these locks the same would be written twice.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::support::reads;
use granary::domain::book::{Answer, Command};
use granary::domain::keyed::Answered;
use granary::engine::lane::{Faults, Point};
use granary::store::StoreError;
use granary::store::base::connection::Database;

use super::payments::{balance, set_up};
use crate::support::backends::TestDatabase;
use crate::support::commands::{lane_with, payment_of, post, refusal_of, reverse, settle};
use crate::support::writer::{Writer, wait_for_waiting};

/// Says how often its lane had to try again.
struct Counted(mpsc::Sender<()>);

impl Faults for Counted {
    fn at(&mut self, _: Point) -> Result<(), StoreError> {
        Ok(())
    }

    fn pause(&mut self, _: Duration) {
        let _nobody_counts_any_more = self.0.send(());
    }
}

/// A lane in a thread of its own; its answers, and how often it had to try again.
fn settle_beside(database: &Database, commands: Vec<Command>) -> JoinHandle<(Vec<Answer>, usize)> {
    let database = database.clone();
    std::thread::spawn(move || {
        let (tell, told) = mpsc::channel();
        let answers = settle(&mut lane_with(&database, Box::new(Counted(tell))), commands);
        (answers, told.try_iter().count())
    })
}

/// Loads `first`, has another lane begin with `second`, and writes once that one waits: there is nothing yet to wait
/// for but the locks. Returns the answers of both.
pub(super) fn cross(
    database: &TestDatabase,
    first: &[Command],
    second: Vec<Command>,
) -> (Vec<Answer>, Vec<Answer>) {
    let mut writer = Writer::new(database);
    let loaded = writer.load(first).expect("nobody is in its way");
    let other = settle_beside(&database.database, second);
    wait_for_waiting(database, 1, || other.is_finished());
    let answered = writer.write(loaded).expect("nobody is in its way");
    writer.commit().expect("a commit");
    let (answers, tried_again) = other.join().expect("the other lane ends well");
    assert_eq!(tried_again, 0, "it saw what the first had left, and had nothing to try again");
    (answered, answers)
}

#[test]
fn who_comes_second_to_an_account_waits_and_sees_its_new_balance() {
    let Some(database) = TestDatabase::postgres() else { return };
    drop(set_up(&database));
    let (_, before, sequence) = balance(&mut database.reader(), "0001");
    let pay = |key: &str| vec![post("BANK", key, "0001", 50_000)];
    let (first, second) = cross(&database, &pay("K1"), pay("K2"));
    let ((first, _), (second, _)) = (payment_of(&first[0]), payment_of(&second[0]));
    assert_eq!(before, 0);
    assert_eq!((first.sequence, second.sequence), (Some(sequence + 1), Some(sequence + 2)));
    assert!(second.allocations.is_empty(), "the first settled the bills: {second:?}");
    let advance = first.to_advance_fen + second.to_advance_fen;
    assert_eq!(balance(&mut database.reader(), "0001"), (advance, 0, sequence + 2));
}

#[test]
fn who_comes_second_to_a_payment_waits_and_sees_its_reversal() {
    let Some(database) = TestDatabase::postgres() else { return };
    let mut lane = set_up(&database);
    // Of an account that isn't there, so that only the payment's key stands between the two.
    settle(&mut lane, vec![post("WX", "K1", "7777", 500)]);
    let (first, second) = cross(&database, &[reverse("WX", "R1", "K1")], vec![reverse("WX", "R2", "K1")]);
    assert!(payment_of(&first[0]).0.reversal.is_some());
    assert_eq!(refusal_of(&second[0]).0, "PAYMENT_ALREADY_REVERSED");
}

#[test]
fn who_comes_second_to_a_key_that_is_kept_waits_and_replays() {
    let Some(database) = TestDatabase::postgres() else { return };
    let mut lane = set_up(&database);
    settle(&mut lane, vec![reverse("WX", "R1", "K1")]);
    let pay = || vec![post("WX", "K1", "0001", 500)];
    let (first, second) = cross(&database, &pay(), pay());
    let (payment, _) = payment_of(&first[0]);
    assert_eq!(payment_of(&second[0]), (payment, true));
    let page = reads::payment_page(&mut database.reader(), "0001", 10).expect("payments");
    assert_eq!(page.len(), 1);
    let Answer::PostPayment(Answered::Settled { outcome: Ok(_), .. }) = &second[0] else {
        panic!("{second:?}")
    };
}
