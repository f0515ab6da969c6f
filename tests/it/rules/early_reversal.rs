//! A reversal that arrives before its payment.

use granary::domain::base::ledger::LedgerAccount;
use granary::domain::bill::BillStatus;
use granary::domain::exception::ExceptionKind;
use granary::domain::payment::PostRefusalCode;
use granary::domain::reversal::{ReverseOutcome, ReverseRefusalCode, Undone};

use super::world::{COUNTER, WECHAT, World, pay};

fn code_of(outcome: ReverseOutcome) -> ReverseRefusalCode {
    match outcome {
        Err(refusal) => refusal.code,
        outcome => panic!("not refused: {outcome:?}"),
    }
}

#[test]
fn the_payment_posts_wholly_to_the_advance_and_is_reversed_at_once() {
    for channel in [COUNTER, WECHAT] {
        let mut world = World::new();
        world.issue("B1", 10_000, "2026-11-20");
        let (outcome, replayed) = world.reverse_by(channel, "r1", "k1", "typed twice");
        assert_eq!((outcome, replayed), (Ok(Undone::Remembered(None)), false));
        let before = world.account().clone();
        let payment = world.post(&pay("k1", 10_000).by(channel).naming(&["B1"]));
        assert_eq!((payment.to_advance_fen, payment.allocations.len()), (10_000, 0));
        let reversal = payment.reversal.clone().unwrap();
        assert!(reversal.is_early);
        assert_eq!(reversal.idempotency_key, "r1");
        assert_eq!((world.advance(), world.bill("B1").status), ((0, 0), BillStatus::Open));
        assert_eq!(world.account().last_sequence, before.last_sequence + 2);
        assert_eq!(world.exceptions("k1"), []);
        let replay = world.pay(&pay("k1", 10_000).by(channel).naming(&["B1"]));
        assert_eq!(replay, (Ok(Box::new(payment.clone())), true));
        let again = world.reverse_by(channel, "r1", "k1", "typed twice");
        assert_eq!(again, (Ok(Undone::Remembered(Some(Box::new(payment)))), true));
    }
}

#[test]
fn neither_advance_nor_shortfall_moves() {
    let mut world = World::new();
    world.post(&pay("k0", 6_000));
    let _outcome = world.reverse("r1", "k1");
    world.post(&pay("k1", 10_000));
    assert_eq!(world.advance(), (6_000, 0));
    world.issue("B1", 6_000, "2026-11-20");
    world.undo("r0", "k0");
    assert_eq!(world.advance(), (0, 6_000));
    let _outcome = world.reverse("r2", "k2");
    world.post(&pay("k2", 10_000));
    assert_eq!(world.advance(), (0, 6_000));
}

#[test]
fn a_payment_without_a_place_goes_through_suspense() {
    let mut world = World::new();
    let _outcome = world.reverse_by(WECHAT, "r1", "k1", "refunded");
    let payment = world.post(&pay("k1", 10_000).by(WECHAT).to("999"));
    assert_eq!((payment.to_suspense_fen, payment.sequence), (10_000, None));
    assert!(payment.reversal.is_some_and(|reversal| reversal.is_early && reversal.sequence.is_none()));
    assert_eq!(world.balance("999", LedgerAccount::Suspense), 0);
    assert_eq!(world.exceptions("k1"), [ExceptionKind::AccountNotFound]);
}

#[test]
fn the_payment_is_decided_as_usual() {
    let mut world = World::new();
    let _outcome = world.reverse("r1", "k1");
    let refusal = world.refuse(&pay("k1", 10_000).naming(&["B9"]));
    assert_eq!(refusal.code, PostRefusalCode::BillNotFound);
    assert_eq!(code_of(world.reverse("r2", "k1").0), ReverseRefusalCode::PaymentWasRefused);
    assert_eq!(world.reverse("r1", "k1"), (Ok(Undone::Remembered(None)), true));

    let mut world = World::new();
    let _outcome = world.reverse_by(WECHAT, "r1", "k1", "refunded");
    world.post(&pay("k1", 10_000).by(WECHAT).naming(&["B9"]));
    assert_eq!(world.exceptions("k1"), [ExceptionKind::BillNotFound]);
}

#[test]
fn a_second_reversal_of_a_payment_awaited_is_refused() {
    let mut world = World::new();
    let _outcome = world.reverse("r1", "k1");
    assert_eq!(world.reverse("r1", "k1"), (Ok(Undone::Remembered(None)), true));
    assert_eq!(code_of(world.reverse("r2", "k1").0), ReverseRefusalCode::PaymentAlreadyReversed);
    let payment = Box::new(world.post(&pay("k1", 10_000)));
    assert_eq!(code_of(world.reverse("r3", "k1").0), ReverseRefusalCode::PaymentAlreadyReversed);
    let replay = (Ok(Undone::Remembered(Some(payment))), true);
    assert_eq!(world.reverse("r1", "k1"), replay, "the first answer for ever, with what has come since");
    assert_eq!(world.state.changes.payments.reversals.len(), 1);
}

#[test]
fn totals_count_both_on_the_day_the_payment_came() {
    let mut world = World::new();
    let _outcome = world.on("2026-11-02").reverse("r1", "k1");
    assert!(world.state.changes.channels.totals.is_empty());
    world.on("2026-11-05").post(&pay("k1", 10_000));
    let key = (COUNTER.to_owned(), "2026-11-05".parse().unwrap());
    let total = world.state.changes.channels.totals[&key];
    assert_eq!((total.posted_fen, total.reversed_fen), (10_000, 10_000));
    assert_eq!((total.posted_count, total.reversed_count), (1, 1));
}
