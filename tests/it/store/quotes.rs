//! Quote, pay, settled (product rule 6), as the database keeps it: what is paid at an instant lowers
//! what was due at it by just that, and the bills that are read back say so.

use std::path::Path;

use crate::support::commands::rules;
use crate::support::reads;
use chrono::{Days, NaiveDate};
use chrono_tz::Asia::Shanghai;
use diesel::connection::SimpleConnection;
use granary::domain::account::CustomerClass;
use granary::domain::base::calendar::day_of;
use granary::domain::bill::policies::Policies;
use granary::domain::bill::{Bill, BillStatus};
use granary::domain::book::Command;
use granary::domain::channel::ChannelMode;
use granary::domain::payment::PostInput;
use granary::engine::lane::Lane;
use granary::store::base::connection::Connection;

use super::payments::{balance, bills};
use crate::processes::proof::{broken, count};
use crate::simulator::random::Random;
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::commands::{
    NOON_MS, add_channel, issue_bill, lane, payment_of, post_input, reverse, save_account, settle_at,
};

const DAY_MS: i64 = 86_400_000;
/// Noon of 15 January 2027, 56 days after the other noon.
const NOW_MS: i64 = NOON_MS + 56 * DAY_MS;
const ACCOUNTS: usize = 60;

fn noon_ms(day: &str) -> i64 {
    let (on, from): (NaiveDate, NaiveDate) =
        (day.parse().expect("a day"), "2026-11-20".parse().expect("a day"));
    NOON_MS + (on - from).num_days() * DAY_MS
}

fn paid_at(account: &str, key_text: &str, amount_fen: i64, paid_at_ms: i64) -> Command {
    let (account_number, paid_at_ms) = (account.to_owned(), Some(paid_at_ms));
    post_input("WX", key_text, PostInput { account_number, amount_fen, paid_at_ms, bill_numbers: None })
}

fn stored_bills(connection: &mut Connection, account: &str) -> Vec<Bill> {
    reads::bill_page(connection, account, 100).expect("bills can be read")
}

/// What a payer at that instant owes on all bills that are stored, and the shortfall.
fn due_fen(connection: &mut Connection, account: &str, at_ms: i64) -> i64 {
    let (policies, _) = rules(connection);
    let on = day_of(at_ms, Shanghai);
    let due = |bill: &Bill| bill.amount_due_fen(policies.penalty_of(bill), on);
    let on_bills: i64 = stored_bills(connection, account).iter().map(due).sum();
    on_bills + balance(connection, account).1
}

/// Each stored bill shows a sum that comes out, and nothing is due on just those that are paid.
fn check_bills(connection: &mut Connection, account: &str, at_ms: i64) {
    let (policies, _): (Policies, _) = rules(connection);
    let on = day_of(at_ms, Shanghai);
    for bill in stored_bills(connection, account) {
        let policy = policies.penalty_of(&bill);
        for on in [on, on + Days::new(30)] {
            let due = bill.amount_due_fen(policy, on);
            let paid_fen = bill.principal_paid_fen + bill.penalty_paid_fen;
            assert_eq!(bill.principal_fen + bill.penalty_fen(policy, on) - paid_fen, due, "{on}: {bill:?}");
            assert_eq!(bill.status == BillStatus::Paid, due == 0, "{on}: {bill:?}");
        }
    }
}

#[test]
fn what_is_quoted_for_a_day_before_a_known_payment_settles_the_bill() {
    for_each_backend(|database| {
        let mut lane = lane(&database.database);
        let setup = vec![
            add_channel("WX", ChannelMode::Reporting),
            save_account("0001", CustomerClass::Residential),
            issue_bill("0001", "B1", 100_000, "2026-11-01"),
            paid_at("0001", "first", 50_000, noon_ms("2026-11-03")),
            paid_at("0001", "second", 50_602, noon_ms("2026-11-11")),
            reverse("WX", "undo", "first"),
        ];
        settle_at(&mut lane, NOW_MS, setup);
        let quoted_ms = noon_ms("2026-11-04");
        assert_eq!(due_fen(&mut database.reader(), "0001", quoted_ms), 50_049);
        settle_at(&mut lane, NOW_MS, vec![paid_at("0001", "late", 50_049, quoted_ms)]);
        assert_eq!(bills(&mut database.reader(), "0001"), [(BillStatus::Paid, 100_000, 651)]);
        assert_eq!(balance(&mut database.reader(), "0001"), (0, 0, 5));
    });
}

/// Until the year's end penalty is settled first, then principal.
fn turn_order_at_year_end(database: &TestDatabase) {
    let statement =
        "INSERT INTO allocation_policies (effective_from, first_part) VALUES ('2026-12-15', 'PRINCIPAL')";
    match &mut database.writer() {
        Connection::Postgres(connection) => connection.batch_execute(statement),
        Connection::Sqlite(connection) => connection.batch_execute(statement),
    }
    .expect("a row");
}

/// Bills, payments of any day in any order, and reversals of some.
fn history(lane: &mut Lane, random: &mut Random, account: &str) {
    let mut batch = vec![save_account(account, random.one_of(CustomerClass::ALL))];
    for step in 0..random.between(4, 9) {
        batch.push(match random.between(0, 9) {
            0..=2 => {
                let due_on =
                    "2026-11-05".parse::<NaiveDate>().expect("a day") + Days::new(random.index(75) as u64);
                issue_bill(account, &format!("B{step}"), random.between(1, 90_000), &due_on.to_string())
            }
            3..=7 => {
                let paid_at_ms = NOW_MS - random.between(0, 75) * DAY_MS;
                paid_at(account, &format!("{account}-{step}"), random.between(1, 60_000), paid_at_ms)
            }
            _ => {
                let undone = random.between(0, step.max(1) - 1);
                reverse("WX", &format!("{account}-undo-{step}"), &format!("{account}-{undone}"))
            }
        });
    }
    settle_at(lane, NOW_MS, batch);
}

#[test]
fn paying_lowers_what_is_due_at_that_instant_by_what_is_paid() {
    for_each_backend(|database| {
        turn_order_at_year_end(database);
        let mut lane = lane(&database.database);
        settle_at(&mut lane, NOW_MS, vec![add_channel("WX", ChannelMode::Reporting)]);
        let mut random = Random::new(6);
        for nth in 0..ACCOUNTS {
            let account = format!("77{nth:04}");
            history(&mut lane, &mut random, &account);
            for payer in 0..2 {
                let at_ms = NOW_MS - random.between(0, 75) * DAY_MS;
                let before = due_fen(&mut database.reader(), &account, at_ms);
                let amount_fen = match random.between(0, 3) {
                    0 => before / 2,
                    1 => random.between(1, 60_000),
                    _ => before,
                };
                let amount_fen = amount_fen.max(1);
                let key_text = format!("{account}-payer-{payer}");
                let answers =
                    settle_at(&mut lane, NOW_MS, vec![paid_at(&account, &key_text, amount_fen, at_ms)]);
                assert!(!payment_of(&answers[0]).1);
                let mut reader = database.reader();
                let rest = before - amount_fen.min(before);
                assert_eq!(due_fen(&mut reader, &account, at_ms), rest, "{account}, payer {payer}");
                check_bills(&mut reader, &account, at_ms);
            }
        }
        let broken = broken(&mut database.reader());
        assert!(broken.is_empty(), "{broken:?}");
    });
}

/// The stored procedure that the bench compares granary with goes by the same rule.
#[test]
fn the_rival_of_the_bench_quotes_the_same() {
    let Some(database) = TestDatabase::postgres() else { return };
    turn_order_at_year_end(&database);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/rivals/post_payment.sql");
    let functions = std::fs::read_to_string(path).expect("the rival is there");
    let Connection::Postgres(mut writer) = database.writer() else { unreachable!("PostgreSQL") };
    writer.batch_execute(&functions).expect("the rival's functions");
    let mut lane = lane(&database.database);
    settle_at(&mut lane, NOW_MS, vec![add_channel("WX", ChannelMode::Reporting)]);
    let (mut reader, mut random) = (database.reader(), Random::new(7));
    for nth in 0..ACCOUNTS {
        let account = format!("88{nth:04}");
        history(&mut lane, &mut random, &account);
        for _ in 0..4 {
            let at_ms = NOW_MS - random.between(-40, 75) * DAY_MS;
            let query =
                format!("SELECT post_payment_due('{account}', '{}') AS found", day_of(at_ms, Shanghai));
            let due = due_fen(&mut reader, &account, at_ms);
            assert_eq!(count(&mut reader, &query), due, "{query}");
        }
    }
}
