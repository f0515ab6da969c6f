//! Quote, pay, settled (product rule 6): what is paid at an instant lowers what was quoted for it by
//! just that, whatever payments of later days are known.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use granary::domain::base::money::{FEN_MAX, SUM_FEN_MAX};
use granary::domain::bill::{Allocation, Bill, BillStatus, Part};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::invariants::{law_in_force, principal_by_day};
use super::naive;
use super::properties::{class, fen, first_part, keyed, payment, play, step, today};
use super::world::{ACCOUNT, WECHAT, World, day, lines, pay};

/// The order of parts turned round.
fn principal_first() -> Vec<(NaiveDate, Part)> {
    vec![(day("2026-01-01"), Part::Principal)]
}

/// 1,000.00 due on the 1st; 500.00 paid on the 3rd, the rest with its penalty on the 11th, and the
/// first of the two undone. What stands is 502.00 of principal and 4.02 of penalty, of the 11th.
fn paid_on_a_later_day() -> World {
    let mut world = World::new();
    world.issue("B1", 100_000, "2026-11-01");
    world.on("2026-11-03").post(&pay("k1", 50_000));
    world.on("2026-11-11").post(&pay("k2", 50_602));
    assert_eq!((world.bill("B1").status, world.advance()), (BillStatus::Paid, (0, 0)));
    world.undo("r1", "k1");
    assert_eq!(world.paid("B1"), (50_200, 402));
    world.on("2026-11-12");
    world
}

#[test]
fn what_is_quoted_for_a_day_before_a_known_payment_settles_the_bill() {
    let penalty_first = [("B1", Part::Penalty, 249, 49_800), ("B1", Part::Principal, 49_800, 0)];
    let turned_round = [("B1", Part::Principal, 49_800, 249), ("B1", Part::Penalty, 249, 0)];
    for (first_part, settled) in [(vec![], penalty_first), (principal_first(), turned_round)] {
        let mut world = paid_on_a_later_day();
        world.state.policies.first_part = first_part;
        // Three days of 1,000.00 and seven of 502.00 are 6.51; 4.02 of them were charged.
        assert_eq!(world.due("B1", "2026-11-04"), 50_049);
        let late = world.post(&pay("k3", 50_049).by(WECHAT).paid_on("2026-11-04"));
        assert_eq!(lines(&late), settled);
        assert_eq!((world.bill("B1").status, world.advance()), (BillStatus::Paid, (0, 0)));
    }
}

#[test]
fn a_part_of_what_is_quoted_leaves_just_the_rest() {
    for first_part in [vec![], principal_first()] {
        for amount_fen in [1, 248, 249, 250, 20_000, 49_799, 49_800, 49_801, 50_048, 50_049, 50_050] {
            let mut world = paid_on_a_later_day();
            world.state.policies.first_part.clone_from(&first_part);
            world.post(&pay("k3", amount_fen).by(WECHAT).paid_on("2026-11-04"));
            let rest_fen = 50_049 - amount_fen.min(50_049);
            assert_eq!(world.due("B1", "2026-11-04"), rest_fen, "{first_part:?} {amount_fen}");
            assert_eq!(world.bill("B1").status == BillStatus::Paid, rest_fen == 0);
        }
    }
}

#[test]
fn the_minimum_that_a_later_payment_has_cost_is_quoted_for_a_day_before_any_was_owed() {
    let mut world = World::new();
    world.state.policies.first_part = principal_first();
    world.issue("B1", 10_000, "2026-11-01");
    world.on("2026-11-05").post(&pay("k1", 5_000));
    assert_eq!(world.paid("B1"), (5_000, 0));
    // Four days of the 50.00 that came late are 0.20, and so 1.00.
    assert_eq!(world.due("B1", "2026-10-30"), 5_100);
    let late = world.post(&pay("k2", 5_100).by(WECHAT).paid_on("2026-10-30"));
    assert_eq!(lines(&late), [("B1", Part::Principal, 5_000, 100), ("B1", Part::Penalty, 100, 0)]);
    assert_eq!(world.bill("B1").status, BillStatus::Paid);
}

#[test]
fn nothing_is_due_on_a_cancelled_bill_and_what_was_charged_stays() {
    let world = paid_on_a_later_day();
    let bill = Bill { status: BillStatus::Cancelled, ..world.bill("B1").clone() };
    let policy = world.state.policies.penalty_of(&bill);
    for on in ["2026-10-30", "2026-11-04", "2027-11-04"] {
        assert_eq!((bill.amount_due_fen(policy, day(on)), bill.penalty_fen(policy, day(on))), (0, 402));
    }
}

/// What a payer asks and pays for.
#[derive(Debug, Clone)]
enum Share {
    All,
    /// This much less than all, or more where it is negative.
    AllBut(i64),
    PerMille(i64),
    Fen(i64),
}

impl Share {
    fn of_fen(&self, due_fen: i64) -> i64 {
        let wanted = match self {
            Self::All => due_fen,
            Self::AllBut(fen) => due_fen - fen,
            Self::PerMille(share) => due_fen / 1_000 * share,
            Self::Fen(fen) => *fen,
        };
        wanted.clamp(1, granary::domain::base::money::FEN_MAX)
    }
}

fn share() -> impl Strategy<Value = Share> {
    prop_oneof![
        4 => Just(Share::All),
        2 => (-200..200_i64).prop_map(Share::AllBut),
        2 => (1..1_000_i64).prop_map(Share::PerMille),
        1 => fen().prop_map(Share::Fen),
    ]
}

fn due_fen(world: &World, bill: &Bill, on: NaiveDate) -> i64 {
    bill.amount_due_fen(world.state.policies.penalty_of(bill), on)
}

/// What is due on all bills and the shortfall.
fn due_in_all_fen(world: &World, on: NaiveDate) -> i64 {
    let bills = world.state.accounts[ACCOUNT].bills.iter();
    bills.map(|bill| due_fen(world, bill, on)).sum::<i64>() + world.account().shortfall_fen
}

/// The quote is the clerk's; the sum that bills show comes out; what is paid has nothing due on it.
fn check_quotes(world: &World, on: NaiveDate) {
    for bill in &world.state.accounts[ACCOUNT].bills {
        let policy = world.state.policies.penalty_of(bill);
        let law = law_in_force(&world.state, bill.class, bill.due_on);
        let paid = principal_by_day(&world.state, bill);
        for on in [on, on + Days::new(1), bill.due_on, on + Days::new(100)] {
            let due = due_fen(world, bill, on);
            let in_all = naive::settled_penalty_fen(law, bill.principal_fen, bill.due_on, &paid, on);
            let expected = bill.principal_due_fen() + (in_all - bill.penalty_paid_fen).max(0);
            assert_eq!(due, expected, "{on}: {bill:?}");
            let paid_fen = bill.principal_paid_fen + bill.penalty_paid_fen;
            assert_eq!(bill.principal_fen + bill.penalty_fen(policy, on) - paid_fen, due, "{on}: {bill:?}");
            assert_eq!(bill.status == BillStatus::Paid, due == 0, "{on}: {bill:?}");
        }
    }
}

/// Each allocation says what remains of what was due on its bill.
fn check_remainders(quoted: &BTreeMap<String, i64>, allocations: &[Allocation]) {
    for (nth, allocation) in allocations.iter().enumerate() {
        let of_bill = |other: &&Allocation| other.bill_number == allocation.bill_number;
        let so_far: i64 = allocations[..=nth].iter().filter(of_bill).map(|other| other.amount_fen).sum();
        let due = quoted[&allocation.bill_number];
        assert_eq!(allocation.remaining_after_fen, due - so_far, "{allocation:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn paying_lowers_what_is_due_at_that_instant_by_what_is_paid(
        class in class(), first_part in first_part(), minimum_fen in select(vec![0, 100, 20_000]),
        steps in vec(step(), 1..16), payers in vec((share(), 0..90_i64, vec(0..4_usize, 0..3)), 1..4),
    ) {
        let mut world = World::of_class(class);
        world.state.policies.first_part = first_part;
        world.state.policies.penalty.iter_mut().for_each(|policy| policy.minimum_fen = minimum_fen);
        play(&mut world, &steps);
        for (nth, (share, days_back, named)) in payers.iter().enumerate() {
            let on = today(&world) - chrono::TimeDelta::days(*days_back);
            check_quotes(&world, on);
            let before = due_in_all_fen(&world, on);
            let known = world.state.accounts[ACCOUNT].bills.iter();
            let quoted: BTreeMap<String, i64> =
                known.map(|bill| (bill.number.clone(), due_fen(&world, bill, on))).collect();
            let bills: Vec<String> = quoted.keys().cloned().collect();
            let amount_fen = share.of_fen(before);
            let given = payment(&world, &bills, (amount_fen, *days_back), named);
            let posted = world.post(&keyed(given, &format!("payer-{nth}")).by(WECHAT));
            prop_assert_eq!(due_in_all_fen(&world, on), before - amount_fen.min(before));
            check_remainders(&quoted, &posted.allocations);
            check_quotes(&world, on);
        }
    }
}

#[test]
fn what_is_due_is_told_with_sixteen_digits_at_most_and_never_overflows() {
    let mut world = World::new();
    world.issue("B1", FEN_MAX, "2020-01-01");
    let bills = vec![world.bill("B1").clone(); 20_000];
    let last = day("9999-12-31");
    assert_eq!(world.state.policies.due_fen(world.account(), &bills, last), SUM_FEN_MAX);
    for policy in &mut world.state.policies.penalty {
        policy.due_year_permille = 1_000;
        policy.later_years_permille = 1_000;
    }
    let (policies, bill) = (&world.state.policies, world.bill("B1"));
    assert_eq!(bill.penalty_fen(policies.penalty_of(bill), last), SUM_FEN_MAX);
    assert_eq!(policies.due_fen(world.account(), &bills, last), SUM_FEN_MAX);
}
