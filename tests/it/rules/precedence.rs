//! One payment against which everything speaks: as each objection is taken away, the next is heard.

use granary::domain::account::{AccountStatus, CustomerClass};
use granary::domain::base::refusal::RefusalCode;
use granary::domain::channel::AmountRule;
use granary::domain::payment::PostRefusalCode as Code;
use granary::domain::reversal::ReverseRefusalCode;

use super::world::{ACCOUNT, COUNTER, Pay, World, pay};

type Step = (Code, Option<&'static str>, fn(&mut World, &mut Pay));

#[test]
fn refusals_are_heard_in_the_documented_order() {
    let mut world = World::new();
    world.issue("B1", 10_000, "2026-11-20");
    world.post(&pay("paid", 10_000));
    world.issue("B2", 20_000, "2026-11-25");
    world.rule(COUNTER, None, AmountRule::Exact);
    world.close();
    world.suspend(COUNTER);
    let mut wrong = pay("paid", 30_000).to("12a").paid_at("2026-11-01 13:00:00").naming(&["B1", "B9", "B2"]);

    // What is heard, and what is put right afterwards.
    let steps: &[Step] = &[
        (Code::IdempotencyKeyReused, Some("accountNumber"), |_, _| {}),
        (Code::AccountNumberMalformed, Some("accountNumber"), |_, pay| {
            pay.0.input.account_number = "12".to_owned();
        }),
        (Code::ChannelSuspended, None, |world, _| {
            world.state.channels.get_mut(COUNTER).unwrap().is_suspended = false;
        }),
        (Code::PaidAtOutOfRange, Some("paidAt"), |_, pay| {
            pay.0.input.paid_at_ms = Some(0);
        }),
        (Code::PaidAtOutOfRange, Some("paidAt"), |_, pay| pay.0.input.paid_at_ms = None),
        (Code::AccountNotFound, Some("accountNumber"), |_, pay| {
            pay.0.input.account_number = ACCOUNT.to_owned();
        }),
        (Code::AccountClosed, Some("accountNumber"), |world, _| {
            world.save(ACCOUNT, CustomerClass::Residential, AccountStatus::Active);
        }),
        (Code::BillNotFound, Some("billNumbers"), |world, _| {
            world.issue("B9", 5_000, "2026-11-25");
        }),
        (Code::BillNotPayable, Some("billNumbers"), |_, pay| {
            pay.0.input.bill_numbers = Some(vec!["B9".to_owned(), "B2".to_owned()]);
        }),
        (Code::AmountNotAccepted, Some("amount"), |_, pay| pay.0.input.amount_fen = 25_000),
    ];
    let mut heard = Vec::new();
    for (index, (code, field, put_right)) in steps.iter().enumerate() {
        let refusal = world.refuse(&wrong);
        assert_eq!((refusal.code, refusal.field.as_deref()), (*code, *field), "step {index}");
        assert!(!refusal.message.is_empty());
        heard.push(refusal.code);
        put_right(&mut world, &mut wrong);
        wrong.0.key.text = format!("try-{index}");
    }
    world.post(&wrong);

    // The malformed account number outranks the key at the door, where the key is not yet looked at.
    let inside: Vec<Code> = Code::ALL
        .iter()
        .copied()
        .filter(|code| {
            !matches!(
                code,
                Code::IdempotencyKeyMalformed
                    | Code::AccountNumberMalformed
                    | Code::AmountOutOfRange
                    | Code::InputMalformed
            )
        })
        .collect();
    heard.retain(|code| *code != Code::AccountNumberMalformed);
    heard.dedup();
    assert_eq!(heard, inside, "every code was heard once, in the order of declaration");
}

#[test]
fn no_refusal_may_be_retried_under_its_key() {
    assert!(Code::ALL.iter().all(|code| !code.is_retryable()));
    assert!(ReverseRefusalCode::ALL.iter().all(|code| !code.is_retryable()));
}
