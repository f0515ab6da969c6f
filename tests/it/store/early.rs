//! Reversals that come before their payments.

use crate::support::reads;
use granary::domain::base::keys::Value;
use granary::domain::bill::BillStatus;
use granary::domain::book::{Answer, Command};
use granary::domain::keyed::{Answered, Keyed};
use granary::domain::payment::{EARLY_REVERSAL, KeyOutcome, Payment, PostPayment};
use granary::domain::reversal::{ReversePayment, Undone};
use granary::engine::lane::Lane;

use super::payments::{balance, bills, set_up};
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::commands::{key, payment_of, post, refusal_of, reverse, settle};

/// The first answer, or a replay of it, with the payment once it has come.
fn remembered(payment: Option<&Payment>, replayed: bool) -> Answer {
    let outcome = Ok(Undone::Remembered(payment.cloned().map(Box::new)));
    Answer::ReversePayment(Answered::Settled { outcome, replayed })
}

fn the_payment() -> Command {
    post("BANK", "K1", "0001", 10_100)
}

fn its_reversal() -> Command {
    reverse("BANK", "R1", "K1")
}

/// Posted wholly to the advance and undone at once, touching no bill.
fn assert_undone(database: &TestDatabase, payment: &Payment) {
    assert_eq!((payment.to_advance_fen, payment.allocations.len()), (10_100, 0));
    let reversal = payment.reversal.as_ref().expect("undone in the same transaction");
    assert!(reversal.is_early);
    assert_eq!((payment.sequence, reversal.sequence), (Some(3), Some(4)));
    let mut reader = database.reader();
    assert_eq!(balance(&mut reader, "0001"), (0, 0, 4));
    assert_eq!(bills(&mut reader, "0001"), [(BillStatus::Open, 0, 0); 2]);
    let page = reads::payment_page(&mut reader, "0001", 10).expect("payments can be read");
    assert_eq!(page, std::slice::from_ref(payment));
}

/// All that came is answered again as it was first.
fn assert_replayed(lane: &mut Lane, payment: &Payment) {
    let again = settle(lane, vec![its_reversal(), the_payment(), reverse("BANK", "R2", "K1")]);
    assert_eq!(again[0], remembered(Some(payment), true));
    assert_eq!(payment_of(&again[1]), (payment, true));
    assert_eq!(refusal_of(&again[2]).0, "PAYMENT_ALREADY_REVERSED");
}

#[test]
fn a_reversal_waits_for_the_payment_of_a_later_batch() {
    for_each_backend(|database| {
        let mut lane = set_up(database);
        let first = settle(&mut lane, vec![its_reversal()]);
        assert_eq!(first[0], remembered(None, false));
        let found = reads::record(&mut database.reader(), &key("BANK", "K1"));
        assert_eq!(found.map(|record| record.kind), Some(EARLY_REVERSAL));
        let told = reads::payment_of_key(&mut database.reader(), &key("BANK", "K1"));
        assert_eq!(told, Some(KeyOutcome::Remembered));
        let second = settle(&mut lane, vec![its_reversal(), reverse("BANK", "R3", "K1")]);
        assert_eq!(second[0], remembered(None, true));
        assert_eq!(refusal_of(&second[1]).0, "PAYMENT_ALREADY_REVERSED");
        let third = settle(&mut lane, vec![the_payment()]);
        let (payment, replayed) = payment_of(&third[0]);
        assert!(!replayed);
        assert_undone(database, payment);
        assert_replayed(&mut lane, payment);
    });
}

#[test]
fn a_reversal_waits_for_a_payment_of_its_own_batch() {
    for_each_backend(|database| {
        let mut lane = set_up(database);
        let answers = settle(&mut lane, vec![its_reversal(), the_payment()]);
        assert_eq!(answers[0], remembered(None, false));
        let (payment, _) = payment_of(&answers[1]);
        assert_undone(database, payment);
        assert_replayed(&mut lane, payment);
    });
}

#[test]
fn a_reversal_after_its_payment_in_one_batch_is_an_ordinary_one() {
    for_each_backend(|database| {
        let mut lane = set_up(database);
        let answers = settle(&mut lane, vec![the_payment(), its_reversal()]);
        assert_eq!(payment_of(&answers[0]).0.allocations.len(), 2);
        let (payment, _) = payment_of(&answers[1]);
        assert!(payment.reversal.as_ref().is_some_and(|reversal| !reversal.is_early));
        assert_eq!(bills(&mut database.reader(), "0001"), [(BillStatus::Open, 0, 0); 2]);
        let again = settle(&mut lane, vec![its_reversal(), the_payment()]);
        assert_eq!(payment_of(&again[0]), (payment, true));
        assert_eq!(payment_of(&again[1]), (payment, true));
    });
}

#[test]
fn the_key_of_an_early_reversal_is_rewritten_by_what_its_payment_becomes() {
    for_each_backend(|database| {
        let mut lane = set_up(database);
        settle(&mut lane, vec![its_reversal(), reverse("BANK", "R2", "K2")]);
        settle(&mut lane, vec![the_payment(), post("BANK", "K2", "7777", 500)]);
        let mut reader = database.reader();
        let posted = reads::record(&mut reader, &key("BANK", "K1")).expect("it was used");
        let input = [Value::Text("0001".to_owned()), Value::Number(10_100)];
        assert_eq!((posted.kind, posted.input.as_slice()), (PostPayment::KIND, input.as_slice()));
        let posted = reads::payment_of_key(&mut reader, &key("BANK", "K1"));
        assert!(
            matches!(&posted, Some(KeyOutcome::Decided(Ok(payment))) if payment.reversal.is_some()),
            "{posted:?}"
        );
        let refused = reads::payment_of_key(&mut reader, &key("BANK", "K2"));
        assert!(matches!(&refused, Some(KeyOutcome::Decided(Err(_)))), "{refused:?}");
        let reversal = reads::record(&mut reader, &key("BANK", "R2")).expect("it was used");
        assert_eq!((reversal.kind, reversal.refusal), (ReversePayment::KIND, None));
        let again = settle(&mut lane, vec![reverse("BANK", "R2", "K2"), reverse("BANK", "R3", "K2")]);
        assert_eq!(again[0], remembered(None, true));
        assert_eq!(refusal_of(&again[1]).0, "PAYMENT_WAS_REFUSED");
    });
}

#[test]
fn an_early_reversal_of_money_without_a_place_is_undone_in_suspense() {
    for_each_backend(|database| {
        let mut lane = set_up(database);
        settle(&mut lane, vec![reverse("WX", "R1", "W1")]);
        let answers = settle(&mut lane, vec![post("WX", "W1", "7777", 500)]);
        let (payment, _) = payment_of(&answers[0]);
        assert_eq!((payment.to_suspense_fen, payment.sequence), (500, None));
        let reversal = payment.reversal.as_ref().expect("undone");
        assert_eq!((reversal.is_early, reversal.sequence), (true, None));
    });
}
