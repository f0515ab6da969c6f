//! Keys that come again with something else, and keys that nobody used in the end.

use crate::support::reads;
use granary::domain::book::Command;
use granary::domain::exception::ExceptionKind;
use granary::domain::payment::PostInput;

use super::payments::{balance, set_up};
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::commands::{NOON_MS, key, post, post_input, refusal_of, reverse, settle};

fn input() -> PostInput {
    let bill_numbers = Some(vec!["B1".to_owned(), "B2".to_owned()]);
    PostInput { account_number: "0001".to_owned(), amount_fen: 500, paid_at_ms: Some(NOON_MS), bill_numbers }
}

fn conflicts() -> Vec<(&'static str, Command)> {
    let post = |input| post_input("BANK", "K1", input);
    let swapped = Some(vec!["B2".to_owned(), "B1".to_owned()]);
    vec![
        ("accountNumber", post(PostInput { account_number: "0002".to_owned(), ..input() })),
        ("amount", post(PostInput { amount_fen: 501, ..input() })),
        ("paidAt", post(PostInput { paid_at_ms: None, ..input() })),
        ("paidAt", post(PostInput { paid_at_ms: Some(NOON_MS - 1), ..input() })),
        ("billNumbers", post(PostInput { bill_numbers: None, ..input() })),
        ("billNumbers", post(PostInput { bill_numbers: swapped, ..input() })),
        ("idempotencyKey", reverse("BANK", "K1", "K9")),
    ]
}

fn exceptions(database: &TestDatabase) -> Vec<(String, ExceptionKind)> {
    let page = reads::exception_page(&mut database.reader(), 100).expect("exceptions can be read");
    page.into_iter().map(|(_, exception)| (exception.idempotency_key, exception.kind)).collect()
}

#[test]
fn the_same_key_with_another_input_is_refused_and_written_down_once() {
    for_each_backend(|database| {
        let mut lane = set_up(database);
        settle(&mut lane, vec![post_input("BANK", "K1", input())]);
        let before = balance(&mut database.reader(), "0001");
        for _ in 0..2 {
            let commands = conflicts().into_iter().map(|(_, command)| command).collect();
            let answers = settle(&mut lane, commands);
            for (answer, (field, _)) in answers.iter().zip(conflicts()) {
                assert_eq!(refusal_of(answer), ("IDEMPOTENCY_KEY_REUSED", Some(field), false));
            }
        }
        assert_eq!(balance(&mut database.reader(), "0001"), before);
        let expected = ("K1".to_owned(), ExceptionKind::IdempotencyKeyReused);
        assert_eq!(exceptions(database), vec![expected; conflicts().len()]);
    });
}

#[test]
fn a_conflict_within_one_batch_is_the_same() {
    for_each_backend(|database| {
        let mut lane = set_up(database);
        let both = vec![post("BANK", "K1", "0001", 500), post("BANK", "K1", "0001", 501)];
        for is_replayed in [false, true] {
            let answers = settle(&mut lane, both.clone());
            let (payment, replayed) = crate::support::commands::payment_of(&answers[0]);
            assert_eq!((payment.amount_fen, replayed), (500, is_replayed));
            assert_eq!(refusal_of(&answers[1]), ("IDEMPOTENCY_KEY_REUSED", Some("amount"), false));
        }
        assert_eq!(exceptions(database).len(), 1);
    });
}

#[test]
fn one_conflicting_reversal_is_one_exception_whatever_its_keys_become() {
    for_each_backend(|database| {
        let mut lane = set_up(database);
        let to_itself = || reverse("BANK", "K1", "K1");
        let first = settle(&mut lane, vec![to_itself()]);
        assert_eq!(refusal_of(&first[0]).1, Some("idempotencyKey"));
        settle(&mut lane, vec![reverse("BANK", "K1", "K9")]);
        let later = settle(&mut lane, vec![to_itself()]);
        assert_eq!(refusal_of(&later[0]).1, Some("paymentIdempotencyKey"));
        assert_eq!(exceptions(database).len(), 1);
    });
}

#[test]
fn a_key_under_which_nothing_was_decided_stays_free() {
    for_each_backend(|database| {
        let mut lane = set_up(database);
        settle(&mut lane, vec![post("BANK", "K1", "0001", 500)]);
        let commands = vec![
            reverse("BANK", "R1", "R1"),
            reverse("BANK", "K1", "K8"),
            post("NOBODY", "K2", "0001", 500),
            reverse("NOBODY", "R3", "K3"),
        ];
        settle(&mut lane, commands);
        let unused = [("BANK", "R1"), ("BANK", "K8"), ("NOBODY", "K2"), ("NOBODY", "R3"), ("NOBODY", "K3")];
        for (channel, text) in unused {
            let found = reads::record(&mut database.reader(), &key(channel, text));
            assert!(found.is_none(), "{channel} {text} is taken");
        }
        let later = settle(&mut lane, vec![post("BANK", "R1", "0001", 700)]);
        assert!(!crate::support::commands::payment_of(&later[0]).1);
    });
}
