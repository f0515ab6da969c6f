//! Which amounts a channel accepts.

use granary::domain::account::CustomerClass::{self, Commercial, Residential};
use granary::domain::channel::AmountRule::{self, Any, Exact, ExactOrMore};
use granary::domain::payment::PostRefusalCode;
use granary::domain::payment::PostRefusalCode::AmountNotAccepted;

use super::world::{COUNTER, World, pay};

/// Two bills of 100.00 and 200.00, both ten days overdue on 30 November: 1.00 and 2.00 of penalty.
fn world() -> World {
    let mut world = World::new();
    world.issue("B1", 10_000, "2026-11-20");
    world.issue("B2", 20_000, "2026-11-20");
    world.on("2026-11-30");
    world
}

fn code(world: &mut World, pay: &super::world::Pay) -> Option<PostRefusalCode> {
    match world.pay(pay).0 {
        Ok(_) => None,
        Err(refusal) => {
            assert_eq!(refusal.field.as_deref(), Some("amount"));
            Some(refusal.code)
        }
    }
}

#[test]
fn exactness_is_measured_against_the_bills_named_else_against_all() {
    let no = Some(AmountNotAccepted);
    let cases: &[(AmountRule, &[&str], i64, Option<PostRefusalCode>)] = &[
        (Any, &[], 1, None),
        (Any, &["B1"], 99_999, None),
        (Exact, &[], 30_300, None),
        (Exact, &[], 30_299, no),
        (Exact, &[], 30_301, no),
        (Exact, &["B1"], 10_100, None),
        (Exact, &["B2"], 10_100, no),
        (Exact, &["B2"], 20_200, None),
        (Exact, &["B1", "B1"], 10_100, None),
        (Exact, &["B1", "B1"], 20_200, no),
        (Exact, &["B2", "B1"], 30_300, None),
        (ExactOrMore, &[], 30_299, no),
        (ExactOrMore, &[], 30_300, None),
        (ExactOrMore, &[], 99_999, None),
        (ExactOrMore, &["B1"], 10_099, no),
        (ExactOrMore, &["B1"], 10_100, None),
        (ExactOrMore, &["B1"], 30_000, None),
    ];
    for (rule, named, amount_fen, expected) in cases {
        let mut world = world();
        world.rule(COUNTER, None, *rule);
        let given = pay("k1", *amount_fen).naming(named);
        assert_eq!(code(&mut world, &given), *expected, "{rule:?} {named:?} {amount_fen}");
    }
}

#[test]
fn what_is_due_is_what_was_due_when_the_payer_paid() {
    let mut world = world();
    world.rule(COUNTER, None, Exact);
    assert_eq!(code(&mut world, &pay("k1", 30_300).paid_on("2026-11-19")), Some(AmountNotAccepted));
    assert_eq!(code(&mut world, &pay("k2", 30_000).paid_on("2026-11-19")), None);
}

#[test]
fn where_nothing_is_due_exact_rules_refuse() {
    for (rule, expected) in
        [(Any, None), (Exact, Some(AmountNotAccepted)), (ExactOrMore, Some(AmountNotAccepted))]
    {
        let mut world = World::new();
        world.rule(COUNTER, None, rule);
        assert_eq!(code(&mut world, &pay("k1", 1)), expected, "{rule:?}");
    }
}

#[test]
fn a_shortfall_counts_as_due_unless_bills_are_named() {
    let mut world = World::new();
    world.post(&pay("k1", 6_000));
    world.issue("B1", 6_000, "2026-11-20");
    world.undo("r1", "k1");
    world.issue("B2", 5_000, "2026-11-25");
    world.rule(COUNTER, None, Exact);
    assert_eq!(code(&mut world, &pay("k2", 11_000).naming(&["B2"])), Some(AmountNotAccepted));
    assert_eq!(code(&mut world, &pay("k3", 5_000).naming(&["B2"])), None);
    assert_eq!(code(&mut world, &pay("k4", 5_999)), Some(AmountNotAccepted));
    assert_eq!(code(&mut world, &pay("k5", 6_000)), None);
    assert_eq!(world.advance(), (0, 0));
}

#[test]
fn a_class_has_its_own_rule_else_the_channels() {
    let own = Some(Residential);
    type Rules<'a> = &'a [(Option<CustomerClass>, AmountRule)];
    let cases: &[(Rules, CustomerClass, Option<PostRefusalCode>)] = &[
        (&[], Residential, None),
        (&[(None, Exact)], Residential, Some(AmountNotAccepted)),
        (&[(own, Exact)], Residential, Some(AmountNotAccepted)),
        (&[(own, Exact)], Commercial, None),
        (&[(None, Exact), (own, Any)], Residential, None),
        (&[(None, Exact), (own, Any)], Commercial, Some(AmountNotAccepted)),
    ];
    for (rules, class, expected) in cases {
        let mut world = World::of_class(*class);
        for (of_class, rule) in *rules {
            world.rule(COUNTER, *of_class, *rule);
        }
        assert_eq!(code(&mut world, &pay("k1", 5)), *expected, "{rules:?} {class:?}");
    }
}

#[test]
fn minimum_and_maximum_bind_whatever_the_rule() {
    let cases = [(999, false), (1_000, true), (40_000, true), (40_001, false)];
    for (amount_fen, is_accepted) in cases {
        for rule in [Any, ExactOrMore] {
            let mut world = World::new();
            world.issue("B1", 500, "2026-11-20");
            world.rule(COUNTER, None, rule);
            let channel = world.state.channels.get_mut(COUNTER).unwrap();
            (channel.min_fen, channel.max_fen) = (1_000, 40_000);
            let refused = code(&mut world, &pay("k1", amount_fen));
            assert_eq!(refused.is_none(), is_accepted, "{rule:?} {amount_fen}");
        }
    }
}
