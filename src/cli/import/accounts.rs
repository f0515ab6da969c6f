//! Lines of accounts: `account_number,name,customer_class,address,phone,area,status`.

use std::collections::{HashMap, HashSet};

use super::chunk::{Chunk, Line};
use super::table::{Faults, Reason, Row, Table};
use super::zeros::{why_no_number, with_zeros};
use crate::cli::session::Session;
use crate::domain::account::{
    ADDRESS_LEN_MAX, AREA_LEN_MAX, AccountStatus, CustomerClass, Holder, NAME_LEN_MAX, PHONE_LEN_MAX,
    SaveAccount, is_account_number,
};
use crate::domain::base::text::is_free_text;
use crate::domain::bill::BilledAccount;
use crate::domain::book::Command;
use crate::engine::Priority;

pub(super) const COLUMNS: &[&str] =
    &["account_number", "name", "customer_class", "address", "phone", "area", "status"];

/// Reads one line.
pub(super) fn command(table: &Table, row: &Row) -> Result<Command, Vec<Reason>> {
    let mut faults = Faults::default();
    let number = faults.keep(account_number(table, row));
    let name = faults.keep(free_text(table, row, "name", NAME_LEN_MAX));
    let class = faults.keep(word(table, row, "customer_class", CustomerClass::from_word, || {
        words(CustomerClass::ALL, CustomerClass::word)
    }));
    let address = faults.keep(free_text(table, row, "address", ADDRESS_LEN_MAX));
    let phone = faults.keep(free_text(table, row, "phone", PHONE_LEN_MAX));
    let area = faults.keep(free_text(table, row, "area", AREA_LEN_MAX));
    let status = faults.keep(word(table, row, "status", AccountStatus::from_word, || {
        words(AccountStatus::ALL, AccountStatus::word)
    }));
    match (number, name, class, address, phone, area, status) {
        (Some(number), Some(name), Some(class), Some(address), Some(phone), Some(area), Some(status)) => {
            let holder = Holder { name, address, phone, area };
            Ok(Command::SaveAccount(SaveAccount { number, status, class, holder }))
        }
        _ => Err(faults.all),
    }
}

/// The account number of a line, in either kind of file.
pub(super) fn account_number(table: &Table, row: &Row) -> Result<String, Reason> {
    let number = table.field(row, "account_number");
    match is_account_number(number) {
        true => Ok(number.to_owned()),
        false => Err(Reason::of_column("account_number", why_no_number(number))),
    }
}

fn free_text(table: &Table, row: &Row, column: &'static str, len_max: usize) -> Result<String, Reason> {
    let text = table.field(row, column);
    match is_free_text(text, len_max) {
        true => Ok(text.to_owned()),
        false if text.chars().count() > len_max => {
            Err(Reason::of_column(column, format!("longer than {len_max} characters")))
        }
        false => Err(Reason::of_column(column, "holds a control character")),
    }
}

fn word<T>(
    table: &Table,
    row: &Row,
    column: &'static str,
    from_word: impl Fn(&str) -> Option<T>,
    known: impl Fn() -> String,
) -> Result<T, Reason> {
    let value = from_word(table.field(row, column));
    value.ok_or_else(|| Reason::of_column(column, format!("not one of {}", known())))
}

fn words<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str) -> String {
    all.iter().map(|value| word(*value)).collect::<Vec<_>>().join(", ")
}

/// Takes out the lines that say what the database says already, so that the same file again writes
/// nothing. A later line on an account that an earlier one of this chunk changes always stays.
pub(super) fn drop_unchanged(session: &Session, chunk: &mut Chunk) -> anyhow::Result<()> {
    let number = |line: &Line| match &line.command {
        Command::SaveAccount(account) => Some(account.number.clone()),
        _ => None,
    };
    let numbers: Vec<String> = chunk.lines.iter().filter_map(number).collect();
    let look_ups = session.engine().look_ups(Priority::Normal);
    let known = session.wait(|| look_ups.accounts(numbers.clone()))?;
    let mut changed = HashSet::new();
    let before = chunk.lines.len();
    chunk.lines.retain(|line| match &line.command {
        Command::SaveAccount(account) => {
            let is_same = known.get(&account.number).is_some_and(|known| says_the_same(known, account));
            let is_kept = !is_same || changed.contains(&account.number);
            if is_kept {
                changed.insert(account.number.clone());
            }
            is_kept
        }
        _ => true,
    });
    chunk.unchanged += (before - chunk.lines.len()) as u64;
    let new = numbers.into_iter().filter(|number| !known.contains_key(number));
    refuse_without_zeros(&with_zeros(session, new)?, chunk);
    Ok(())
}

/// A new account that is there already with zeros in front would be a second one for the same customer.
fn refuse_without_zeros(longer: &HashMap<String, String>, chunk: &mut Chunk) {
    if longer.is_empty() {
        return;
    }
    for line in std::mem::take(&mut chunk.lines) {
        let found = match &line.command {
            Command::SaveAccount(account) => longer.get(&account.number),
            _ => None,
        };
        match found {
            Some(longer) => {
                let reason = format!("there is {longer}: a spreadsheet has cut its leading zeros");
                chunk.bad.push((line.row, vec![Reason::of_column("account_number", reason)]));
            }
            None => chunk.lines.push(line),
        }
    }
}

fn says_the_same(BilledAccount { account, holder, .. }: &BilledAccount, line: &SaveAccount) -> bool {
    account.status == line.status && account.class == line.class && *holder == line.holder
}
