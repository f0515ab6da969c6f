//! Lines of bills: `account_number,bill_number,period,principal,issued_on,due_on`.

use chrono::{Datelike, NaiveDate};

use super::accounts::account_number;
use super::table::{Faults, Reason, Row, Table};
use crate::domain::base::money::parse_yuan;
use crate::domain::bill::{IssueBill, is_bill_number};
use crate::domain::book::Command;

pub(super) const COLUMNS: &[&str] =
    &["account_number", "bill_number", "period", "principal", "issued_on", "due_on"];

/// Years of the days that a bill may name: the penalty rules begin with 1970.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9999;

/// Reads one line.
pub(super) fn command(table: &Table, row: &Row) -> Result<Command, Vec<Reason>> {
    let mut faults = Faults::default();
    let account_number = faults.keep(account_number(table, row));
    let number = faults.keep(bill_number(table.field(row, "bill_number")));
    let period = faults.keep(period(table.field(row, "period")));
    let principal_fen = faults.keep(principal(table.field(row, "principal")));
    let issued_on = faults.keep(day(table, row, "issued_on"));
    let due_on = day(table, row, "due_on").and_then(|due_on| match issued_on {
        Some(issued_on) if due_on < issued_on => Err(Reason::of_column("due_on", "before the day of issue")),
        Some(_) | None => Ok(due_on),
    });
    match (account_number, number, period, principal_fen, issued_on, faults.keep(due_on)) {
        (
            Some(account_number),
            Some(number),
            Some(period),
            Some(principal_fen),
            Some(issued_on),
            Some(due_on),
        ) => {
            let bill = IssueBill { account_number, number, period, principal_fen, issued_on, due_on };
            Ok(Command::IssueBill(bill))
        }
        _ => Err(faults.all),
    }
}

fn bill_number(text: &str) -> Result<String, Reason> {
    match is_bill_number(text) {
        true => Ok(text.to_owned()),
        false => Err(Reason::of_column("bill_number", "not 1 to 32 visible ASCII characters")),
    }
}

fn period(text: &str) -> Result<String, Reason> {
    match is_period(text) {
        true => Ok(text.to_owned()),
        false => Err(Reason::of_column("period", "not a month like 2026-11")),
    }
}

fn principal(text: &str) -> Result<i64, Reason> {
    let refuse = |text| Err(Reason::of_column("principal", text));
    match parse_yuan(text) {
        None => refuse("not an amount in yuan with at most two decimals, up to 10000000000.00"),
        Some(fen) if fen < 0 => refuse("negative"),
        Some(fen) => Ok(fen),
    }
}

fn is_period(text: &str) -> bool {
    // A month is what a strict day becomes when its first day is added.
    text.len() == 7 && parse_day(&format!("{text}-01")).is_some()
}

fn day(table: &Table, row: &Row, column: &'static str) -> Result<NaiveDate, Reason> {
    let wrong = || Reason::of_column(column, "not a day like 2026-11-30, from 1970 to 9999");
    parse_day(table.field(row, column)).ok_or_else(wrong)
}

/// Exactly `YYYY-MM-DD`.
fn parse_day(text: &str) -> Option<NaiveDate> {
    let is_shape = text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let day = is_shape.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())??;
    YEARS.contains(&day.year()).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_are_read_strictly() {
        for text in ["2026-11-30", "2024-02-29", "1970-01-01", "9999-12-31"] {
            assert!(parse_day(text).is_some(), "{text}");
        }
        for text in ["2026-11-31", "2026-1-01", "2026/11/30", "20261130", "+026-11-30", "1969-12-31", ""] {
            assert!(parse_day(text).is_none(), "{text}");
        }
        assert!(is_period("2026-12"));
        for text in ["2026-13", "2026-00", "2026-1", "202611", "2026-11-01", "２026-1"] {
            assert!(!is_period(text), "{text}");
        }
    }
}
