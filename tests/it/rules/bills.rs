//! Issuing bills, and the lines that create accounts and channels.

use granary::domain::account::AccountStatus;
use granary::domain::account::CustomerClass::Commercial;
use granary::domain::base::line::LineOutcome;
use granary::domain::base::money::{FEN_MAX, format_amount, parse_amount};
use granary::domain::bill::{BillStatus, IssueBill};
use granary::domain::book::{Answer, Command};
use granary::domain::channel::{Channel, ChannelChange, ChannelKind, ChannelMode};
use granary::domain::keyed::Answered;

use super::world::{ACCOUNT, COUNTER, World, bill_of, day, line_of, pay};

fn column(outcome: LineOutcome) -> Option<&'static str> {
    match outcome {
        LineOutcome::Refused { column, .. } => Some(column),
        LineOutcome::Saved | LineOutcome::Unchanged => None,
    }
}

#[test]
fn the_same_bill_again_changes_nothing_even_when_paid() {
    let mut world = World::new();
    assert_eq!(world.issue("B1", 10_000, "2026-11-20"), LineOutcome::Saved);
    world.post(&pay("k1", 10_000));
    let (account, bill) = (world.account().clone(), world.bill("B1").clone());
    assert_eq!(world.on("2026-12-01").issue("B1", 10_000, "2026-11-20"), LineOutcome::Unchanged);
    assert_eq!((world.account(), world.bill("B1")), (&account, &bill));
}

#[test]
fn the_same_bill_with_any_other_field_is_refused() {
    let bill = || bill_of("B1", 10_000, "2026-11-20");
    let cases = [
        (IssueBill { period: "2026-09".to_owned(), ..bill() }, "period"),
        (IssueBill { principal_fen: 10_001, ..bill() }, "principal"),
        (IssueBill { issued_on: day("2026-11-01"), ..bill() }, "issued_on"),
        (IssueBill { due_on: day("2026-11-21"), ..bill() }, "due_on"),
    ];
    for (other, expected) in cases {
        let mut world = World::new();
        world.issue_bill(bill());
        assert_eq!(column(world.issue_bill(other)), Some(expected));
        assert_eq!(world.bill("B1").principal_fen, 10_000);
    }
}

#[test]
fn a_change_of_class_does_not_make_another_bill() {
    let mut world = World::new();
    world.issue("B1", 10_000, "2026-11-20");
    world.save(ACCOUNT, Commercial, AccountStatus::Active);
    assert_eq!(world.issue("B1", 10_000, "2026-11-20"), LineOutcome::Unchanged);
}

#[test]
fn bills_that_cannot_be_are_refused_by_column() {
    let bill = || bill_of("B1", 10_000, "2026-11-20");
    let cases = [
        (IssueBill { principal_fen: -1, ..bill() }, Some("principal")),
        (IssueBill { principal_fen: FEN_MAX + 1, ..bill() }, Some("principal")),
        (IssueBill { principal_fen: FEN_MAX, ..bill() }, None),
        (IssueBill { issued_on: day("2026-11-21"), ..bill() }, Some("due_on")),
        (IssueBill { issued_on: day("2026-11-20"), ..bill() }, None),
        (IssueBill { account_number: "999".to_owned(), ..bill() }, Some("account_number")),
    ];
    for (bill, expected) in cases {
        let mut world = World::new();
        assert_eq!(column(world.issue_bill(bill.clone())), expected, "{bill:?}");
        assert_eq!(world.account().last_sequence, i64::from(expected.is_none()));
    }
}

#[test]
fn a_principal_of_zero_is_issued_paid() {
    let mut world = World::new();
    world.post(&pay("k1", 5_000));
    world.issue("B1", 0, "2026-11-20");
    assert_eq!(world.bill("B1").status, BillStatus::Paid);
    assert_eq!((world.due("B1", "2027-11-20"), world.advance()), (0, (5_000, 0)));
    assert_eq!(world.account().open_from, None);
}

#[test]
fn a_bill_number_is_unique_only_within_its_account() {
    let mut world = World::new();
    world.save("77", Commercial, AccountStatus::Active);
    world.issue("B1", 10_000, "2026-11-20");
    let other = IssueBill { account_number: "77".to_owned(), ..bill_of("B1", 500, "2026-11-22") };
    assert_eq!(world.issue_bill(other), LineOutcome::Saved);
    world.post(&pay("k1", 500).to("77").naming(&["B1"]));
    assert_eq!(world.paid("B1"), (0, 0));
}

#[test]
fn closed_and_suspended_accounts_are_billed() {
    for status in [AccountStatus::Closed, AccountStatus::Suspended] {
        let mut world = World::new();
        world.save(ACCOUNT, Commercial, status);
        assert_eq!(world.issue("B1", 10_000, "2026-11-20"), LineOutcome::Saved);
        assert_eq!(world.bill("B1").status, BillStatus::Open);
    }
}

#[test]
fn saving_an_account_again_keeps_its_money() {
    let mut world = World::new();
    world.post(&pay("k1", 5_000));
    world.save(ACCOUNT, Commercial, AccountStatus::Suspended);
    assert_eq!(world.advance(), (5_000, 0));
    assert_eq!((world.account().class, world.account().status), (Commercial, AccountStatus::Suspended));
}

#[test]
fn a_channel_is_registered_once() {
    let counter = Channel::new(COUNTER.to_owned(), ChannelKind::Counter, ChannelMode::Asking);
    let cases = [
        (counter.clone(), None, LineOutcome::Unchanged),
        (Channel { min_fen: 5, ..counter.clone() }, Some("code"), LineOutcome::Unchanged),
        (Channel { code: "app".to_owned(), ..counter }, None, LineOutcome::Saved),
    ];
    for (channel, refused, otherwise) in cases {
        let mut world = World::new();
        world.suspend(COUNTER);
        let outcome = line_of(world.give(Command::ChannelChange(ChannelChange::Add(channel))));
        assert_eq!(column(outcome.clone()), refused);
        assert!(refused.is_some() || outcome == otherwise);
        assert!(world.state.channels[COUNTER].is_suspended, "registering again does not let it go on");
    }
}

#[test]
fn an_unknown_channel_is_told_so() {
    let mut world = World::new();
    let suspend = Command::ChannelChange(ChannelChange::Suspend { code: "nobody".to_owned(), suspend: true });
    assert_eq!(column(line_of(world.give(suspend))), Some("code"));
    let stranger = pay("k1", 100).by("nobody");
    let key = stranger.0.key.clone();
    let answer = world.give(Command::PostPayment(stranger.0));
    assert_eq!(answer, Answer::PostPayment(Answered::UnknownChannel));
    assert_eq!(world.state.keys.record(&key), None);
}

#[test]
fn the_largest_amount_moves_whole() {
    let mut world = World::new();
    world.issue("B1", FEN_MAX, "2026-11-20");
    let payment = world.post(&pay("k1", parse_amount("10000000000.00").unwrap()));
    assert_eq!(format_amount(payment.amount_fen), "10000000000.00");
    assert_eq!(world.paid("B1"), (FEN_MAX, 0));
}
