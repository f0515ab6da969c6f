//! Exceptions against the payments they are about: I10.

use super::super::base::check::Check;
use super::super::base::check::Columns::Subject;

pub(in crate::store) const CHECKS: &[Check] = &[Check {
    invariant: "I10",
    words: "exception about a payment that isn't there",
    columns: Subject,
    sql: "SELECT 'exception ' || e.id || ' about payment ' || e.payment_id AS subject FROM exceptions e \
              LEFT JOIN payments p ON p.id = e.payment_id AND p.account_number = e.account_number \
              WHERE e.payment_id IS NOT NULL AND p.id IS NULL",
}];
