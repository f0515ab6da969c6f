//! Sums that must come out whatever the bills, the amounts and the order of events. The invariants of
//! `invariants.rs` are checked after each command of each case.

use chrono::{Days, NaiveDate};
use granary::domain::account::CustomerClass;
use granary::domain::base::money::{FEN_MAX, format_amount, parse_amount};
use granary::domain::bill::{IssueBill, Part};
use granary::domain::book::Command;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::invariants::law_in_force;
use super::naive;
use super::world::{ACCOUNT, COUNTER, Pay, WECHAT, World, bill_of, day, noon, pay};

const DAY_MS: i64 = 86_400_000;

/// One event; numbers choose among what is there.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Issue { principal_fen: i64, due_in_days: i64 },
    Pay { amount_fen: i64, days_back: i64, named: Vec<usize>, is_reported: bool },
    Reverse { nth: usize },
    ReverseEarly { nth: usize },
    Wait { days: i64 },
}

pub(super) fn fen() -> impl Strategy<Value = i64> {
    prop_oneof![1..200_i64, 1..100_000_i64, 1..=FEN_MAX]
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (prop_oneof![Just(0), fen()], -60..30_i64)
            .prop_map(|(principal_fen, due_in_days)| Step::Issue { principal_fen, due_in_days }),
        6 => (fen(), 0..60_i64, vec(0..6_usize, 0..4), any::<bool>()).prop_map(
            |(amount_fen, days_back, named, is_reported)| Step::Pay { amount_fen, days_back, named, is_reported }
        ),
        3 => (0..20_usize).prop_map(|nth| Step::Reverse { nth }),
        1 => (0..4_usize).prop_map(|nth| Step::ReverseEarly { nth }),
        2 => (1..40_i64).prop_map(|days| Step::Wait { days }),
    ]
}

pub(super) fn class() -> impl Strategy<Value = CustomerClass> {
    select(CustomerClass::ALL)
}

/// Days on which the order of parts turns, if it ever does.
pub(super) fn first_part() -> impl Strategy<Value = Vec<(NaiveDate, Part)>> {
    prop_oneof![
        Just(vec![]),
        Just(vec![(day("2020-01-01"), Part::Principal)]),
        Just(vec![(day("2026-10-20"), Part::Principal), (day("2026-11-20"), Part::Penalty)]),
    ]
}

/// Runs the steps and returns the world after them; every command has been checked on the way.
fn run(class: CustomerClass, first_part: Vec<(NaiveDate, Part)>, steps: &[Step]) -> World {
    let mut world = World::of_class(class);
    world.state.policies.first_part = first_part;
    play(&mut world, steps);
    world
}

/// Lets the steps happen in this world.
pub(super) fn play(world: &mut World, steps: &[Step]) {
    let mut bills = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        match step {
            Step::Issue { principal_fen, due_in_days } => {
                let number = format!("B{}", bills.len());
                world.issue_bill(bill_due_in(world, &number, *principal_fen, *due_in_days));
                bills.push(number);
            }
            Step::Pay { amount_fen, days_back, named, is_reported } => {
                let given = payment(world, &bills, (*amount_fen, *days_back), named);
                let key = format!("k{index}");
                let channel = if *is_reported { WECHAT } else { COUNTER };
                let _outcome = world.pay(&keyed(given, &key).by(channel));
            }
            Step::Reverse { nth } => {
                let payments = &world.state.changes.payments.posted;
                let target = payments.get(*nth).map(|p| (p.channel_code.clone(), p.idempotency_key.clone()));
                if let Some((channel, key)) = target {
                    let _outcome = world.reverse_by(&channel, &format!("r{index}"), &key, "any");
                }
            }
            Step::ReverseEarly { nth } => {
                let _outcome = world.reverse(&format!("r{index}"), &format!("k{}", index + nth + 1));
            }
            Step::Wait { days } => world.now_ms += days * DAY_MS,
        }
    }
}

fn bill_due_in(world: &World, number: &str, principal_fen: i64, days: i64) -> IssueBill {
    let due_on = today(world) + chrono::TimeDelta::days(days);
    bill_of(number, principal_fen, &due_on.to_string())
}

pub(super) fn today(world: &World) -> NaiveDate {
    granary::domain::base::calendar::day_of(world.now_ms, world.state.policies.zone)
}

pub(super) fn payment(
    world: &World,
    bills: &[String],
    (amount_fen, days_back): (i64, i64),
    named: &[usize],
) -> Pay {
    let named: Vec<&str> = named.iter().filter_map(|nth| bills.get(*nth)).map(String::as_str).collect();
    let mut given = pay("", amount_fen).naming(&named);
    given.0.input.paid_at_ms = Some(world.now_ms - days_back * DAY_MS);
    given
}

pub(super) fn keyed(mut given: Pay, key: &str) -> Pay {
    given.0.key.text = key.to_owned();
    given
}

/// Everything of the account except how many movements there were.
fn standing(world: &World) -> impl PartialEq + std::fmt::Debug + use<> {
    let mut known = world.state.accounts[ACCOUNT].clone();
    known.account.last_sequence = 0;
    (known.account, known.bills)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_invariants_hold_after_any_sequence_of_commands(
        class in class(), first_part in first_part(), steps in vec(step(), 1..24),
    ) {
        run(class, first_part, &steps);
    }

    #[test]
    fn the_parts_of_a_payment_add_up_to_it(
        class in class(), steps in vec(step(), 0..10), amount_fen in fen(), days_back in 0..90_i64,
    ) {
        let mut world = run(class, Vec::new(), &steps);
        let bills: Vec<String> = world.state.accounts[ACCOUNT].bills.iter().map(|b| b.number.clone()).collect();
        let given = keyed(payment(&world, &bills, (amount_fen, days_back), &[]), "last");
        let posted = world.post(&given.by(WECHAT));
        let allocated: i64 = posted.allocations.iter().map(|allocation| allocation.amount_fen).sum();
        prop_assert_eq!(allocated + posted.to_advance_fen + posted.to_suspense_fen, amount_fen);
        prop_assert!(posted.to_advance_fen == 0 || world.account().open_from.is_none());
    }

    #[test]
    fn splitting_a_payment_over_one_day_leaves_the_same_bills(
        class in class(), first_part in first_part(), steps in vec(step(), 1..12),
        parts in vec(fen().prop_map(|fen| fen.min(FEN_MAX / 5)), 2..5), days_back in 0..30_i64, named in vec(0..4_usize, 0..3),
    ) {
        let total_fen = parts.iter().sum::<i64>();
        let mut whole = run(class, first_part.clone(), &steps);
        let mut split = run(class, first_part, &steps);
        // Reported, since a later part may name a bill that an earlier one has paid.
        let bills: Vec<String> =
            whole.state.accounts[ACCOUNT].payable_bills().map(|bill| bill.number.clone()).collect();
        let given = payment(&whole, &bills, (total_fen, days_back), &named);
        whole.post(&keyed(given.clone(), "whole").by(WECHAT));
        for (nth, amount_fen) in parts.iter().enumerate() {
            let mut part = keyed(given.clone(), &format!("part-{nth}"));
            part.0.input.amount_fen = *amount_fen;
            split.post(&part.by(WECHAT));
        }
        prop_assert_eq!(standing(&whole), standing(&split));
    }

    #[test]
    fn a_reversal_with_nothing_in_between_restores_account_and_bills(
        class in class(), first_part in first_part(), steps in vec(step(), 1..16),
        amount_fen in fen(), days_back in 0..60_i64, wait in 0..60_i64, named in vec(0..4_usize, 0..3),
    ) {
        let mut world = run(class, first_part, &steps);
        let bills: Vec<String> = world.state.accounts[ACCOUNT].bills.iter().map(|b| b.number.clone()).collect();
        let before = standing(&world);
        let given = payment(&world, &bills, (amount_fen, days_back), &named);
        world.post(&keyed(given, "last").by(WECHAT));
        world.now_ms += wait * DAY_MS;
        let _outcome = world.reverse_by(WECHAT, "undo", "last", "any");
        prop_assert_eq!(before, standing(&world));
    }

    #[test]
    fn the_penalty_charged_is_what_a_clerk_would_charge(
        class in class(), principal_fen in fen(), due_in_days in -40..40_i64,
        parts in vec((1..1_000_000_i64, 0..30_i64), 1..6),
    ) {
        let mut world = World::of_class(class);
        let bill = bill_due_in(&world, "B0", principal_fen, due_in_days);
        let due_on = bill.due_on;
        let law = law_in_force(&world.state, class, due_on);
        world.issue_bill(bill);
        let (mut paid, mut charged_fen): (Vec<(NaiveDate, i64)>, i64) = (Vec::new(), 0);
        for (nth, (amount_fen, days)) in parts.iter().enumerate() {
            world.now_ms += days * DAY_MS;
            let on = today(&world);
            let gross_fen = naive::penalty_fen(law, principal_fen, due_on, &paid, on);
            let unpaid_fen = principal_fen - paid.iter().map(|(_, fen)| fen).sum::<i64>();
            let penalty_fen = (gross_fen - charged_fen).max(0).min(*amount_fen);
            prop_assert_eq!(world.due("B0", &on.to_string()), unpaid_fen + (gross_fen - charged_fen).max(0));
            world.post(&pay(&format!("k{nth}"), *amount_fen));
            charged_fen += penalty_fen;
            paid.push((on, (amount_fen - penalty_fen).min(unpaid_fen)));
            prop_assert_eq!(world.bill("B0").penalty_paid_fen, charged_fen);
        }
    }

    #[test]
    fn a_command_given_twice_changes_nothing_the_second_time(
        class in class(), steps in vec(step(), 1..12), amount_fen in fen(),
    ) {
        let mut world = run(class, Vec::new(), &steps);
        let given = pay("last", amount_fen).by(WECHAT);
        let first = world.post(&given);
        let (before, entries) = (standing(&world), world.state.changes.entries.len());
        world.now_ms += DAY_MS;
        let (again, replayed) = world.pay(&given);
        prop_assert!(replayed);
        prop_assert_eq!(again, Ok(Box::new(first)));
        prop_assert_eq!((before, entries), (standing(&world), world.state.changes.entries.len()));
    }

    #[test]
    fn amounts_round_trip_as_text(fen in prop_oneof![Just(FEN_MAX), 0..=FEN_MAX]) {
        prop_assert_eq!(parse_amount(&format_amount(fen)), Some(fen));
    }

    #[test]
    fn advance_costs_no_penalty_however_late_the_bill_comes(
        class in class(), principal_fen in fen(), late_days in 0..400_u64,
    ) {
        let mut world = World::of_class(class);
        world.post(&pay("k0", principal_fen));
        let due_on = today(&world);
        world.now_ms = noon(&(due_on + Days::new(late_days)).to_string());
        world.give(Command::IssueBill(bill_of("B0", principal_fen, &due_on.to_string())));
        prop_assert_eq!(world.paid("B0"), (principal_fen, 0));
        prop_assert_eq!(world.advance(), (0, 0));
    }
}
