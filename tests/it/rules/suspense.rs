//! Money that was taken and can't be placed.

use granary::domain::account::AccountStatus;
use granary::domain::account::CustomerClass::Residential;
use granary::domain::base::ledger::LedgerAccount;
use granary::domain::exception::ExceptionKind;
use granary::domain::reversal::Undone;

use super::world::{ACCOUNT, Pay, WECHAT, World, pay};

fn unplaced() -> [(Pay, bool, ExceptionKind); 4] {
    let reported = pay("k1", 10_000).by(WECHAT);
    [
        (reported.clone().to("999"), false, ExceptionKind::AccountNotFound),
        (reported.clone().to("户号 12"), false, ExceptionKind::AccountNumberMalformed),
        (reported.clone().to(""), false, ExceptionKind::AccountNumberMalformed),
        (reported, true, ExceptionKind::ChannelSuspended),
    ]
}

#[test]
fn reported_money_that_has_no_place_waits_under_the_number_given() {
    for (reported, is_suspended, kind) in unplaced() {
        let mut world = World::new();
        world.issue("B1", 10_000, "2026-11-20");
        if is_suspended {
            world.suspend(WECHAT);
        }
        let before = world.account().clone();
        let payment = world.post(&reported);
        let given = reported.0.input.account_number.as_str();
        assert_eq!((payment.to_suspense_fen, payment.sequence), (10_000, None), "{kind:?}");
        assert_eq!(payment.account_number, given);
        assert_eq!(world.balance(given, LedgerAccount::Suspense), 10_000);
        assert_eq!(world.exceptions("k1"), [kind]);
        assert_eq!(world.account(), &before, "no account was touched");
        assert_eq!(world.paid("B1"), (0, 0));
    }
}

#[test]
fn suspense_is_reversed_like_any_payment() {
    for (reported, is_suspended, kind) in unplaced() {
        let mut world = World::new();
        if is_suspended {
            world.suspend(WECHAT);
        }
        world.post(&reported);
        let (outcome, _) = world.reverse_by(WECHAT, "r1", "k1", "refunded");
        assert!(matches!(outcome, Ok(Undone::Reversed(_))), "{kind:?}: {outcome:?}");
        let given = reported.0.input.account_number.as_str();
        assert_eq!(world.balance(given, LedgerAccount::Suspense), 0);
        assert_eq!(world.state.changes.payments.reversals[0].sequence, None);
    }
}

#[test]
fn an_account_opened_later_neither_moves_nor_repeats_what_was_in_suspense() {
    let mut world = World::new();
    let reported = pay("k1", 10_000).by(WECHAT).to("999");
    let first = world.post(&reported);
    world.save("999", Residential, AccountStatus::Active);
    let (outcome, replayed) = world.pay(&reported);
    assert!(replayed);
    assert_eq!(outcome, Ok(Box::new(first)));
    assert_eq!(world.state.accounts["999"].account.advance_fen, 0);
    let (outcome, _) = world.reverse_by(WECHAT, "r1", "k1", "refunded");
    assert!(matches!(outcome, Ok(Undone::Reversed(_))));
    assert_eq!(world.state.accounts["999"].account.last_sequence, 0);
}

#[test]
fn leading_zeros_make_another_account() {
    let mut world = World::new();
    let payment = world.post(&pay("k1", 10_000).by(WECHAT).to(ACCOUNT.trim_start_matches('0')));
    assert_eq!(payment.to_suspense_fen, 10_000);
    assert_eq!(world.exceptions("k1"), [ExceptionKind::AccountNotFound]);
}
