//! What lateness adds to a bill on which nothing was paid before.

use chrono_tz::Tz;
use granary::domain::account::CustomerClass::{Agricultural, Commercial, Industrial, Other, Residential};
use granary::domain::account::{AccountStatus, CustomerClass};
use granary::domain::base::line::LineOutcome;
use granary::domain::bill::Part;

use super::naive::{self, Law};
use super::world::{ACCOUNT, World, day, instant, lines, pay, policy};

#[test]
fn penalty_follows_class_days_and_years() {
    let cases: &[(CustomerClass, i64, &str, &str, i64)] = &[
        // On the due date and before it nothing is added.
        (Residential, 1_000_000, "2026-11-20", "2026-11-10", 0),
        (Residential, 1_000_000, "2026-11-20", "2026-11-20", 0),
        // 1 per mille a day for households, over the year end as well.
        (Residential, 1_000_000, "2026-11-20", "2026-11-21", 1_000),
        (Residential, 1_000_000, "2026-11-20", "2026-11-30", 10_000),
        (Residential, 1_000_000, "2026-12-30", "2027-01-02", 3_000),
        // 2 per mille for all others in the year the bill fell due, 3 in later years.
        (Commercial, 1_000_000, "2026-11-20", "2026-11-21", 2_000),
        (Commercial, 1_000_000, "2026-12-30", "2026-12-31", 2_000),
        (Commercial, 1_000_000, "2026-12-30", "2027-01-01", 5_000),
        (Industrial, 1_000_000, "2026-12-30", "2027-01-02", 8_000),
        (Agricultural, 1_000_000, "2026-12-31", "2027-01-01", 3_000),
        (Other, 1_000_000, "2026-12-30", "2028-01-01", 2_000 + 366 * 3_000),
        // One yuan at least, once there is any.
        (Residential, 1, "2026-11-20", "2026-11-21", 100),
        (Residential, 10_000, "2026-11-20", "2026-11-29", 100),
        (Residential, 10_000, "2026-11-20", "2026-11-30", 100),
        (Residential, 10_000, "2026-11-20", "2026-12-01", 110),
        // Half a fen is rounded up, less is rounded down.
        (Residential, 100_499, "2026-11-20", "2026-11-21", 100),
        (Residential, 100_500, "2026-11-20", "2026-11-21", 101),
        (Residential, 101_499, "2026-11-20", "2026-11-21", 101),
        (Residential, 33_333, "2026-11-20", "2026-12-05", 500),
        (Residential, 33_366, "2026-11-20", "2026-12-05", 500),
        (Residential, 33_367, "2026-11-20", "2026-12-05", 501),
        // The largest principal there can be.
        (Commercial, 1_000_000_000_000, "2026-12-30", "2027-01-01", 5_000_000_000),
    ];
    for &(class, principal_fen, due_on, paid_on, expected) in cases {
        let naive = naive::penalty_fen(naive::law_of(class), principal_fen, day(due_on), &[], day(paid_on));
        assert_eq!(naive, expected, "the case itself: {class:?} {principal_fen} {due_on} {paid_on}");
        let mut world = World::of_class(class);
        world.issue("B1", principal_fen, due_on);
        let due = world.due("B1", paid_on);
        assert_eq!(due - principal_fen, expected, "{class:?} {principal_fen} {due_on} {paid_on}");
    }
}

#[test]
fn what_is_shown_as_penalty_is_what_the_payer_is_charged() {
    let mut world = World::new();
    world.issue("B1", 50_000, "2026-11-20");
    let payment = world.on("2026-11-30").post(&pay("k1", 50_500));
    let settled = [("B1", Part::Penalty, 500, 50_000), ("B1", Part::Principal, 50_000, 0)];
    assert_eq!(lines(&payment), settled);
    assert_eq!(world.paid("B1"), (50_000, 500));
}

#[test]
fn paid_in_time_and_reported_late_costs_nothing() {
    let mut world = World::new();
    world.issue("B1", 50_000, "2026-11-20");
    let payment = world.on("2026-12-20").post(&pay("k1", 50_000).paid_on("2026-11-20"));
    assert_eq!(lines(&payment), [("B1", Part::Principal, 50_000, 0)]);
}

#[test]
fn the_day_of_payment_is_a_day_of_the_utilitys_zone() {
    let cases = [("2026-11-20 23:59:59", 0), ("2026-11-21 00:00:00", 100), ("2026-11-21 07:59:59", 100)];
    for (paid_at, penalty_fen) in cases {
        let mut world = World::new();
        world.issue("B1", 50_000, "2026-11-20");
        world.on("2026-11-25").post(&pay("k1", 50_100).paid_at(paid_at));
        assert_eq!(world.paid("B1"), (50_000, penalty_fen), "{paid_at}");
    }
    let mut world = World::new();
    world.state.policies.zone = Tz::UTC;
    world.issue("B1", 50_000, "2026-11-20");
    world.now_ms = instant("2026-11-21 07:59:59");
    world.post(&pay("k1", 50_000));
    assert_eq!(world.paid("B1"), (50_000, 0), "still 20 November in UTC");
}

#[test]
fn the_class_is_that_of_the_day_of_issue() {
    let mut world = World::of_class(Commercial);
    world.issue("B1", 1_000_000, "2026-11-20");
    world.save(ACCOUNT, Residential, AccountStatus::Active);
    world.issue("B2", 1_000_000, "2026-11-20");
    assert_eq!(world.due("B1", "2026-11-21"), 1_002_000);
    assert_eq!(world.due("B2", "2026-11-21"), 1_001_000);
}

#[test]
fn the_count_starts_on_the_start_day() {
    let cases =
        [(1, "2026-11-21", 1_000), (4, "2026-11-23", 0), (4, "2026-11-24", 1_000), (4, "2026-11-26", 3_000)];
    for (start_day, on, expected) in cases {
        let law = Law { due_year_permille: 1, later_years_permille: 1, start_day, minimum_fen: 100 };
        let mut world = World::new();
        world.state.policies.penalty = vec![policy(Residential, "2026-01-01", law)];
        world.issue("B1", 1_000_000, "2026-11-20");
        assert_eq!(world.due("B1", on) - 1_000_000, expected, "start day {start_day}, {on}");
        assert_eq!(naive::penalty_fen(law, 1_000_000, day("2026-11-20"), &[], day(on)), expected);
    }
}

#[test]
fn a_start_day_in_the_next_year_leaves_only_the_later_rate() {
    let law = Law { due_year_permille: 2, later_years_permille: 3, start_day: 10, minimum_fen: 0 };
    let mut world = World::of_class(Commercial);
    world.state.policies.penalty = vec![policy(Commercial, "2026-01-01", law)];
    world.issue("B1", 1_000_000, "2026-12-30");
    assert_eq!(world.due("B1", "2027-01-08"), 1_000_000);
    assert_eq!(world.due("B1", "2027-01-10"), 1_006_000);
}

#[test]
fn the_row_in_force_on_the_due_date_governs_for_life() {
    let law = |permille, minimum_fen| Law {
        due_year_permille: permille,
        later_years_permille: permille,
        start_day: 1,
        minimum_fen,
    };
    let rows = vec![
        policy(Residential, "2026-12-01", law(5, 900)),
        policy(Residential, "2026-11-01", law(1, 100)),
        policy(Commercial, "2026-01-01", law(7, 0)),
    ];
    let cases = [
        ("2026-11-01", "2026-11-02", 100),
        ("2026-11-30", "2026-12-02", 200),
        ("2026-12-01", "2026-12-02", 900),
        ("2026-12-01", "2026-12-03", 1_000),
    ];
    for (due_on, on, expected) in cases {
        let mut world = World::new();
        world.state.policies.penalty.clone_from(&rows);
        world.issue("B1", 100_000, due_on);
        assert_eq!(world.due("B1", on) - 100_000, expected, "due {due_on}, paid {on}");
    }
    let mut world = World::new();
    world.state.policies.penalty = rows;
    let LineOutcome::Refused { column, reason } = world.issue("B1", 100_000, "2026-10-31") else {
        panic!("a bill that no row covers was issued")
    };
    assert_eq!(
        (column, reason.as_str()),
        ("due_on", "no penalty row covers class RESIDENTIAL on 2026-10-31")
    );
}

#[test]
fn a_rate_of_zero_adds_nothing_not_even_the_minimum() {
    let law = Law { due_year_permille: 0, later_years_permille: 3, start_day: 1, minimum_fen: 100 };
    let mut world = World::of_class(Commercial);
    world.state.policies.penalty = vec![policy(Commercial, "2026-01-01", law)];
    world.issue("B1", 1_000_000, "2026-12-20");
    assert_eq!(world.due("B1", "2026-12-31"), 1_000_000);
    assert_eq!(world.due("B1", "2027-01-01"), 1_003_000);
}
