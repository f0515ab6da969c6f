//! The penalty of a bill that is paid in parts, in order and out of order.

use granary::domain::account::CustomerClass::{Commercial, Residential};
use granary::domain::bill::{BillStatus, Part};

use super::naive;
use super::world::{COUNTER, WECHAT, World, day, lines, noon, pay};

#[test]
fn what_is_paid_on_a_day_lowers_the_penalty_from_the_next_day_on() {
    let mut world = World::new();
    world.issue("B1", 1_000_000, "2026-11-20");
    // Five days of 10,000.00 cost 50.00; the other 4,950.00 lower the principal.
    world.on("2026-11-25").post(&pay("k1", 500_000));
    assert_eq!(world.paid("B1"), (495_000, 5_000));
    // Five more days of 5,050.00 cost 25.25.
    assert_eq!(world.due("B1", "2026-11-25"), 505_000);
    assert_eq!(world.due("B1", "2026-11-26"), 505_505);
    assert_eq!(world.due("B1", "2026-11-30"), 507_525);
    world.on("2026-11-30").post(&pay("k2", 507_525));
    assert_eq!(world.bill("B1").status, BillStatus::Paid);
    assert_eq!(world.paid("B1"), (1_000_000, 7_525));
}

#[test]
fn many_parts_over_a_year_end_are_charged_what_a_clerk_would_charge() {
    let parts = [("2026-12-28", 77_777), ("2026-12-31", 123_456), ("2027-01-01", 1), ("2027-01-20", 300_000)];
    let (due_on, principal_fen) = (day("2026-12-25"), 1_234_567);
    let mut world = World::of_class(Commercial);
    world.issue("B1", principal_fen, "2026-12-25");
    let (mut paid, mut charged_fen) = (Vec::new(), 0);
    for (on, amount_fen) in parts {
        let law = naive::law_of(Commercial);
        let gross_fen = naive::penalty_fen(law, principal_fen, due_on, &paid, day(on));
        let penalty_fen = (gross_fen - charged_fen).min(amount_fen);
        charged_fen += penalty_fen;
        paid.push((day(on), amount_fen - penalty_fen));
        world.on(on).post(&pay(on, amount_fen));
        let principal_paid: i64 = paid.iter().map(|(_, fen)| fen).sum();
        assert_eq!(world.paid("B1"), (principal_paid, charged_fen), "after {on}");
    }
}

#[test]
fn the_minimum_is_charged_once_not_at_each_part() {
    let mut world = World::new();
    world.issue("B1", 10_000, "2026-11-20");
    world.on("2026-11-21").post(&pay("k1", 5_100));
    assert_eq!(world.paid("B1"), (5_000, 100));
    world.on("2026-11-25").post(&pay("k2", 5_000));
    assert_eq!(world.bill("B1").status, BillStatus::Paid);
    assert_eq!(world.paid("B1"), (10_000, 100));
}

#[test]
fn a_part_smaller_than_the_penalty_leaves_the_rest_of_it_due() {
    let mut world = World::new();
    world.issue("B1", 1_000_000, "2026-11-20");
    let first = world.on("2026-11-25").post(&pay("k1", 2_000));
    assert_eq!(lines(&first), [("B1", Part::Penalty, 2_000, 1_003_000)]);
    let second = world.post(&pay("k2", 4_000));
    let settled = [("B1", Part::Penalty, 3_000, 1_000_000), ("B1", Part::Principal, 1_000, 999_000)];
    assert_eq!(lines(&second), settled);
}

#[test]
fn a_part_reported_after_a_later_one_still_counts_on_its_own_day() {
    let mut world = World::new();
    world.issue("B1", 1_000_000, "2026-11-20");
    // Known first: paid on the 30th, ten days of 10,000.00.
    world.on("2026-11-30").post(&pay("k1", 510_000));
    assert_eq!(world.paid("B1"), (500_000, 10_000));
    // Reported later: paid on the 22nd, when 20.00 were owed; more than that was charged already.
    let late = world.on("2026-12-01").post(&pay("k2", 200_000).by(WECHAT).paid_on("2026-11-22"));
    assert_eq!(lines(&late), [("B1", Part::Principal, 200_000, 300_000)]);
    // P(30) would now be 2 × 10.00 + 8 × 8.00 = 84.00, but the 100.00 charged stay charged, and
    // a day at 3,000.00 is swallowed by the difference.
    assert_eq!(world.due("B1", "2026-11-30"), 300_000);
    assert_eq!(world.due("B1", "2026-12-01"), 300_000);
    assert_eq!(world.due("B1", "2026-12-06"), 300_200);
    assert_eq!(world.paid("B1"), (700_000, 10_000));
}

#[test]
fn a_penalty_once_charged_is_not_taken_back_when_an_earlier_payment_is_reported() {
    let mut world = World::new();
    world.issue("B1", 100_000, "2026-11-20");
    world.on("2026-12-10").post(&pay("k1", 102_000));
    assert_eq!(world.bill("B1").status, BillStatus::Paid);
    let late = world.on("2026-12-11").post(&pay("k2", 100_000).by(WECHAT).paid_on("2026-11-19"));
    assert_eq!((late.to_advance_fen, lines(&late).len()), (100_000, 0));
    assert_eq!(world.paid("B1"), (100_000, 2_000));
    assert_eq!(world.advance(), (100_000, 0));
}

#[test]
fn splitting_a_payment_over_one_day_changes_nothing() {
    let mut whole = World::of_class(Commercial);
    whole.issue("B1", 77_777, "2026-11-20");
    whole.on("2026-12-01").post(&pay("k1", 60_000));
    let mut split = World::of_class(Commercial);
    split.issue("B1", 77_777, "2026-11-20");
    for (key, amount_fen) in [("a", 100), ("b", 1_500), ("c", 58_400)] {
        split.on("2026-12-01").post(&pay(key, amount_fen));
    }
    assert_eq!(whole.paid("B1"), split.paid("B1"));
    assert_eq!(whole.due("B1", "2027-02-01"), split.due("B1", "2027-02-01"));
}

#[test]
fn principal_comes_first_where_the_row_of_the_day_of_payment_says_so() {
    let cases = [
        ("2026-11-24", [Part::Penalty, Part::Principal]),
        ("2026-11-25", [Part::Principal, Part::Penalty]),
        ("2026-11-27", [Part::Principal, Part::Penalty]),
        ("2026-11-28", [Part::Penalty, Part::Principal]),
    ];
    for (paid_on, expected) in cases {
        let mut world = World::new();
        world.state.policies.first_part =
            vec![(day("2026-11-28"), Part::Penalty), (day("2026-11-25"), Part::Principal)];
        world.issue("B1", 100_000, "2026-11-20");
        let payment = world.on("2026-12-01").post(&pay("k1", 102_000).paid_on(paid_on));
        let order: Vec<Part> = payment.allocations.iter().map(|allocation| allocation.part).collect();
        assert_eq!(order, expected, "{paid_on}");
        assert_eq!(payment.allocations[1].remaining_after_fen, 0);
    }
}

#[test]
fn with_principal_first_the_penalty_stays_due_and_stops_growing() {
    let mut world = World::new();
    world.state.policies.first_part = vec![(day("2026-01-01"), Part::Principal)];
    world.issue("B1", 1_000_000, "2026-11-20");
    let payment = world.on("2026-11-30").post(&pay("k1", 1_000_000));
    assert_eq!(lines(&payment), [("B1", Part::Principal, 1_000_000, 10_000)]);
    assert_eq!(world.bill("B1").status, BillStatus::PartlyPaid);
    assert_eq!(world.due("B1", "2027-11-30"), 10_000);
    world.on("2026-12-05").post(&pay("k2", 10_000));
    assert_eq!(world.bill("B1").status, BillStatus::Paid);
}

#[test]
fn once_the_principal_is_paid_the_penalty_is_the_same_for_a_payer_of_any_day() {
    let mut world = World::new();
    world.state.policies.first_part = vec![(day("2026-01-01"), Part::Principal)];
    world.issue("B1", 1_000_000, "2026-11-20");
    world.on("2026-11-30").post(&pay("k1", 1_000_000));
    // Paid earlier, reported later: the bill is open for 100.00 and closes with them.
    let late = world.on("2026-12-01").post(&pay("k2", 12_000).by(WECHAT).paid_on("2026-11-22"));
    assert_eq!(lines(&late), [("B1", Part::Penalty, 10_000, 0)]);
    assert_eq!((world.bill("B1").status, world.advance()), (BillStatus::Paid, (2_000, 0)));
}

#[test]
fn a_reversal_between_parts_lets_the_penalty_follow_the_principal_that_stands() {
    let mut world = World::new();
    world.issue("B1", 1_000_000, "2026-11-20");
    world.on("2026-11-22").post(&pay("k1", 902_000));
    assert_eq!(world.paid("B1"), (900_000, 2_000));
    world.on("2026-11-30").post(&pay("k2", 100_800));
    assert_eq!(world.paid("B1"), (1_000_000, 2_800));
    world.undo("r1", "k1");
    assert_eq!(world.paid("B1"), (100_000, 800));
    // Ten days of 10,000.00 and 900.00 still to pay: 100.00 less the 8.00 charged.
    assert_eq!(world.due("B1", "2026-11-30"), 900_000 + 9_200);
}

#[test]
fn a_payer_is_charged_what_principal_paid_on_a_later_day_has_cost() {
    let mut world = World::new();
    world.issue("B1", 1_000_000, "2026-11-20");
    world.on("2026-11-22").post(&pay("k1", 902_000));
    world.on("2026-11-30").post(&pay("k2", 100_800));
    world.undo("r1", "k1");
    // 9,000.00 of principal paid on the 25th; P(30) is 5 × 10.00 + 5 × 1.00 = 55.00, and 8.00 were charged.
    let late = world.on("2026-12-01").post(&pay("k3", 910_000).by(WECHAT).paid_on("2026-11-25"));
    let settled = [("B1", Part::Penalty, 4_700, 900_000), ("B1", Part::Principal, 900_000, 0)];
    assert_eq!(lines(&late), settled);
    assert_eq!((world.bill("B1").status, late.to_advance_fen), (BillStatus::Paid, 5_300));
    let paid = [(day("2026-11-25"), 900_000), (day("2026-11-30"), 100_000)];
    let law = naive::law_of(Residential);
    assert_eq!(naive::penalty_fen(law, 1_000_000, day("2026-11-20"), &paid, day("2026-11-30")), 5_500);
}

#[test]
fn five_minutes_ahead_count_as_now_and_more_is_refused() {
    for (ahead_ms, is_posted) in [(0, true), (300_000, true), (300_001, false)] {
        for channel in [COUNTER, WECHAT] {
            let mut world = World::new();
            world.on("2026-11-05");
            let mut early = pay("k1", 100).by(channel);
            early.0.input.paid_at_ms = Some(world.now_ms + ahead_ms);
            let (outcome, _) = world.pay(&early);
            match outcome {
                Ok(payment) => assert_eq!(payment.paid_at_ms, noon("2026-11-05")),
                Err(_) => assert!(!is_posted),
            }
            assert_eq!(
                world.state.changes.payments.posted.len(),
                usize::from(is_posted),
                "{channel} {ahead_ms}"
            );
        }
    }
}
