//! The dated rules that bills are under.

use chrono::NaiveDate;
use chrono_tz::Tz;
use diesel::{Queryable, RunQueryDsl};

use super::super::StoreError;
use super::super::base::connection::{Connection, on_each};
use super::super::base::statement::statement;
use super::super::base::table::word;
use crate::domain::account::CustomerClass;
use crate::domain::bill::Part;
use crate::domain::bill::penalty::PenaltyPolicy;
use crate::domain::bill::policies::Policies;

/// A row of `penalty_policies`, or (with a part in place of the class) of `allocation_policies`.
#[derive(Debug, Queryable)]
struct PolicyRow {
    class_or_part: String,
    effective_from: NaiveDate,
    due_year_permille: i64,
    later_years_permille: i64,
    start_day: i64,
    minimum_fen: i64,
}

/// Gathers the dated rules.
fn policies_of(rows: Vec<PolicyRow>, zone: Tz) -> Result<Policies, StoreError> {
    let mut policies = Policies { zone, penalty: Vec::new(), first_part: Vec::new() };
    for row in rows {
        match Part::from_word(&row.class_or_part) {
            Some(part) => policies.first_part.push((row.effective_from, part)),
            None => policies.penalty.push(PenaltyPolicy {
                class: word("customer_class", &row.class_or_part, CustomerClass::from_word)?,
                effective_from: row.effective_from,
                due_year_permille: row.due_year_permille,
                later_years_permille: row.later_years_permille,
                start_day: row.start_day,
                minimum_fen: row.minimum_fen,
            }),
        }
    }
    Ok(policies)
}

statement! {
    struct PolicyRows -> (Text, Date, BigInt, BigInt, BigInt, BigInt)
    both "SELECT customer_class, effective_from, due_year_permille, later_years_permille, start_day, minimum_fen \
          FROM penalty_policies \
          UNION ALL SELECT first_part, effective_from, 0, 0, 0, 0 FROM allocation_policies"
}

/// The utility's dated rules.
///
/// # Errors
/// Whatever the database says.
pub fn policies(connection: &mut Connection, zone: Tz) -> Result<Policies, StoreError> {
    let rows: Vec<PolicyRow> = on_each!(connection, inner => PolicyRows {}.load(inner))?;
    policies_of(rows, zone)
}
