//! Undoing a payment that was posted.

use granary::domain::base::ledger::LedgerAccount::{Advance, Clearing, Penalty, Receivable};
use granary::domain::bill::BillStatus;
use granary::domain::exception::ExceptionKind;
use granary::domain::reversal::{ReverseOutcome, ReverseRefusalCode, Undone};

use super::world::{COUNTER, WECHAT, World, pay};

fn refused(outcome: &ReverseOutcome) -> (ReverseRefusalCode, Option<&str>) {
    match outcome {
        Err(refusal) => (refusal.code, refusal.field.as_deref()),
        outcome => panic!("not refused: {outcome:?}"),
    }
}

#[test]
fn with_nothing_in_between_the_state_before_is_restored() {
    let mut world = World::new();
    world.issue("B1", 10_000, "2026-11-20");
    world.issue("B2", 20_000, "2026-11-25");
    world.on("2026-11-30").post(&pay("k0", 5_000));
    let (account, bills) =
        (world.account().clone(), world.state.accounts[super::world::ACCOUNT].bills.clone());
    world.on("2026-12-05").post(&pay("k1", 90_000).naming(&["B2"]));
    assert_ne!(world.state.accounts[super::world::ACCOUNT].bills, bills);
    world.on("2027-02-01").undo("r1", "k1");
    assert_eq!(world.state.accounts[super::world::ACCOUNT].bills, bills);
    let sequence = world.account().last_sequence;
    assert_eq!(world.account().last_sequence, account.last_sequence + 2);
    assert_eq!(world.account(), &granary::domain::account::Account { last_sequence: sequence, ..account });
}

#[test]
fn its_own_entries_run_backwards_newest_first() {
    let mut world = World::new();
    world.issue("B1", 10_000, "2026-11-20");
    let payment = world.on("2026-11-30").post(&pay("k1", 10_500));
    let reversed = world.undo("r1", "k1");
    let reversal_id = reversed.reversal.unwrap().id;
    let row = |entry: &&granary::domain::base::ledger::Entry| (entry.debit, entry.credit, entry.amount_fen);
    let posted: Vec<_> = world.entries_of(payment.id).iter().map(row).collect();
    let undone: Vec<_> = world.entries_of(reversal_id).iter().map(row).collect();
    assert_eq!(posted, [(Clearing, Penalty, 100), (Clearing, Receivable, 10_000), (Clearing, Advance, 400)]);
    assert_eq!(undone, [(Advance, Clearing, 400), (Receivable, Clearing, 10_000), (Penalty, Clearing, 100)]);
}

#[test]
fn later_payments_stay_where_they_are() {
    let mut world = World::new();
    world.issue("B1", 10_000, "2026-11-20");
    world.issue("B2", 20_000, "2026-11-25");
    world.on("2026-11-10").post(&pay("k1", 10_000));
    let later = world.post(&pay("k2", 12_000));
    world.undo("r1", "k1");
    assert_eq!((world.paid("B1"), world.paid("B2")), ((0, 0), (12_000, 0)));
    assert_eq!(world.bill("B1").status, BillStatus::Open);
    let (outcome, _) = world.pay(&pay("k2", 12_000));
    assert_eq!(outcome, Ok(Box::new(later)));
}

#[test]
fn the_payment_shows_its_reversal_and_repeats_what_was_recorded() {
    let mut world = World::new();
    world.issue("B1", 10_000, "2026-11-20");
    let posted = world.post(&pay("k1", 12_000));
    let reversed = world.undo("r1", "k1");
    let reversal = reversed.reversal.clone().unwrap();
    assert_eq!((reversal.payment_id, reversal.is_early), (posted.id, false));
    let (outcome, replayed) = world.pay(&pay("k1", 12_000));
    assert!(replayed);
    assert_eq!(outcome, Ok(Box::new(reversed.clone())));
    assert_eq!(granary::domain::payment::Payment { reversal: None, ..reversed }, posted);
}

#[test]
fn a_payment_is_reversed_once() {
    let mut world = World::new();
    world.post(&pay("k1", 10_000));
    world.undo("r1", "k1");
    let (outcome, _) = world.reverse("r2", "k1");
    let expected = (ReverseRefusalCode::PaymentAlreadyReversed, Some("paymentIdempotencyKey"));
    assert_eq!(refused(&outcome), expected);
    let (again, replayed) = world.reverse("r2", "k1");
    assert_eq!((again, replayed), (outcome, true));
    assert_eq!((world.advance(), world.state.changes.payments.reversals.len()), ((0, 0), 1));
}

#[test]
fn a_reversal_that_comes_again_is_replayed() {
    let mut world = World::new();
    world.post(&pay("k1", 10_000));
    let first = world.reverse("r1", "k1");
    let again = world.reverse("r1", "k1");
    assert_eq!((&first.0, first.1, again.1), (&again.0, false, true));
    assert_eq!(world.state.changes.payments.reversals.len(), 1);
}

#[test]
fn a_refused_payment_has_nothing_to_reverse() {
    let mut world = World::new();
    world.refuse(&pay("k1", 10_000).to("999"));
    let (outcome, _) = world.reverse("r1", "k1");
    let expected = (ReverseRefusalCode::PaymentWasRefused, Some("paymentIdempotencyKey"));
    assert_eq!(refused(&outcome), expected);
    assert_eq!(world.reverse("r1", "k1"), (outcome, true));
}

#[test]
fn a_conflicting_reversal_names_the_field_and_moves_nothing() {
    let cases: &[(&str, &str, &str, &str)] = &[
        ("another payment", "r1", "k2", "paymentIdempotencyKey"),
        ("another reason", "r1", "k1", "reason"),
        ("a payment's key as its own", "k2", "k1", "idempotencyKey"),
        ("its own key as the payment's", "k2", "k2", "idempotencyKey"),
        ("a free key as both", "r9", "r9", "idempotencyKey"),
        ("a remembered payment's key as its own", "late", "k2", "idempotencyKey"),
        ("a reversal's key as the payment's", "r9", "r1", "paymentIdempotencyKey"),
    ];
    for &(case, key, payment_key, field) in cases {
        let mut world = World::new();
        world.post(&pay("k1", 10_000));
        world.post(&pay("k2", 10_000));
        world.undo("r1", "k1");
        let _outcome = world.reverse("r0", "late");
        let entries = world.state.changes.entries.len();
        let reason = if field == "reason" { "another" } else { "typed twice" };
        let (outcome, replayed) = world.reverse_by(COUNTER, key, payment_key, reason);
        let expected = (ReverseRefusalCode::IdempotencyKeyReused, Some(field));
        assert_eq!((refused(&outcome), replayed), (expected, false), "{case}");
        assert_eq!(world.exceptions(key), [ExceptionKind::IdempotencyKeyReused], "{case}");
        assert_eq!(world.state.changes.entries.len(), entries, "{case}");
        let (again, _) = world.reverse_by(COUNTER, key, payment_key, reason);
        assert_eq!(again, outcome, "{case}: the retry hears the same");
    }
}

#[test]
fn keys_of_another_channel_are_another_scope() {
    let mut world = World::new();
    world.post(&pay("k1", 10_000));
    let (outcome, _) = world.reverse_by(WECHAT, "r1", "k1", "typed twice");
    assert_eq!(outcome, Ok(Undone::Remembered(None)));
    assert_eq!(world.advance(), (10_000, 0));
    world.undo("r1", "k1");
    assert_eq!(world.advance(), (0, 0));
}

#[test]
fn a_suspended_channel_still_replays_and_reverses() {
    for channel in [COUNTER, WECHAT] {
        let mut world = World::new();
        world.issue("B1", 10_000, "2026-11-20");
        let first = world.post(&pay("k1", 10_000).by(channel));
        world.suspend(channel);
        let replay = world.pay(&pay("k1", 10_000).by(channel));
        assert_eq!(replay, (Ok(Box::new(first)), true));
        let (outcome, _) = world.reverse_by(channel, "r1", "k1", "typed twice");
        assert!(matches!(outcome, Ok(Undone::Reversed(_))), "{channel}");
        assert_eq!(world.bill("B1").status, BillStatus::Open);
    }
}

#[test]
fn a_part_in_the_middle_is_reversed_and_the_bill_follows() {
    let mut world = World::new();
    world.issue("B1", 30_000, "2026-11-20");
    for key in ["k1", "k2", "k3"] {
        world.on("2026-11-15").post(&pay(key, 10_000));
    }
    assert_eq!(world.bill("B1").status, BillStatus::Paid);
    world.undo("r2", "k2");
    assert_eq!((world.paid("B1"), world.bill("B1").status), ((20_000, 0), BillStatus::PartlyPaid));
    assert_eq!(world.bill("B1").principal_by_day.to_text(), "2026-11-15=20000");
    world.undo("r1", "k1");
    world.undo("r3", "k3");
    assert_eq!((world.paid("B1"), world.bill("B1").status), ((0, 0), BillStatus::Open));
}

#[test]
fn a_closed_account_takes_reversals() {
    let mut world = World::new();
    world.issue("B1", 10_000, "2026-11-20");
    world.post(&pay("k1", 15_000));
    world.close();
    world.undo("r1", "k1");
    assert_eq!((world.bill("B1").status, world.advance()), (BillStatus::Open, (0, 0)));
}
