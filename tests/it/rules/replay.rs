//! A payment's key that comes again.

use granary::domain::exception::ExceptionKind;
use granary::domain::payment::PostRefusalCode;

use super::world::{ACCOUNT, COUNTER, Pay, WECHAT, World, pay};

fn given() -> Pay {
    pay("k1", 10_000).paid_on("2026-11-01").naming(&["B1", "B2"]).noting("at the window")
}

fn world() -> World {
    let mut world = World::new();
    world.issue("B1", 10_000, "2026-11-20");
    world.issue("B2", 20_000, "2026-11-25");
    world
}

#[test]
fn the_same_input_is_answered_with_what_was_recorded() {
    for channel in [COUNTER, WECHAT] {
        let mut world = world();
        let first = world.post(&given().by(channel));
        world.post(&pay("k2", 99_999));
        let again = world.on("2027-11-01").pay(&given().by(channel));
        assert_eq!(again, (Ok(Box::new(first)), true));
    }
}

#[test]
fn another_note_is_the_same_payment() {
    let mut world = world();
    world.post(&given());
    for note in [Some("at another window".to_owned()), None] {
        let mut again = given();
        again.0.note = note;
        let (outcome, replayed) = world.pay(&again);
        assert!(replayed);
        let Ok(payment) = outcome else { panic!("not posted") };
        assert_eq!(payment.note.as_deref(), Some("at the window"));
    }
    assert_eq!(world.exceptions("k1"), []);
}

#[test]
fn another_input_is_refused_naming_the_first_field_that_differs() {
    let without = |mut pay: Pay, time: bool, bills: bool| {
        pay.0.input.paid_at_ms = pay.0.input.paid_at_ms.filter(|_| !time);
        pay.0.input.bill_numbers = pay.0.input.bill_numbers.filter(|_| !bills);
        pay
    };
    let amount = |mut pay: Pay, amount_fen| {
        pay.0.input.amount_fen = amount_fen;
        pay
    };
    let cases: Vec<(&str, Pay, Pay, &str)> = vec![
        ("another account", given(), given().to("77"), "accountNumber"),
        ("leading zero", given(), given().to(&format!("0{ACCOUNT}")), "accountNumber"),
        ("another amount", given(), amount(given(), 10_001), "amount"),
        ("another instant", given(), given().paid_at("2026-11-01 12:00:01"), "paidAt"),
        ("time now absent", given(), without(given(), true, false), "paidAt"),
        ("time now given", without(given(), true, false), given(), "paidAt"),
        ("bills in another order", given(), given().naming(&["B2", "B1"]), "billNumbers"),
        ("a bill less", given(), given().naming(&["B1"]), "billNumbers"),
        ("a bill twice", given(), given().naming(&["B1", "B2", "B2"]), "billNumbers"),
        ("bills now absent", given(), without(given(), false, true), "billNumbers"),
        ("all at once", given(), amount(pay("k1", 1).to("77"), 1), "accountNumber"),
        ("all but the account", given(), pay("k1", 1), "amount"),
    ];
    for (name, first, other, field) in cases {
        for channel in [COUNTER, WECHAT] {
            let mut world = world();
            let recorded = world.post(&first.clone().by(channel));
            let entries = world.state.changes.entries.len();
            let refusal = world.refuse(&other.clone().by(channel));
            assert_eq!(refusal.code, PostRefusalCode::IdempotencyKeyReused, "{name}");
            assert_eq!(refusal.field.as_deref(), Some(field), "{name}");
            assert_eq!(world.exceptions("k1"), [ExceptionKind::IdempotencyKeyReused], "{name}");
            assert_eq!(world.state.changes.entries.len(), entries, "{name}");
            let replay = world.pay(&first.clone().by(channel));
            assert_eq!(replay, (Ok(Box::new(recorded)), true), "{name}");
        }
    }
}

#[test]
fn naming_no_bill_is_naming_none() {
    for (first, again) in [(None, Some(vec![])), (Some(vec![]), None)] {
        let (mut world, mut given) = (world(), pay("k1", 10_000));
        given.0.input.bill_numbers = first;
        let posted = world.post(&given);
        given.0.input.bill_numbers = again;
        assert_eq!(world.pay(&given), (Ok(Box::new(posted)), true));
        assert_eq!(world.exceptions("k1"), []);
    }
}

#[test]
fn a_distinct_input_has_words_of_its_own_and_the_same_input_the_same_words() {
    let mut world = world();
    world.post(&given());
    for other in [given().to("77"), given().to("78"), given().to("77"), given().to("77").naming(&[])] {
        world.refuse(&other);
    }
    let details: Vec<&str> =
        world.state.changes.exceptions.iter().map(|exception| exception.detail.as_str()).collect();
    assert_eq!(details[0], details[2]);
    let distinct: std::collections::BTreeSet<&str> = details.iter().copied().collect();
    assert_eq!(distinct.len(), 3);
}

#[test]
fn a_key_used_by_a_reversal_is_no_key_for_a_payment() {
    let mut world = world();
    world.post(&given());
    world.undo("r1", "k1");
    let _outcome = world.reverse("r2", "not-yet");
    for key in ["r1", "r2"] {
        let refusal = world.refuse(&pay(key, 10_000));
        assert_eq!(refusal.code, PostRefusalCode::IdempotencyKeyReused);
        assert_eq!(refusal.field.as_deref(), Some("idempotencyKey"));
        assert_eq!(world.exceptions(key), [ExceptionKind::IdempotencyKeyReused]);
    }
}

#[test]
fn another_channel_has_keys_of_its_own() {
    let mut world = world();
    let first = world.post(&pay("k1", 10_000).by(COUNTER));
    let second = world.post(&pay("k1", 20_000).by(WECHAT));
    assert_ne!(first.id, second.id);
    assert_eq!((world.paid("B1"), world.paid("B2")), ((10_000, 0), (20_000, 0)));
}

#[test]
fn a_refusal_is_replayed_and_a_new_key_may_succeed() {
    let mut world = world();
    let refused = pay("k1", 10_000).to("77");
    let refusal = world.refuse(&refused);
    world.save(
        "77",
        granary::domain::account::CustomerClass::Other,
        granary::domain::account::AccountStatus::Active,
    );
    assert_eq!(world.pay(&refused), (Err(refusal), true));
    world.post(&pay("k2", 10_000).to("77"));
    let conflict = world.refuse(&pay("k1", 10_000));
    assert_eq!(conflict.code, PostRefusalCode::IdempotencyKeyReused);
}

#[test]
fn now_is_recorded_once_when_no_time_was_given() {
    let mut world = world();
    let first = world.on("2026-11-19").post(&pay("k1", 10_000));
    assert_eq!(first.paid_at_ms, first.posted_at_ms);
    let (outcome, replayed) = world.on("2026-11-29").pay(&pay("k1", 10_000));
    assert_eq!((outcome, replayed), (Ok(Box::new(first)), true));
}
