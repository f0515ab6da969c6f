//! Lines of accounts: `account_number,name,customer_class,address,phone,area,status`.

use std::collections::HashSet;

use super::chunk::{Chunk, Line};
use super::table::{Reason, Row, Table};
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
pub(super) fn command(table: &Table, row: &Row) -> Result<Command, Reason> {
    let text = |column, len_max| free_text(table, row, column, len_max);
    let class = table.field(row, "customer_class");
    let status = table.field(row, "status");
    Ok(Command::SaveAccount(SaveAccount {
        number: account_number(table, row)?,
        status: AccountStatus::from_word(status).ok_or_else(|| {
            Reason::of_column(
                "status",
                format!("not one of {}", words(AccountStatus::ALL, AccountStatus::word)),
            )
        })?,
        class: CustomerClass::from_word(class).ok_or_else(|| {
            let known = words(CustomerClass::ALL, CustomerClass::word);
            Reason::of_column("customer_class", format!("not one of {known}"))
        })?,
        holder: Holder {
            name: text("name", NAME_LEN_MAX)?,
            address: text("address", ADDRESS_LEN_MAX)?,
            phone: text("phone", PHONE_LEN_MAX)?,
            area: text("area", AREA_LEN_MAX)?,
        },
    }))
}

/// The account number of a line, in either kind of file.
pub(super) fn account_number(table: &Table, row: &Row) -> Result<String, Reason> {
    let number = table.field(row, "account_number");
    match is_account_number(number) {
        true => Ok(number.to_owned()),
        false => Err(Reason::of_column("account_number", "not 1 to 20 digits")),
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
    Ok(())
}

fn says_the_same(BilledAccount { account, holder, .. }: &BilledAccount, line: &SaveAccount) -> bool {
    account.status == line.status && account.class == line.class && *holder == line.holder
}
