//! The penalty as a clerk would work it out: day by day, without a formula. It must never call the
//! code it is compared with.

use chrono::{Datelike, NaiveDate};
use granary::domain::account::CustomerClass;

/// The rules of one bill.
#[derive(Debug, Clone, Copy)]
pub struct Law {
    pub due_year_permille: i64,
    pub later_years_permille: i64,
    pub start_day: i64,
    pub minimum_fen: i64,
}

/// The law as it stands: households 1 per mille a day, others 2, and 3 from the next calendar year.
pub fn law_of(class: CustomerClass) -> Law {
    match class {
        CustomerClass::Residential => {
            Law { due_year_permille: 1, later_years_permille: 1, start_day: 1, minimum_fen: 100 }
        }
        CustomerClass::Commercial
        | CustomerClass::Industrial
        | CustomerClass::Agricultural
        | CustomerClass::Other => {
            Law { due_year_permille: 2, later_years_permille: 3, start_day: 1, minimum_fen: 100 }
        }
    }
}

/// P(t) of a bill on which `paid` principal stands, by the day that counts as paid.
pub fn penalty_fen(
    law: Law,
    principal_fen: i64,
    due_on: NaiveDate,
    paid: &[(NaiveDate, i64)],
    on: NaiveDate,
) -> i64 {
    let mut milli: i128 = 0;
    let first = (0..law.start_day).fold(due_on, |day, _| day.succ_opt().unwrap());
    for day in first.iter_days().take_while(|day| *day <= on) {
        let paid_before: i64 = paid.iter().filter(|(at, _)| *at < day).map(|(_, fen)| fen).sum();
        let is_due_year = day.year() == due_on.year();
        let rate = if is_due_year { law.due_year_permille } else { law.later_years_permille };
        milli += i128::from(principal_fen - paid_before) * i128::from(rate);
    }
    let (fen, rest) = (milli / 1_000, milli % 1_000);
    let rounded = i64::try_from(if rest >= 500 { fen + 1 } else { fen }).unwrap();
    if milli == 0 { 0 } else { rounded.max(law.minimum_fen) }
}

/// P*(t): the penalty in all where the rest of the principal is paid by a payer of `on`, which no
/// longer grows: all is paid then, by the days that count.
pub fn settled_penalty_fen(
    law: Law,
    principal_fen: i64,
    due_on: NaiveDate,
    paid: &[(NaiveDate, i64)],
    on: NaiveDate,
) -> i64 {
    let rest = principal_fen - paid.iter().map(|(_, fen)| fen).sum::<i64>();
    let all: Vec<(NaiveDate, i64)> = paid.iter().copied().chain([(on, rest)]).collect();
    let last = all.iter().map(|(day, _)| *day).max().unwrap_or(on);
    penalty_fen(law, principal_fen, due_on, &all, last)
}
