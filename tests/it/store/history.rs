//! What a payment reads doesn't grow with what was paid before.

use diesel::connection::SimpleConnection;
use diesel::{QueryableByName, RunQueryDsl, sql_types};
use granary::domain::account::CustomerClass;
use granary::domain::book::Command;
use granary::store::base::connection::Connection;

use super::payments::set_up;
use super::statements::Watched;
use crate::support::backends::TestDatabase;
use crate::support::commands::{issue_bill, lane, payment_of, post, save_account, settle};

const MONTHS: u32 = 24;
const ACCOUNTS: u32 = 20;
/// Enough that PostgreSQL doesn't find it cheaper to read all of a table.
const OTHERS: u32 = 3_000;

fn number(group: &str, at: u32) -> String {
    format!("{group}{at:05}")
}

/// Accounts with a bill to pay, those of group 2 with 24 months of paid ones behind it.
fn fill(database: &TestDatabase) {
    set_up(database);
    let mut lane = lane(&database.database);
    let groups = [("1", ACCOUNTS), ("2", ACCOUNTS), ("3", OTHERS)];
    for (group, count) in groups {
        let save = |at| save_account(&number(group, at), CustomerClass::Residential);
        let all: Vec<Command> = (0..count).map(save).collect();
        all.chunks(500).for_each(|chunk| drop(settle(&mut lane, chunk.to_vec())));
    }
    for month in 0..MONTHS {
        let due_on = format!("{}-{:02}-28", 2024 + month / 12, month % 12 + 1);
        let bill_number = format!("OLD{month}");
        let issue = |at| issue_bill(&number("2", at), &bill_number, 1_000, &due_on);
        settle(&mut lane, (0..ACCOUNTS).map(issue).collect());
        let pay = |at| post("BANK", &format!("old-{month}-{at}"), &number("2", at), 1_000_000);
        let answers = settle(&mut lane, (0..ACCOUNTS).map(pay).collect());
        assert!(answers.iter().all(|answer| payment_of(answer).0.amount_fen > 0));
    }
    spend_advance(database);
    for (group, count) in groups {
        let issue = |at| issue_bill(&number(group, at), "NEW", 1_000, "2026-11-25");
        let all: Vec<Command> = (0..count).map(issue).collect();
        all.chunks(500).for_each(|chunk| drop(settle(&mut lane, chunk.to_vec())));
    }
}

/// The rest of the old payments would pay the new bill.
fn spend_advance(database: &TestDatabase) {
    let statement = "UPDATE accounts SET advance_fen = 0";
    match &mut database.writer() {
        Connection::Postgres(connection) => connection.batch_execute(statement),
        Connection::Sqlite(connection) => connection.batch_execute(statement),
    }
    .expect("an update");
}

fn pay_new(group: &str) -> Vec<Command> {
    (0..ACCOUNTS).map(|at| post("BANK", &format!("new-{group}-{at}"), &number(group, at), 400)).collect()
}

#[derive(Debug, PartialEq, Eq, QueryableByName)]
struct Reads {
    #[diesel(sql_type = sql_types::Text)]
    relname: String,
    #[diesel(sql_type = sql_types::BigInt)]
    rows_read: i64,
}

fn reads(connection: &mut Connection) -> Vec<Reads> {
    let Connection::Postgres(connection) = connection else { return Vec::new() };
    let query = "SELECT relname::text AS relname, \
        CAST(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) AS BIGINT) AS rows_read \
        FROM pg_stat_xact_user_tables ORDER BY relname";
    diesel::sql_query(query).load(connection).expect("the transaction's own counts")
}

#[test]
fn postgres_reads_as_many_rows_after_24_months_as_after_none() {
    let Some(database) = TestDatabase::postgres() else { return };
    fill(&database);
    let Connection::Postgres(mut administrator) = database.writer() else { unreachable!("PostgreSQL") };
    administrator.batch_execute("VACUUM ANALYZE").expect("statistics");
    let mut found = Vec::new();
    for group in ["1", "2"] {
        let mut watched = Watched::new(&database);
        watched.settle_and_look(pay_new(group), |connection| found.push(reads(connection)));
    }
    let bills = found[0].iter().find(|reads| reads.relname == "bills").expect("bills are read");
    let per_account = 2 * i64::from(ACCOUNTS);
    assert!((1..=per_account).contains(&bills.rows_read), "once to load, once to write: {bills:?}");
    assert_eq!(found[0], found[1]);
}

#[derive(Debug, QueryableByName)]
struct Plan {
    #[diesel(sql_type = sql_types::Text)]
    detail: String,
}

/// Tables that don't grow with customers or payments.
const SMALL: [&str; 5] = ["c", "r", "channels", "penalty_policies", "allocation_policies"];

#[test]
fn sqlite_searches_growing_tables_by_index_only() {
    let database = TestDatabase::sqlite();
    set_up(&database);
    let mut watched = Watched::new(&database);
    let (_, seen) = watched
        .settle(vec![post("BANK", "K1", "0001", 500), crate::support::commands::reverse("BANK", "R1", "K1")]);
    let (_, again) = watched.settle(vec![post("BANK", "K1", "0001", 500), post("BANK", "K2", "0001", 1)]);
    let Connection::Sqlite(mut reader) = database.reader() else { unreachable!("SQLite") };
    let mut details = Vec::new();
    for text in seen.run.iter().chain(&again.run) {
        let text = text.replace('`', "\"");
        let plan: Vec<Plan> =
            diesel::sql_query(format!("EXPLAIN QUERY PLAN {text}")).load(&mut reader).expect("a plan");
        details.extend(plan.into_iter().map(|step| step.detail));
    }
    let is_scan_of_small = |detail: &str| SMALL.iter().any(|table| detail == format!("SCAN {table}"));
    let scans: Vec<_> = details.iter().filter(|detail| detail.starts_with("SCAN")).collect();
    assert!(scans.iter().all(|detail| is_scan_of_small(detail)), "{scans:#?}");
    let by_due_date =
        "SEARCH b USING INDEX bills_account_number_due_on_bill_number_idx (account_number=? AND due_on>?)";
    assert!(details.iter().any(|detail| detail == by_due_date), "{details:#?}");
}
