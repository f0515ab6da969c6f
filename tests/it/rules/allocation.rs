//! Which bills a payment settles, and in which order.

use granary::domain::account::CustomerClass::Residential;
use granary::domain::bill::BillStatus;
use granary::domain::bill::Part::{Penalty, Principal};

use super::world::{ACCOUNT, Line, WECHAT, World, lines, pay};

/// Three bills: B1 due latest, B3 due first; B2 and B4 due on one day.
fn world() -> World {
    let mut world = World::new();
    world.issue("B1", 10_000, "2026-11-28");
    world.issue("B4", 40_000, "2026-11-25");
    world.issue("B2", 20_000, "2026-11-25");
    world.issue("B3", 30_000, "2026-11-20");
    world
}

#[test]
fn bills_are_settled_as_named_then_by_age_then_by_number() {
    let cases: &[(&[&str], i64, &[&str])] = &[
        (&[], 100_000, &["B3", "B2", "B4", "B1"]),
        (&[], 30_000, &["B3"]),
        (&[], 30_001, &["B3", "B2"]),
        (&["B1"], 100_000, &["B1", "B3", "B2", "B4"]),
        (&["B1", "B4"], 100_000, &["B1", "B4", "B3", "B2"]),
        (&["B4", "B1"], 45_000, &["B4", "B1"]),
        (&["B4", "B4", "B1", "B4"], 100_000, &["B4", "B1", "B3", "B2"]),
    ];
    for (named, amount_fen, expected) in cases {
        let mut world = world();
        let payment = world.on("2026-11-10").post(&pay("k1", *amount_fen).naming(named));
        let order: Vec<&str> = lines(&payment).iter().map(|line| line.0).collect();
        assert_eq!(&order, expected, "{named:?} {amount_fen}");
        assert!(lines(&payment).iter().all(|line| line.1 == Principal));
    }
}

#[test]
fn each_allocation_says_what_remained_on_its_bill() {
    let mut world = world();
    // On the 30th: B3 owes ten days (3.00), B2 and B4 five (1.00 at least, 2.00), B1 two (1.00 at least).
    let payment = world.on("2026-11-30").post(&pay("k1", 60_000).naming(&["B1", "B2"]));
    let expected: &[Line] = &[
        ("B1", Penalty, 100, 10_000),
        ("B1", Principal, 10_000, 0),
        ("B2", Penalty, 100, 20_000),
        ("B2", Principal, 20_000, 0),
        ("B3", Penalty, 300, 30_000),
        ("B3", Principal, 29_500, 500),
    ];
    assert_eq!(lines(&payment), expected);
    assert_eq!(world.bill("B3").status, BillStatus::PartlyPaid);
    assert_eq!(world.bill("B4").status, BillStatus::Open);
    assert_eq!(world.advance(), (0, 0));
}

#[test]
fn one_payment_of_many_bills_is_one_key_one_sequence_and_replayed_as_one() {
    let mut world = world();
    let whole = pay("k1", 100_500).naming(&["B2", "B1"]);
    let payment = world.on("2026-11-10").post(&whole);
    assert_eq!((payment.allocations.len(), payment.to_advance_fen), (4, 500));
    assert_eq!(payment.sequence, Some(world.account().last_sequence));
    assert_eq!(world.entries_of(payment.id).len(), 5);
    let (before, count) = (world.account().clone(), world.state.changes.entries.len());
    let (outcome, replayed) = world.on("2027-01-01").pay(&whole);
    assert!(replayed);
    assert_eq!(outcome, Ok(Box::new(payment)));
    assert_eq!((world.account(), world.state.changes.entries.len()), (&before, count));
}

#[test]
fn surplus_goes_to_the_advance_only_after_all_bills() {
    let mut world = world();
    let payment = world.on("2026-11-10").post(&pay("k1", 100_001).naming(&["B1"]));
    assert_eq!(payment.to_advance_fen, 1);
    assert_eq!(world.advance(), (1, 0));
    assert_eq!(world.account().open_from, None);
}

#[test]
fn open_from_moves_with_the_oldest_payable_bill() {
    let mut world = world();
    let oldest = |world: &World| world.account().open_from.map(|day| day.to_string());
    assert_eq!(oldest(&world).as_deref(), Some("2026-11-20"));
    world.on("2026-11-10").post(&pay("k1", 30_000));
    assert_eq!(oldest(&world).as_deref(), Some("2026-11-25"));
    world.post(&pay("k2", 60_000));
    assert_eq!(oldest(&world).as_deref(), Some("2026-11-28"));
    world.undo("r1", "k1");
    assert_eq!(oldest(&world).as_deref(), Some("2026-11-20"));
    world.post(&pay("k3", 40_000));
    assert_eq!(oldest(&world), None);
}

#[test]
fn bills_of_another_account_are_out_of_reach() {
    let mut world = world();
    world.save("77", Residential, granary::domain::account::AccountStatus::Active);
    let payment = world.post(&pay("k1", 10_000).by(WECHAT).to("77").naming(&["B1"]));
    assert_eq!((payment.to_advance_fen, lines(&payment).len()), (10_000, 0));
    assert_eq!(world.bill("B1").status, BillStatus::Open);
    assert_eq!(world.state.accounts["77"].account.advance_fen, 10_000);
    assert_eq!(world.state.accounts[ACCOUNT].account.advance_fen, 0);
}
