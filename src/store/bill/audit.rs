//! I5, bill by bill: what was paid is folded again from the bill's entries and compared with what
//! the bill says, by the domain's own rules.

use chrono::NaiveDate;
use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::base::check::{Tally, for_each_row};
use super::super::base::connection::Connection;
use super::super::base::statement::statement;
use super::super::base::utility::utility;
use super::policies::policies;
use super::{bill_columns, bills};
use crate::domain::base::money::format_amount;
use crate::domain::bill::Bill;
use crate::domain::bill::penalty::{PenaltyPolicy, PrincipalByDay};
use crate::domain::bill::policies::Policies;

const UNREADABLE: &str = "bill that can't be read";
const PRINCIPAL_PAID: &str = "principal paid that is not the bill's entries";
const PENALTY_PAID: &str = "penalty paid that is not the bill's entries";
const BY_DAY: &str = "principal by day that is not the bill's entries";
const OUT_OF_RANGE: &str = "bill paid below zero or beyond what is owed";
const STATUS: &str = "status that doesn't follow from the amounts";

/// What this fold looks for.
pub(in crate::store) const WORDS: &[&str] =
    &[UNREADABLE, PRINCIPAL_PAID, PENALTY_PAID, BY_DAY, OUT_OF_RANGE, STATUS];

/// Debit, credit, amount in fen, and the day that counts.
type EntryColumns = (Option<String>, Option<String>, Option<i64>, Option<NaiveDate>);

statement! {
    struct BillsWithEntries -> (bills::Sql, (Nullable<Text>, Nullable<Text>, Nullable<BigInt>, Nullable<Date>))
    both concat!("SELECT ", bill_columns!(), ", e.debit, e.credit, e.amount_fen, e.paid_on FROM bills b \
        LEFT JOIN entries e ON e.account_number = b.account_number AND e.bill_number = b.bill_number \
        ORDER BY b.account_number, b.bill_number")
}

/// Folds every bill, holding one at a time.
pub(in crate::store) fn fold(connection: &mut Connection, tally: &mut Tally) -> Result<(), StoreError> {
    let zone = utility(connection)?.zone;
    let mut fold = Fold { policies: policies(connection, zone)?, tally, current: None };
    for_each_row!(connection, BillsWithEntries {}, (bills::Row, EntryColumns), |row| fold.add(row));
    fold.close();
    Ok(())
}

struct Fold<'a> {
    policies: Policies,
    tally: &'a mut Tally,
    current: Option<Refolded>,
}

/// A bill as stored, and what its entries make of it.
struct Refolded {
    account_number: String,
    bill_number: String,
    /// `None` where the row can't be read.
    stored: Option<Bill>,
    principal_by_day: PrincipalByDay,
    penalty_paid_fen: i64,
}

impl Fold<'_> {
    fn add(&mut self, (row, entry): (bills::Row, EntryColumns)) {
        let is_next = |bill: &Refolded| {
            bill.account_number != row.account_number || bill.bill_number != row.bill_number
        };
        if self.current.as_ref().is_none_or(is_next) {
            self.close();
            self.current = Some(Refolded::new(row));
        }
        if let (Some(bill), (Some(debit), Some(credit), Some(amount_fen), Some(paid_on))) =
            (&mut self.current, entry)
        {
            bill.add(&debit, &credit, amount_fen, paid_on);
        }
    }

    fn close(&mut self) {
        let Some(bill) = self.current.take() else { return };
        for breach in bill.breaches(&self.policies) {
            let Refolded { account_number, bill_number, .. } = &bill;
            self.tally
                .add(|| format!("{}: account {account_number} bill {bill_number}{}", breach.0, breach.1));
        }
    }
}

impl Refolded {
    fn new(row: bills::Row) -> Self {
        let (account_number, bill_number) = (row.account_number.clone(), row.bill_number.clone());
        Self {
            account_number,
            bill_number,
            stored: row.into_bill().ok(),
            principal_by_day: PrincipalByDay::default(),
            penalty_paid_fen: 0,
        }
    }

    fn add(&mut self, debit: &str, credit: &str, amount_fen: i64, paid_on: NaiveDate) {
        match (debit, credit) {
            // The issue; I4 compares it with the principal.
            ("RECEIVABLE", "REVENUE") => {}
            (_, "RECEIVABLE") => self.principal_by_day.add(paid_on, amount_fen),
            ("RECEIVABLE", _) => self.principal_by_day.add(paid_on, -amount_fen),
            (_, "PENALTY") => {
                self.penalty_paid_fen += amount_fen;
            }
            ("PENALTY", _) => self.penalty_paid_fen -= amount_fen,
            _ => {}
        }
    }

    /// What is wrong with the bill: words, and how it differs.
    fn breaches(&self, policies: &Policies) -> Vec<(&'static str, String)> {
        let Some(stored) = &self.stored else { return vec![(UNREADABLE, String::new())] };
        let policy = policies.penalty_of(stored);
        let principal_paid_fen = self.principal_by_day.total_fen();
        let mut breaches = Vec::new();
        breaches.extend(differing_fen(PRINCIPAL_PAID, stored.principal_paid_fen, principal_paid_fen));
        breaches.extend(differing_fen(PENALTY_PAID, stored.penalty_paid_fen, self.penalty_paid_fen));
        let (by_day, expected) = (stored.principal_by_day.to_text(), self.principal_by_day.to_text());
        if by_day != expected {
            breaches.push((BY_DAY, format!(": {by_day:?}, not {expected:?}")));
        }
        // What was charged is owed, so a penalty can't be paid beyond what is owed.
        if !(0..=stored.principal_fen).contains(&principal_paid_fen) || self.penalty_paid_fen < 0 {
            let (principal, penalty) =
                (format_amount(principal_paid_fen), format_amount(self.penalty_paid_fen));
            breaches.push((OUT_OF_RANGE, format!(": principal {principal}, penalty {penalty}")));
        }
        breaches.extend(self.differing_status(stored, policy));
        breaches
    }

    fn differing_status(&self, stored: &Bill, policy: &PenaltyPolicy) -> Option<(&'static str, String)> {
        let refolded = Bill {
            principal_paid_fen: self.principal_by_day.total_fen(),
            penalty_paid_fen: self.penalty_paid_fen,
            principal_by_day: self.principal_by_day.clone(),
            ..stored.clone()
        };
        let expected = refolded.status_from_amounts(policy);
        let is_same = stored.status == expected;
        (!is_same).then(|| (STATUS, format!(": {}, not {}", stored.status.word(), expected.word())))
    }
}

fn differing_fen(words: &'static str, found: i64, expected: i64) -> Option<(&'static str, String)> {
    let text = || format!(": {}, not {}", format_amount(found), format_amount(expected));
    (found != expected).then(|| (words, text()))
}
