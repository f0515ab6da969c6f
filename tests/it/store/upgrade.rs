//! A database that was filled at the base is brought to the version of this program: all that was in it is answered as
//! it was, and it goes on from there. From the base on migrations only go forward; what one of them needs of rows that
//! are there is added to the fill at the version before it.

use std::collections::BTreeSet;

use granary::store::audit;
use granary::store::base::check::Verdict;
use granary::store::base::connection::Connection;
use granary::store::base::migrations;

use super::audit::back_end::execute;
use crate::support::backends::TestDatabase;
use crate::support::commands::{lane, payment_of, post, refusal_of, reverse, settle};
use crate::support::reads;

const BASE_PG: &str = include_str!("../../../migrations/postgres/2026-11-28-000001_base/up.sql");
const BASE_SQLITE: &str = include_str!("../../../migrations/sqlite/2026-11-28-000001_base/up.sql");
/// What Diesel keeps of a migration that it has run.
const BASE_IS_RUN: &str = "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
    run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP); \
    INSERT INTO __diesel_schema_migrations (version) VALUES ('20261128000001')";
/// Rows in every table, as the program of the base wrote them.
const FILL: &str = include_str!("base.sql");

#[test]
fn a_database_filled_at_the_base_is_brought_up_to_date_and_goes_on() {
    for empty in [Some(TestDatabase::sqlite_empty()), TestDatabase::postgres_empty()].into_iter().flatten() {
        let mut connection = empty.database.connect_or_create().expect("an empty database");
        let base = if matches!(connection, Connection::Postgres(_)) { BASE_PG } else { BASE_SQLITE };
        for sql in [base, BASE_IS_RUN, FILL] {
            execute(&mut connection, sql);
        }
        migrations::run_pending(&mut connection).expect("it is brought up to date");
        assert_sound(&mut connection);
        let mut lane = lane(&empty.database);
        let answers = settle(
            &mut lane,
            vec![
                post("BANK", "K1", "0001", 4_000),
                post("BANK", "K3", "7777", 500),
                reverse("BANK", "R1", "K2"),
                post("BANK", "K2", "0001", 700),
                post("BANK", "K4", "0001", 6_000),
                reverse("BANK", "R2", "K1"),
            ],
        );
        assert_eq!((payment_of(&answers[0]).0.id, payment_of(&answers[0]).1), (2, true));
        assert_eq!(refusal_of(&answers[1]), ("ACCOUNT_NOT_FOUND", Some("accountNumber"), true));
        assert_eq!(payment_of(&answers[3]).0.reversal.as_ref().map(|reversal| reversal.id), Some(3));
        assert_eq!(payment_of(&answers[4]).0.allocations[0].remaining_after_fen, 0);
        assert!(payment_of(&answers[5]).0.reversal.is_some());
        let numbers: BTreeSet<i64> = answers[3..5].iter().map(|answer| payment_of(answer).0.id).collect();
        assert!(
            numbers.iter().all(|number| *number > 100_000),
            "numbers go on behind those given: {numbers:?}"
        );
        let bills = reads::bill_page(&mut connection, "0001", 10).expect("bills can be read");
        assert_eq!(bills.iter().map(|bill| bill.principal_paid_fen).collect::<Vec<_>>(), [6_000]);
        assert_sound(&mut connection);
    }
}

fn assert_sound(connection: &mut Connection) {
    for finding in audit::run(connection).expect("the audit runs") {
        assert!(!matches!(finding.verdict, Verdict::Broken { .. }), "{finding:?}");
    }
}
