//! What payments and reversals leave in the database is what their answers said.

use crate::support::reads;
use chrono::NaiveDate;
use diesel::connection::SimpleConnection;
use granary::domain::account::CustomerClass;
use granary::domain::base::line::LineOutcome;
use granary::domain::base::money::SUM_FEN_MAX;
use granary::domain::bill::{Allocation, BillStatus, Part};
use granary::domain::book::Answer;
use granary::domain::channel::{ChannelMode, TotalDelta};
use granary::domain::exception::ExceptionKind;
use granary::domain::payment::KeyOutcome;
use granary::engine::EngineError;
use granary::engine::lane::Lane;
use granary::store::base::connection::Connection;

use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::commands::{
    NOON_MS, add_channel, day, issue_bill, key, lane, payment_of, post, refusal_of, reverse, save_account,
    settle,
};

const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 20).expect("a day");

/// An asking and a reporting channel, and an account with two bills, the older ten days late.
pub(super) fn set_up(database: &TestDatabase) -> Lane {
    let mut lane = lane(&database.database);
    let commands = vec![
        add_channel("BANK", ChannelMode::Asking),
        add_channel("WX", ChannelMode::Reporting),
        save_account("0001", CustomerClass::Residential),
        issue_bill("0001", "B2", 20_000, "2026-11-25"),
        issue_bill("0001", "B1", 10_000, "2026-11-10"),
    ];
    let answers = settle(&mut lane, commands);
    assert!(
        answers.iter().cloned().all(|answer| answer.into_line() == Ok(LineOutcome::Saved)),
        "{answers:?}"
    );
    lane
}

/// Advance, shortfall and last sequence of an account.
pub(super) fn balance(connection: &mut Connection, number: &str) -> (i64, i64, i64) {
    let found = reads::account(connection, number).expect("accounts can be read").expect("it is there");
    let account = &found.account;
    (account.advance_fen, account.shortfall_fen, account.last_sequence)
}

/// How many bills of an account are payable.
fn open_bills(connection: &mut Connection, number: &str) -> usize {
    let found = reads::account(connection, number).expect("accounts can be read").expect("it is there");
    found.open_bills.len()
}

/// Status, principal paid and penalty paid of all bills, oldest first.
pub(super) fn bills(connection: &mut Connection, number: &str) -> Vec<(BillStatus, i64, i64)> {
    let bills = reads::bill_page(connection, number, 100).expect("bills can be read");
    bills.iter().map(|bill| (bill.status, bill.principal_paid_fen, bill.penalty_paid_fen)).collect()
}

const UNTOUCHED: [(BillStatus, i64, i64); 2] = [(BillStatus::Open, 0, 0), (BillStatus::Open, 0, 0)];

#[test]
fn a_posted_payment_is_read_back_as_it_was_answered() {
    for_each_backend(|database| {
        let mut lane = set_up(database);
        let answers = settle(&mut lane, vec![post("BANK", "K1", "0001", 35_000)]);
        let (payment, replayed) = payment_of(&answers[0]);
        assert!(!replayed);
        let settled = |bill_number: &str, part, amount_fen, remaining_after_fen| Allocation {
            bill_number: bill_number.to_owned(),
            part,
            amount_fen,
            remaining_after_fen,
        };
        let expected = [
            settled("B1", Part::Penalty, 100, 10_000),
            settled("B1", Part::Principal, 10_000, 0),
            settled("B2", Part::Principal, 20_000, 0),
        ];
        assert_eq!(payment.allocations, expected);
        assert_eq!((payment.to_advance_fen, payment.to_suspense_fen, payment.sequence), (4_900, 0, Some(3)));
        let mut reader = database.reader();
        let page = reads::payment_page(&mut reader, "0001", 10).expect("payments can be read");
        assert_eq!(page, std::slice::from_ref(payment));
        let found = reads::payment_of_key(&mut reader, &key("BANK", "K1"));
        assert_eq!(found, Some(KeyOutcome::Decided(Ok(Box::new(payment.clone())))));
        assert_eq!(balance(&mut reader, "0001"), (4_900, 0, 3));
        let paid = BillStatus::Paid;
        assert_eq!(bills(&mut reader, "0001"), [(paid, 10_000, 100), (paid, 20_000, 0)]);
        assert_eq!(open_bills(&mut reader, "0001"), 0);
        let totals = reads::channel_totals(&mut reader, "BANK", TODAY).expect("totals can be read");
        assert_eq!(totals, TotalDelta { posted_fen: 35_000, posted_count: 1, ..TotalDelta::default() });
    });
}

#[test]
fn a_key_that_comes_again_is_answered_by_the_first_answer() {
    for_each_backend(|database| {
        let mut first_lane = set_up(database);
        let again = || post("BANK", "K1", "0001", 10_100);
        let first = settle(&mut first_lane, vec![again(), again(), again()]);
        let mut second_lane = lane(&database.database);
        let later = settle(&mut second_lane, vec![again(), again()]);
        let (payment, replayed) = payment_of(&first[0]);
        assert!(!replayed);
        for answer in first[1..].iter().chain(&later) {
            assert_eq!(payment_of(answer), (payment, true));
        }
        assert_eq!(balance(&mut database.reader(), "0001"), (0, 0, 3));
    });
}

#[test]
fn a_refusal_is_kept_though_its_reason_goes_away() {
    for_each_backend(|database| {
        let mut lane = set_up(database);
        let again = || post("BANK", "K1", "0002", 500);
        let expected = |replayed| ("ACCOUNT_NOT_FOUND", Some("accountNumber"), replayed);
        let first = settle(&mut lane, vec![again(), again()]);
        assert_eq!(refusal_of(&first[0]), expected(false));
        assert_eq!(refusal_of(&first[1]), expected(true));
        let later = settle(&mut lane, vec![save_account("0002", CustomerClass::Other), again()]);
        assert_eq!(refusal_of(&later[1]), expected(true));
        assert_eq!(balance(&mut database.reader(), "0002"), (0, 0, 0));
    });
}

#[test]
fn a_reversal_restores_the_state_and_is_replayed_with_its_payment() {
    for_each_backend(|database| {
        let mut lane = set_up(database);
        let posted = settle(&mut lane, vec![post("BANK", "K1", "0001", 35_000)]);
        let again = || reverse("BANK", "R1", "K1");
        let first = settle(&mut lane, vec![again(), reverse("BANK", "R2", "K1"), again()]);
        let (reversed, replayed) = payment_of(&first[0]);
        assert!(!replayed);
        assert_eq!(reversed.allocations, payment_of(&posted[0]).0.allocations);
        let already = ("PAYMENT_ALREADY_REVERSED", Some("paymentIdempotencyKey"), false);
        assert_eq!(refusal_of(&first[1]), already);
        assert_eq!(payment_of(&first[2]), (reversed, true));
        let later =
            settle(&mut lane, vec![again(), reverse("BANK", "R2", "K1"), post("BANK", "K1", "0001", 35_000)]);
        assert_eq!(payment_of(&later[0]), (reversed, true));
        assert_eq!(refusal_of(&later[1]), (already.0, already.1, true));
        assert_eq!(payment_of(&later[2]), (reversed, true));
        let mut reader = database.reader();
        assert_eq!(balance(&mut reader, "0001"), (0, 0, 4));
        assert_eq!(bills(&mut reader, "0001"), UNTOUCHED);
        assert_eq!(open_bills(&mut reader, "0001"), 2);
        let totals = reads::channel_totals(&mut reader, "BANK", TODAY).expect("totals can be read");
        let (posted_fen, reversed_fen) = (35_000, 35_000);
        assert_eq!(totals, TotalDelta { posted_fen, posted_count: 1, reversed_fen, reversed_count: 1 });
    });
}

#[test]
fn reported_money_without_a_place_waits_in_suspense() {
    for_each_backend(|database| {
        let mut lane = set_up(database);
        let answers = settle(&mut lane, vec![post("WX", "W1", "7777", 500), post("WX", "W2", "户号 1", 600)]);
        for (answer, amount_fen) in answers.iter().zip([500, 600]) {
            let (payment, _) = payment_of(answer);
            assert_eq!((payment.to_suspense_fen, payment.sequence), (amount_fen, None));
        }
        let reversed = settle(&mut lane, vec![reverse("WX", "R2", "W2")]);
        let (payment, _) = payment_of(&reversed[0]);
        assert_eq!(payment.reversal.as_ref().expect("undone").sequence, None);
        let mut reader = database.reader();
        let page = reads::payment_page(&mut reader, "户号 1", 10).expect("payments can be read");
        assert_eq!(page, std::slice::from_ref(payment));
        let exceptions = reads::exception_page(&mut reader, 10).expect("exceptions can be read");
        let kinds: Vec<ExceptionKind> = exceptions.iter().map(|(_, exception)| exception.kind).collect();
        assert_eq!(kinds, [ExceptionKind::AccountNumberMalformed, ExceptionKind::AccountNotFound]);
    });
}

/// An instant no calendar has makes a decision panic; the edge never lets one in.
#[test]
fn a_poisoned_command_hurts_only_itself() {
    for_each_backend(|database| {
        let mut lane = set_up(database);
        let batch = vec![
            (NOON_MS, post("BANK", "K1", "0001", 500)),
            (i64::MAX / 2, post("BANK", "K2", "0001", 500)),
            (NOON_MS, post("BANK", "K3", "0001", 500)),
        ];
        let answers = lane.settle(batch);
        for good in [&answers[0], &answers[2]] {
            payment_of(good.as_ref().expect("a definite answer"));
        }
        assert_eq!(answers[1], Err(EngineError::Internal));
        assert_eq!(balance(&mut database.reader(), "0001").2, 4);
        let found = reads::record(&mut database.reader(), &key("BANK", "K2"));
        assert!(found.is_none(), "{found:?}");
    });
}

#[test]
fn bills_and_accounts_that_come_again_change_nothing() {
    for_each_backend(|database| {
        let mut lane = set_up(database);
        let answers = settle(
            &mut lane,
            vec![issue_bill("0001", "B1", 10_000, "2026-11-10"), issue_bill("0001", "B1", 1, "2026-11-10")],
        );
        assert_eq!(answers[0], Answer::IssueBill(LineOutcome::Unchanged));
        let Answer::IssueBill(LineOutcome::Refused { column, .. }) = &answers[1] else {
            panic!("{answers:?}")
        };
        assert_eq!(*column, "principal");
        let mut reader = database.reader();
        assert_eq!(balance(&mut reader, "0001"), (0, 0, 2));
        assert_eq!(bills(&mut reader, "0001"), UNTOUCHED);
        let page = reads::bill_page(&mut reader, "0001", 1).expect("bills can be read");
        assert_eq!((page[0].number.as_str(), page[0].due_on), ("B1", day("2026-11-10")));
    });
}

#[test]
fn a_days_total_is_told_with_sixteen_digits_at_most_and_never_overflows() {
    for_each_backend(|database| {
        let (mut writer, fen) = (database.writer(), 900_000_000_000_000_001_i64);
        for (count, expected) in [(1, fen), (2, SUM_FEN_MAX), (12, SUM_FEN_MAX)] {
            let row = |id: i64| format!("({count}{id}, 'C{count}', '2026-11-20', {fen}, 1, {fen}, 1)");
            let rows: Vec<String> = (0..count).map(row).collect();
            let sql = format!("INSERT INTO channel_total_deltas VALUES {}", rows.join(", "));
            match &mut writer {
                Connection::Postgres(inner) => inner.batch_execute(&sql),
                Connection::Sqlite(inner) => inner.batch_execute(&sql),
            }
            .expect("rows can be put in");
            let totals = reads::channel_totals(&mut database.reader(), &format!("C{count}"), TODAY);
            let totals = totals.expect("totals can be read");
            assert_eq!((totals.posted_fen, totals.reversed_fen), (expected, expected));
            assert_eq!((totals.posted_count, totals.reversed_count), (count, count));
        }
    });
}
