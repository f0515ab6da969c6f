//! Money not yet owed, and money that was used and then reversed away.

use granary::domain::account::CustomerClass::Residential;
use granary::domain::base::ledger::LedgerAccount;
use granary::domain::bill::{BillStatus, Part};

use super::naive;
use super::world::{ACCOUNT, World, day, lines, pay};

#[test]
fn a_bill_issued_beside_an_advance_is_paid_from_it() {
    let cases = [
        (5_000, (5_000, 0), BillStatus::PartlyPaid, 0),
        (10_000, (10_000, 0), BillStatus::Paid, 0),
        (12_000, (10_000, 0), BillStatus::Paid, 2_000),
    ];
    for (advance_fen, paid, status, left_fen) in cases {
        let mut world = World::new();
        world.post(&pay("k1", advance_fen));
        world.issue("B1", 10_000, "2026-11-20");
        assert_eq!((world.paid("B1"), world.bill("B1").status), (paid, status), "{advance_fen}");
        assert_eq!(world.advance(), (left_fen, 0), "{advance_fen}");
    }
}

#[test]
fn the_advance_counts_at_the_due_date_or_when_applied_if_that_is_earlier() {
    for (issued_on, counted_on) in
        [("2026-11-05", "2026-11-05"), ("2026-11-20", "2026-11-20"), ("2027-03-01", "2026-11-20")]
    {
        let mut world = World::new();
        world.post(&pay("k1", 10_000));
        world.on(issued_on).issue("B1", 10_000, "2026-11-20");
        assert_eq!(world.bill("B1").principal_by_day.to_text(), format!("{counted_on}=10000"));
        assert_eq!((world.paid("B1"), world.bill("B1").status), ((10_000, 0), BillStatus::Paid));
    }
}

#[test]
fn what_the_advance_pays_of_an_overdue_bill_costs_no_penalty() {
    let mut world = World::new();
    world.post(&pay("k1", 600_000));
    world.on("2026-11-30").issue("B1", 1_000_000, "2026-11-20");
    assert_eq!(world.paid("B1"), (600_000, 0));
    // Only the 4,000.00 that were not covered are late.
    assert_eq!(world.due("B1", "2026-11-30"), 404_000);
}

#[test]
fn the_application_is_the_accounts_allocation_not_the_payments() {
    let mut world = World::new();
    let top_up = world.post(&pay("k1", 10_000));
    world.issue("B1", 10_000, "2026-11-20");
    assert!(top_up.allocations.is_empty());
    let movement_id = world.bill("B1").movement_id;
    let sides: Vec<_> =
        world.entries_of(movement_id).iter().map(|entry| (entry.debit, entry.credit)).collect();
    let expected = [
        (LedgerAccount::Receivable, LedgerAccount::Revenue),
        (LedgerAccount::Advance, LedgerAccount::Receivable),
    ];
    assert_eq!(sides, expected);
}

#[test]
fn a_reversal_that_reopens_a_bill_lets_the_advance_pay_it() {
    let mut world = World::new();
    world.issue("B1", 10_000, "2026-11-20");
    world.issue("B2", 10_000, "2026-11-25");
    world.on("2026-11-10").post(&pay("k1", 20_000));
    world.post(&pay("k2", 15_000));
    world.on("2026-12-20").undo("r1", "k1");
    assert_eq!(world.bill("B1").status, BillStatus::Paid);
    assert_eq!((world.paid("B1"), world.paid("B2")), ((10_000, 0), (5_000, 0)));
    assert_eq!(world.bill("B2").principal_by_day.to_text(), "2026-11-25=5000");
    assert_eq!(world.advance(), (0, 0));
}

#[test]
fn the_advance_pays_a_penalty_that_is_owed_all_the_same_after_the_principal() {
    let mut world = World::new();
    world.issue("B1", 1_000_000, "2026-11-20");
    world.on("2026-11-30").post(&pay("k1", 510_000));
    world.post(&pay("k2", 500_000));
    world.post(&pay("k3", 900_000));
    // Taken back: 100.00 of penalty and 5,000.00 of principal. The advance counts at the due date, so
    // ten days of the 5,000.00 that were paid late remain: 50.00.
    world.undo("r1", "k1");
    assert_eq!(world.paid("B1"), (1_000_000, 5_000));
    let paid = [(day("2026-11-20"), 500_000), (day("2026-11-30"), 500_000)];
    let law = naive::law_of(Residential);
    assert_eq!(naive::penalty_fen(law, 1_000_000, day("2026-11-20"), &paid, day("2026-11-30")), 5_000);
    assert_eq!((world.bill("B1").status, world.advance()), (BillStatus::Paid, (395_000, 0)));
}

#[test]
fn advance_used_and_reversed_away_leaves_a_shortfall() {
    let mut world = World::new();
    world.post(&pay("k1", 10_000));
    world.issue("B1", 6_000, "2026-11-20");
    world.undo("r1", "k1");
    assert_eq!(world.advance(), (0, 6_000));
    assert_eq!(world.bill("B1").status, BillStatus::Paid);
    assert_eq!(world.balance(ACCOUNT, LedgerAccount::Advance), -6_000);
}

#[test]
fn a_shortfall_is_settled_after_all_payable_bills() {
    let mut world = World::new();
    world.post(&pay("k1", 6_000));
    world.issue("B1", 6_000, "2026-11-20");
    world.undo("r1", "k1");
    world.issue("B2", 5_000, "2026-11-25");
    let first = world.post(&pay("k2", 7_000));
    assert_eq!(lines(&first), [("B2", Part::Principal, 5_000, 0)]);
    assert_eq!((first.to_advance_fen, world.advance()), (2_000, (0, 4_000)));
    let second = world.post(&pay("k3", 4_500));
    assert_eq!((second.to_advance_fen, world.advance()), (4_500, (500, 0)));
}

#[test]
fn a_bill_issued_beside_a_shortfall_stays_open() {
    let mut world = World::new();
    world.post(&pay("k1", 6_000));
    world.issue("B1", 6_000, "2026-11-20");
    world.undo("r1", "k1");
    world.issue("B2", 100, "2026-11-25");
    assert_eq!((world.bill("B2").status, world.advance()), (BillStatus::Open, (0, 6_000)));
}
