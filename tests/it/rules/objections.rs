//! What speaks against a payment: an asking channel hears no, a reporting channel's money is posted
//! all the same and each difference is written down once.

use granary::domain::account::{AccountStatus, CustomerClass};
use granary::domain::channel::AmountRule;
use granary::domain::exception::ExceptionKind as Kind;
use granary::domain::payment::PostRefusalCode as Code;

use super::world::{ACCOUNT, COUNTER, Pay, WECHAT, World, instant, pay};

struct Case {
    name: &'static str,
    arrange: fn(&mut World),
    pay: Pay,
    refusal: (Code, Option<&'static str>),
    exceptions: &'static [Kind],
    /// To bills, to advance, to suspense.
    placed: (i64, i64, i64),
}

fn rule(world: &mut World, rule: AmountRule) {
    world.rule(COUNTER, None, rule);
    world.rule(WECHAT, None, rule);
}

fn limits(world: &mut World, min_fen: i64, max_fen: i64) {
    for channel in world.state.channels.values_mut() {
        (channel.min_fen, channel.max_fen) = (min_fen, max_fen);
    }
}

fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "a channel that is suspended",
            arrange: |world| {
                world.suspend(COUNTER);
                world.suspend(WECHAT);
            },
            pay: pay("k1", 10_000),
            refusal: (Code::ChannelSuspended, None),
            exceptions: &[Kind::ChannelSuspended],
            placed: (0, 0, 10_000),
        },
        Case {
            name: "a payment too long ago",
            arrange: |_| {},
            pay: pay("k1", 10_000).paid_at("2025-09-27 11:59:59"),
            refusal: (Code::PaidAtOutOfRange, Some("paidAt")),
            exceptions: &[Kind::PaidAtOutOfRange],
            placed: (10_000, 0, 0),
        },
        Case {
            name: "a malformed account number",
            arrange: |_| {},
            pay: pay("k1", 10_000).to("12a"),
            refusal: (Code::AccountNumberMalformed, Some("accountNumber")),
            exceptions: &[Kind::AccountNumberMalformed],
            placed: (0, 0, 10_000),
        },
        Case {
            name: "an unknown account",
            arrange: |_| {},
            pay: pay("k1", 10_000).to("12"),
            refusal: (Code::AccountNotFound, Some("accountNumber")),
            exceptions: &[Kind::AccountNotFound],
            placed: (0, 0, 10_000),
        },
        Case {
            name: "more than is due on a closed account",
            arrange: World::close,
            pay: pay("k1", 30_001),
            refusal: (Code::AccountClosed, Some("accountNumber")),
            exceptions: &[Kind::AccountClosed],
            placed: (30_000, 1, 0),
        },
        Case {
            name: "a named bill that doesn't exist",
            arrange: |_| {},
            pay: pay("k1", 10_000).naming(&["B9", "B2"]),
            refusal: (Code::BillNotFound, Some("billNumbers")),
            exceptions: &[Kind::BillNotFound],
            placed: (10_000, 0, 0),
        },
        Case {
            name: "a named bill that is paid",
            arrange: |world| {
                world.post(&pay("k0", 10_000).naming(&["B1"]));
            },
            pay: pay("k1", 15_000).naming(&["B1"]),
            refusal: (Code::BillNotPayable, Some("billNumbers")),
            exceptions: &[Kind::BillNotPayable],
            placed: (15_000, 0, 0),
        },
        Case {
            name: "less than the channel accepts",
            arrange: |world| limits(world, 500, 40_000),
            pay: pay("k1", 499),
            refusal: (Code::AmountNotAccepted, Some("amount")),
            exceptions: &[Kind::AmountNotAccepted],
            placed: (499, 0, 0),
        },
        Case {
            name: "more than the channel accepts",
            arrange: |world| limits(world, 500, 40_000),
            pay: pay("k1", 40_001),
            refusal: (Code::AmountNotAccepted, Some("amount")),
            exceptions: &[Kind::AmountNotAccepted],
            placed: (30_000, 10_001, 0),
        },
        Case {
            name: "less than exactly",
            arrange: |world| rule(world, AmountRule::Exact),
            pay: pay("k1", 29_999),
            refusal: (Code::AmountNotAccepted, Some("amount")),
            exceptions: &[Kind::AmountNotAccepted],
            placed: (29_999, 0, 0),
        },
        Case {
            name: "more than exactly",
            arrange: |world| rule(world, AmountRule::Exact),
            pay: pay("k1", 30_001),
            refusal: (Code::AmountNotAccepted, Some("amount")),
            exceptions: &[Kind::AmountNotAccepted],
            placed: (30_000, 1, 0),
        },
        Case {
            name: "two different differences",
            arrange: |world| {
                world.post(&pay("k0", 10_000).naming(&["B1"]));
            },
            pay: pay("k1", 15_000).naming(&["B1", "B8", "B9"]),
            refusal: (Code::BillNotFound, Some("billNumbers")),
            exceptions: &[Kind::BillNotFound, Kind::BillNotPayable],
            placed: (15_000, 0, 0),
        },
    ]
}

/// B1 of 100.00 and B2 of 200.00, not yet due.
fn world(case: &Case) -> World {
    let mut world = World::new();
    world.issue("B1", 10_000, "2026-11-20");
    world.issue("B2", 20_000, "2026-11-25");
    (case.arrange)(&mut world);
    world
}

#[test]
fn an_asking_channel_is_refused_and_hears_the_same_for_ever() {
    for case in cases() {
        let mut world = world(&case);
        let (entries, account) = (world.state.changes.entries.len(), world.account().clone());
        let refusal = world.refuse(&case.pay);
        assert_eq!((refusal.code, refusal.field.as_deref()), case.refusal, "{}", case.name);
        assert_eq!(world.exceptions("k1"), [], "{}", case.name);
        assert_eq!(world.state.changes.entries.len(), entries, "{}", case.name);
        assert_eq!(world.account(), &account, "a refusal takes no sequence: {}", case.name);
        // Whatever made it impossible is gone, but the refusal stands.
        limits(&mut world, 1, 1_000_000);
        rule(&mut world, AmountRule::Any);
        world.save(ACCOUNT, CustomerClass::Residential, AccountStatus::Active);
        world.save("12", CustomerClass::Residential, AccountStatus::Active);
        world.issue("B9", 1, "2026-11-28");
        let again = world.pay(&case.pay);
        assert_eq!(again, (Err(refusal), true), "{}", case.name);
    }
}

#[test]
fn a_reporting_channel_is_posted_and_leaves_one_row_for_each_difference() {
    for case in cases() {
        let mut world = world(&case);
        let payment = world.post(&case.pay.clone().by(WECHAT));
        let to_bills: i64 = payment.allocations.iter().map(|allocation| allocation.amount_fen).sum();
        let placed = (to_bills, payment.to_advance_fen, payment.to_suspense_fen);
        assert_eq!(placed, case.placed, "{}", case.name);
        assert_eq!(world.exceptions("k1"), case.exceptions, "{}", case.name);
        let rows = world.state.changes.exceptions.iter();
        assert!(rows.clone().all(|row| row.payment_id == Some(payment.id)), "{}", case.name);
        let count = rows.count();
        let _outcome = world.pay(&case.pay.clone().by(WECHAT));
        assert_eq!(world.state.changes.exceptions.len(), count, "a replay adds none: {}", case.name);
    }
}

#[test]
fn surplus_on_a_reporting_channel_is_a_difference_unless_it_is_a_top_up() {
    type Case<'a> = (&'a str, AmountRule, &'a [&'a str], i64, &'a [Kind]);
    let cases: &[Case] = &[
        ("a top-up", AmountRule::Any, &[], 50_000, &[]),
        ("a bill named", AmountRule::Any, &["B1"], 50_000, &[Kind::Overpayment]),
        ("a bill named, nothing left over", AmountRule::Any, &["B1"], 30_000, &[]),
        ("more than exactly", AmountRule::ExactOrMore, &[], 50_000, &[Kind::Overpayment]),
        ("more than exactly, named", AmountRule::ExactOrMore, &["B1"], 50_000, &[Kind::Overpayment]),
        ("as much as is due", AmountRule::ExactOrMore, &[], 30_000, &[]),
    ];
    for (name, amount_rule, named, amount_fen, expected) in cases {
        for channel in [COUNTER, WECHAT] {
            let mut world = World::new();
            world.issue("B1", 10_000, "2026-11-20");
            world.issue("B2", 20_000, "2026-11-25");
            rule(&mut world, *amount_rule);
            let payment = world.post(&pay("k1", *amount_fen).by(channel).naming(named));
            assert_eq!(payment.to_advance_fen, amount_fen - 30_000, "{name}");
            let expected = if channel == WECHAT { *expected } else { &[] };
            assert_eq!(world.exceptions("k1"), expected, "{name} by {channel}");
        }
    }
}

#[test]
fn settling_a_shortfall_is_no_overpayment() {
    for (amount_fen, expected) in [(6_000, &[][..]), (6_001, &[Kind::Overpayment][..])] {
        let mut world = World::new();
        world.post(&pay("k0", 6_000));
        world.issue("B1", 6_000, "2026-11-20");
        world.undo("r0", "k0");
        rule(&mut world, AmountRule::ExactOrMore);
        world.post(&pay("k1", amount_fen).by(WECHAT));
        assert_eq!(world.exceptions("k1"), expected, "{amount_fen}");
    }
}

#[test]
fn a_payment_ahead_of_time_is_refused_even_when_reported() {
    let mut world = World::new();
    let refusal = world.refuse(&pay("k1", 100).by(WECHAT).paid_at("2026-11-01 12:05:01"));
    assert_eq!((refusal.code, refusal.field.as_deref()), (Code::PaidAtOutOfRange, Some("paidAt")));
    assert_eq!(world.exceptions("k1"), []);
}

#[test]
fn how_far_back_is_counted_to_the_millisecond_and_set_by_the_channel() {
    let now = instant("2026-11-01 12:00:00");
    for (days, back_ms, is_accepted) in [(400, 0, true), (400, 1, false), (0, 0, true), (0, 1, false)] {
        let mut world = World::new();
        world.state.channels.get_mut(COUNTER).unwrap().paid_at_back_days = days;
        let mut old = pay("k1", 100);
        old.0.input.paid_at_ms = Some(now - days * 86_400_000 - back_ms);
        let is_posted = world.pay(&old).0.is_ok();
        assert_eq!(is_posted, is_accepted, "{days} days, {back_ms} ms");
    }
}

#[test]
fn closed_accounts_pay_their_open_bills_and_suspended_ones_pay_like_active_ones() {
    let cases = [
        (AccountStatus::Closed, 29_999, true),
        (AccountStatus::Closed, 30_000, true),
        (AccountStatus::Closed, 30_001, false),
        (AccountStatus::Suspended, 30_001, true),
    ];
    for (status, amount_fen, is_posted) in cases {
        for named in [&[][..], &["B2"][..]] {
            let mut world = World::new();
            world.issue("B1", 10_000, "2026-11-20");
            world.issue("B2", 20_000, "2026-11-25");
            world.save(ACCOUNT, CustomerClass::Residential, status);
            let outcome = world.pay(&pay("k1", amount_fen).naming(named)).0;
            let posted = outcome.is_ok();
            assert_eq!(posted, is_posted, "{status:?} {amount_fen} {named:?}");
        }
    }
}
