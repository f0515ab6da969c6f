//! Places in a list of bills.

use async_graphql::Error;
use chrono::NaiveDate;

use super::super::base::cursor::bad_cursor;
use super::super::base::scalars::parse_day;
use crate::domain::bill::is_bill_number;

/// Writes a place in a list of bills.
pub(in crate::graphql) fn bill_cursor((due_on, number): (NaiveDate, &str)) -> String {
    format!("{due_on} {number}")
}

/// Reads a place in a list of bills.
pub(in crate::graphql) fn read_bill_cursor(plain: &str) -> Result<(NaiveDate, String), Error> {
    let parts = plain.split_once(' ').and_then(|(due_on, number)| Some((parse_day(due_on)?, number)));
    let place = parts.filter(|(_, number)| is_bill_number(number)).ok_or_else(bad_cursor)?;
    Ok((place.0, place.1.to_owned()))
}
