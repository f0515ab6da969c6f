//! The database at the end of a run, beside the model: accounts, bills, payments, keys, totals,
//! exceptions, and the ledger's sums.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::support::commands::rules;
use crate::support::reads;
use diesel::{QueryableByName, RunQueryDsl, sql_types};
use granary::domain::bill::Part;
use granary::store::base::connection::{Connection, Database, Purpose};

use super::model::bill::{Bill, date_of, day_number};
use super::model::said::{Heard, heard_payment};
use super::model::{Account, Model};
use super::world::World;

const PAGE_LEN: i64 = 10_000;

/// Compares all that a run left.
pub fn database(database: &Database, world: &World, model: &Model) -> Result<(), String> {
    let mut connection = database.connect(Purpose::Read).map_err(|error| error.to_string())?;
    for number in &world.accounts {
        account(&mut connection, number, model.accounts.get(number))?;
        ledger_of(&mut connection, number, model)?;
    }
    payments(&mut connection, world, model)?;
    keys(&mut connection, world, model)?;
    for ((channel_code, day), expected) in &model.totals {
        let found = reads::channel_totals(&mut connection, channel_code, date_of(*day));
        same(&format!("totals of {channel_code}"), &found.map_err(|error| error.to_string())?, expected)?;
    }
    exceptions(&mut connection, world, model)
}

fn same<T: PartialEq + Debug>(what: &str, granary: &T, model: &T) -> Result<(), String> {
    match granary == model {
        true => Ok(()),
        false => Err(format!("{what}\ngranary: {granary:#?}\nmodel: {model:#?}")),
    }
}

fn account(connection: &mut Connection, number: &str, model: Option<&Account>) -> Result<(), String> {
    let found = reads::account(connection, number).map_err(|error| error.to_string())?;
    let found = found.map(|found| {
        let account = &found.account;
        let balance_fen = account.advance_fen - account.shortfall_fen;
        (account.status, account.class, account.last_sequence, balance_fen, account.open_from)
    });
    let expected = model.map(|account| {
        let open_from = account.payable().first().map(|&place| account.bills[place].issued.due_on);
        (account.status, account.class, account.movements, account.advance_fen, open_from)
    });
    same(&format!("account {number}"), &found, &expected)?;
    let stored = reads::bill_page(connection, number, PAGE_LEN).map_err(|error| error.to_string())?;
    let found: Vec<_> = stored
        .iter()
        .map(|bill| {
            let paid = (bill.principal_paid_fen, bill.penalty_paid_fen);
            (bill.number.clone(), bill.class, bill.status, bill.principal_fen, paid)
        })
        .collect();
    let mut bills: Vec<&Bill> = model.iter().flat_map(|account| &account.bills).collect();
    bills.sort_by_key(|bill| (bill.issued.due_on, bill.issued.number.clone()));
    let expected: Vec<_> = bills
        .iter()
        .map(|bill| {
            let paid = (bill.paid_fen(Part::Principal), bill.paid_fen(Part::Penalty));
            (bill.issued.number.clone(), bill.class, bill.status(), bill.issued.principal_fen, paid)
        })
        .collect();
    same(&format!("bills of {number}"), &found, &expected)?;
    quotes(connection, &stored, &bills)
}

/// What payers of days around the due date and around the payments would have to pay.
fn quotes(
    connection: &mut Connection,
    stored: &[granary::domain::bill::Bill],
    bills: &[&Bill],
) -> Result<(), String> {
    let (policies, _) = rules(connection);
    for (stored, bill) in stored.iter().zip(bills) {
        let due = day_number(bill.issued.due_on);
        let days = [due - 3, due, due + 5]
            .into_iter()
            .chain(bill.puts.iter().flat_map(|put| [put.day - 1, put.day]));
        for day in days {
            let found = stored.amount_due_fen(policies.penalty_of(stored), date_of(day));
            same(&format!("due on {bill:#?} at {}", date_of(day)), &found, &bill.due_fen(day))?;
        }
    }
    Ok(())
}

fn payments(connection: &mut Connection, world: &World, model: &Model) -> Result<(), String> {
    let mut expected: BTreeMap<&str, Vec<Heard>> = BTreeMap::new();
    for number in &world.accounts {
        expected.entry(number).or_default();
    }
    for heard in &model.payments {
        expected.entry(&heard.account_number).or_default().push(heard.clone());
    }
    for (number, mut expected) in expected {
        // What was put in suspense before there was an account has no sequence, and is its oldest.
        expected.sort_by_key(|payment| payment.sequence.unwrap_or(0));
        let page = reads::payment_page(connection, number, PAGE_LEN).map_err(|error| error.to_string())?;
        let is_own = |code: &str| world.channels.iter().any(|own| own == code);
        let mut found: Vec<Heard> =
            page.iter().filter(|payment| is_own(&payment.channel_code)).map(heard_payment).collect();
        found.reverse();
        same(&format!("payments of {number:?}"), &found, &expected)?;
    }
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct Named {
    #[diesel(sql_type = sql_types::Text)]
    name: String,
}

/// Every key the model used is there, and no other.
fn keys(connection: &mut Connection, world: &World, model: &Model) -> Result<(), String> {
    let codes = world.channels.iter().chain([&world.unknown_channel]);
    for code in codes {
        let query = format!(
            "SELECT idempotency_key AS name FROM idempotency_keys WHERE channel_code = '{code}' ORDER BY 1"
        );
        let rows: Vec<Named> = load(connection, &query)?;
        let mut expected: Vec<String> =
            model.keys.keys().filter(|key| key.channel_code == *code).map(|key| key.text.clone()).collect();
        expected.sort();
        let found: Vec<String> = rows.into_iter().map(|row| row.name).collect();
        same(&format!("keys of {code}"), &found, &expected)?;
    }
    Ok(())
}

fn exceptions(connection: &mut Connection, world: &World, model: &Model) -> Result<(), String> {
    for code in world.channels.iter().chain([&world.unknown_channel]) {
        let query = format!(
            "SELECT idempotency_key || ' ' || kind AS name FROM exceptions WHERE channel_code = '{code}'"
        );
        let rows: Vec<Named> = load(connection, &query)?;
        let mut found: Vec<String> = rows.into_iter().map(|row| row.name).collect();
        found.sort();
        let own = model.differences.iter().filter(|(channel_code, ..)| channel_code == code);
        let mut expected: Vec<String> = own.map(|(_, key, kind, _)| format!("{key} {kind}")).collect();
        expected.sort();
        same(&format!("exceptions of {code}"), &found, &expected)?;
    }
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct Sum {
    #[diesel(sql_type = sql_types::Text)]
    ledger_account: String,
    #[diesel(sql_type = sql_types::Text)]
    bill_number: String,
    #[diesel(sql_type = sql_types::BigInt)]
    net_fen: i64,
}

/// Net debit of each ledger account, by bill where the bill matters.
fn ledger_of(connection: &mut Connection, number: &str, model: &Model) -> Result<(), String> {
    let query = format!(
        "SELECT ledger_account, bill_number, CAST(sum(fen) AS BIGINT) AS net_fen FROM ( \
         SELECT debit AS ledger_account, coalesce(bill_number, '') AS bill_number, amount_fen AS fen \
         FROM entries WHERE account_number = '{number}' \
         UNION ALL SELECT credit, coalesce(bill_number, ''), -amount_fen \
         FROM entries WHERE account_number = '{number}') AS sides GROUP BY ledger_account, bill_number"
    );
    let mut found: BTreeMap<(String, String), i64> = BTreeMap::new();
    for Sum { ledger_account, bill_number, net_fen } in load(connection, &query)? {
        let bill_number = if ledger_account == "RECEIVABLE" { bill_number } else { String::new() };
        *found.entry((ledger_account, bill_number)).or_default() += net_fen;
    }
    found.retain(|_, fen| *fen != 0);
    let mut expected: BTreeMap<(String, String), i64> = BTreeMap::new();
    let mut add = |name: &str, bill_number: &str, fen: i64| {
        *expected.entry((name.to_owned(), bill_number.to_owned())).or_default() += fen;
    };
    if let Some(account) = model.accounts.get(number) {
        add("ADVANCE", "", -account.advance_fen);
        for bill in &account.bills {
            add("RECEIVABLE", &bill.issued.number, bill.principal_due_fen());
            add("PENALTY", "", -bill.paid_fen(Part::Penalty));
            add("REVENUE", "", -bill.issued.principal_fen);
        }
    }
    for heard in
        model.payments.iter().filter(|heard| heard.account_number == number && heard.reversal.is_none())
    {
        add("CLEARING", "", heard.amount_fen);
        add("SUSPENSE", "", -heard.to_suspense_fen);
    }
    expected.retain(|_, fen| *fen != 0);
    same(&format!("ledger of {number}"), &found, &expected)
}

fn load<T: QueryableByName<diesel::pg::Pg> + QueryableByName<diesel::sqlite::Sqlite> + 'static>(
    connection: &mut Connection,
    query: &str,
) -> Result<Vec<T>, String> {
    match connection {
        Connection::Postgres(connection) => diesel::sql_query(query).load(connection),
        Connection::Sqlite(connection) => diesel::sql_query(query).load(connection),
    }
    .map_err(|error| error.to_string())
}
