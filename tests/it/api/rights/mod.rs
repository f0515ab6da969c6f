//! Rights, field by field. `rights.txt` says what each kind of caller gets of each field; the tests
//! ask for every field by every route and compare. What only some may see is a canary: it may appear
//! in no answer but theirs.

mod answer;
mod callers;
mod errors;
mod households;
mod keys;
mod path;
mod routes;
mod survey;
mod table;

use std::collections::BTreeSet;

use self::callers::{BY_KIND, BY_SCOPE, Caller, PERSONAL};
use self::households::town;
use self::survey::Survey;
use self::table::{Side, Table};
use crate::support::backends::for_each_backend;
use crate::support::fields::{Field, published};

/// The main table.
fn rights() -> Table {
    Table::parse(include_str!("rights.txt"))
}

/// Personal data, for those who see it in clear.
fn personal() -> Table {
    Table::parse(include_str!("personal.txt"))
}

/// What each scope opens by itself.
fn scopes() -> Table {
    Table::parse(include_str!("scopes.txt"))
}

fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

fn assert_columns(table: &Table, callers: &[Caller]) {
    let named: BTreeSet<&str> = table.columns().iter().map(|column| column.caller.as_str()).collect();
    let known: BTreeSet<&str> = callers.iter().map(|caller| caller.name).collect();
    assert_eq!(named, known, "each column has a caller and each caller a column");
}

#[test]
fn every_field_has_a_row_and_every_row_a_field() {
    let (rights, personal) = (rights(), personal());
    let rows: BTreeSet<String> = rights.fields().map(str::to_owned).collect();
    let fields: BTreeSet<String> = published().iter().map(Field::row).collect();
    let missing: Vec<_> = fields.difference(&rows).collect();
    let left_over: Vec<_> = rows.difference(&fields).collect();
    assert!(
        missing.is_empty() && left_over.is_empty(),
        "without a row: {missing:?}; without a field: {left_over:?}"
    );
    let is_for_nobody =
        |row: &&String| !rights.is_allowed_to_somebody(row) && !personal.is_allowed_to_somebody(row);
    let for_nobody: Vec<_> = rows.iter().filter(is_for_nobody).collect();
    assert!(
        for_nobody.is_empty(),
        "nobody sees {for_nobody:?}, so nothing shows that there is something to see"
    );
    for (table, callers) in [(&rights, &BY_KIND[..]), (&personal, &PERSONAL), (&scopes(), BY_SCOPE)] {
        assert_columns(table, callers);
    }
}

#[test]
fn each_caller_gets_what_the_table_says_by_every_route() {
    let (rights, personal, fields) = (rights(), personal(), published());
    let fields: Vec<&Field> = fields.iter().collect();
    let expected = |field: &str, caller: &Caller, side: Side| {
        let in_clear = personal.cell(field, caller.name, side);
        in_clear.or_else(|| rights.cell(field, caller.kind(), side))
    };
    for_each_backend(|database| {
        let (app, households) = town(database);
        let mut survey = Survey::new(&app, &households, &expected);
        for caller in BY_KIND.iter().chain(&PERSONAL) {
            survey.ask(caller, &fields);
        }
        assert_none(&survey.findings);
        assert_none(&survey.unused_routes());
    });
}

#[test]
fn each_scope_opens_what_the_table_says() {
    let (scopes, fields) = (scopes(), published());
    let fields: Vec<&Field> =
        fields.iter().filter(|field| scopes.fields().any(|row| row == field.row())).collect();
    assert_eq!(fields.len(), scopes.fields().count(), "a row without a field");
    let expected = |field: &str, caller: &Caller, side: Side| scopes.cell(field, caller.name, side);
    for_each_backend(|database| {
        let (app, households) = town(database);
        let mut survey = Survey::new(&app, &households, &expected);
        for caller in BY_SCOPE {
            survey.ask(caller, &fields);
        }
        assert_none(&survey.findings);
    });
}
