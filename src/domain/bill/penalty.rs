//! What lateness adds to a bill (product rule 6). All sums are exact integers.

use chrono::{Datelike, Days, NaiveDate};

use super::super::account::CustomerClass;
use super::super::base::money::told_fen;

/// Thousandths of a fen in a fen: a rate per mille of whole fen is exact in these.
const MILLI: i128 = 1_000;

/// One dated row of penalty rules; the row in force on a bill's due date governs it for life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PenaltyPolicy {
    /// Class the row is for.
    pub class: CustomerClass,
    /// First due date the row governs.
    pub effective_from: NaiveDate,
    /// Per mille of the unpaid principal and day, for days in the year the bill fell due.
    pub due_year_permille: i64,
    /// The same for days in later years.
    pub later_years_permille: i64,
    /// Days after the due date at which the count starts; 1 is the day after.
    pub start_day: i64,
    /// Least penalty once there is one, in fen.
    pub minimum_fen: i64,
}

/// Principal paid, by the day that counts as paid; rising days, no zero sums.
///
/// Kept on the bill as text (`2026-11-03=12500,2026-11-05=100`) so that the fold needs no second
/// look at the ledger; the audit derives it again from the entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrincipalByDay(Vec<(NaiveDate, i64)>);

impl PrincipalByDay {
    /// Adds `fen` (negative: takes back) on `day`.
    pub fn add(&mut self, day: NaiveDate, fen: i64) {
        match self.0.binary_search_by_key(&day, |(at, _)| *at) {
            Ok(index) => {
                self.0[index].1 += fen;
                if self.0[index].1 == 0 {
                    self.0.remove(index);
                }
            }
            Err(index) => self.0.insert(index, (day, fen)),
        }
    }

    /// Sum of all days, in fen.
    pub fn total_fen(&self) -> i64 {
        self.0.iter().map(|(_, fen)| fen).sum()
    }

    /// The text form; empty where nothing was paid.
    pub fn to_text(&self) -> String {
        let days: Vec<String> = self.0.iter().map(|(day, fen)| format!("{day}={fen}")).collect();
        days.join(",")
    }

    /// Reads the text form; `None` where it was not written by [`PrincipalByDay::to_text`].
    pub fn from_text(text: &str) -> Option<Self> {
        let mut by_day = Self::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (day, fen) = part.split_once('=')?;
            by_day.0.push((day.parse().ok()?, fen.parse().ok()?));
        }
        Some(by_day)
    }
}

/// `P*(t)`: the penalty in all, in fen, where the rest of the principal is paid on `day`.
///
/// `A*(t)` sums what each part of the principal costs: the daily rates from the start day to the day it
/// was paid, `day` for the rest. That is rule 6's fold over the days, taken part by part; so it stays
/// the same when some of the rest is paid on `day`. `P*` is 0 where `A*` is, else the larger of the
/// minimum and `A*` rounded half-up. Once nothing is left to pay it is the same for every `day`.
pub fn penalty_fen(
    policy: &PenaltyPolicy,
    principal_fen: i64,
    due_on: NaiveDate,
    paid: &PrincipalByDay,
    day: NaiveDate,
) -> i64 {
    let rest_fen = principal_fen - paid.total_fen();
    let parts = paid.0.iter().copied().chain([(day, rest_fen)]);
    let accrued_milli: i128 = parts
        .map(|(paid_on, fen)| i128::from(fen) * i128::from(rates_through(policy, due_on, paid_on)))
        .sum();
    if accrued_milli == 0 {
        return 0;
    }
    let rounded = (accrued_milli + MILLI / 2) / MILLI;
    told_fen(rounded).max(policy.minimum_fen)
}

/// Sum of the daily rates from the start day through `through`, both counted, per mille.
fn rates_through(policy: &PenaltyPolicy, due_on: NaiveDate, through: NaiveDate) -> i64 {
    let from = due_on + Days::new(policy.start_day.unsigned_abs());
    let days = ((through - from).num_days() + 1).max(0);
    let due_year_end = NaiveDate::from_ymd_opt(due_on.year(), 12, 31).unwrap_or(NaiveDate::MAX);
    let in_due_year = ((due_year_end.min(through) - from).num_days() + 1).clamp(0, days);
    in_due_year * policy.due_year_permille + (days - in_due_year) * policy.later_years_permille
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principal_by_day_is_kept_in_order_without_zero_sums_and_round_trips() {
        let day = |text: &str| text.parse().unwrap();
        let mut paid = PrincipalByDay::default();
        assert_eq!(paid.to_text(), "");
        for (on, fen) in [("2026-11-05", 100), ("2026-11-03", 7), ("2026-11-04", 1), ("2026-11-03", 5)] {
            paid.add(day(on), fen);
        }
        paid.add(day("2026-11-04"), -1);
        assert_eq!(paid.to_text(), "2026-11-03=12,2026-11-05=100");
        assert_eq!(paid.total_fen(), 112);
        assert_eq!(PrincipalByDay::from_text(&paid.to_text()), Some(paid));
        for wrong in ["2026-11-03", "2026-11-03=", "yesterday=1", "2026-11-03=1.5"] {
            assert_eq!(PrincipalByDay::from_text(wrong), None, "{wrong}");
        }
    }
}
