//! A document that was executed before is not validated again; nobody can tell.

use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::backends::TestDatabase;
use crate::support::client::Client;
use crate::support::commands::{issue_bill, save_account};
use granary::domain::account::CustomerClass::Residential;

const ACCOUNT: &str = "0000000001";

/// A document with variables it was made for, and others to try it with.
struct Case {
    document: &'static str,
    good: Value,
    others: Vec<Value>,
}

fn input(change: impl FnOnce(&mut Value)) -> Value {
    let mut input = json!({ "idempotencyKey": "known-1", "accountNumber": ACCOUNT, "amount": "1.00" });
    change(&mut input);
    json!({ "input": input })
}

fn cases() -> Vec<Case> {
    let set = |name: &'static str, value: Value| input(|input| input[name] = value);
    vec![
        Case {
            document: "mutation($input: PaymentPostInput!) { paymentPost(input: $input) { userErrors { code } \
                payment { amount allocations { part amount } } } }",
            good: input(|_| ()),
            others: vec![
                set("amount", json!(1)),
                set("amount", json!("1.0")),
                set("amount", Value::Null),
                set("paidAT", json!("2026-11-20T08:00:00Z")),
                set("paidAt", json!("yesterday")),
                set("billNumbers", json!("B1")),
                set("billNumbers", json!([null])),
                set("billNumbers", json!([1])),
                set("note", Value::Null),
                input(|input| drop(input.as_object_mut().map(|fields| fields.remove("amount")))),
                json!({ "input": null }),
                json!({ "input": [] }),
                json!({ "input": "x" }),
                json!({}),
                json!({ "input": input(|_| ())["input"], "other": { "no": "matter" } }),
            ],
        },
        Case {
            document: "mutation($k: String!, $a: Amount!) { paymentPost(input: { idempotencyKey: $k, \
                accountNumber: \"0000000001\", amount: $a }) { payment { amount } } }",
            good: json!({ "k": "known-2", "a": "2.00" }),
            others: vec![
                json!({ "k": "known-2", "a": 2 }),
                json!({ "k": null, "a": "2.00" }),
                json!({ "k": "x" }),
            ],
        },
        Case {
            document: "query($n: String!, $first: Int, $status: [BillStatus!], $b: Boolean = true) { \
                account(number: $n) { amountDue bills(first: $first, filter: { status: $status }) { \
                nodes { number @include(if: $b) } } } }",
            good: json!({ "n": ACCOUNT, "status": ["OPEN"] }),
            others: vec![
                json!({ "n": ACCOUNT, "status": "OPEN" }),
                json!({ "n": ACCOUNT, "status": ["OPENED"] }),
                json!({ "n": ACCOUNT, "status": [1] }),
                json!({ "n": ACCOUNT, "first": 1.5 }),
                json!({ "n": ACCOUNT, "first": 101 }),
                json!({ "n": ACCOUNT, "first": null }),
                json!({ "n": ACCOUNT, "b": null }),
                json!({ "n": ACCOUNT, "b": false }),
                json!({ "n": 1 }),
            ],
        },
        Case {
            document: "query($n: String!, $at: DateTime = \"2026-11-20T00:00:00Z\") { account(number: $n) { \
                amountDue(at: $at) bills { nodes { penalty(at: $at) amountDue(at: $at) } } } }",
            good: json!({ "n": ACCOUNT, "at": "2027-01-01T00:00:00.123456+08:00" }),
            others: vec![
                json!({ "n": ACCOUNT }),
                json!({ "n": ACCOUNT, "at": null }),
                json!({ "n": ACCOUNT, "at": "2027-01-01" }),
                json!({ "n": ACCOUNT, "at": "tomorrow" }),
                json!({ "n": ACCOUNT, "at": 1 }),
            ],
        },
        Case {
            document: "query($n: String!, $at: DateTime = \"tomorrow\") { account(number: $n) { amountDue(at: $at) } }",
            good: json!({ "n": ACCOUNT, "at": "2027-01-01T00:00:00Z" }),
            others: vec![json!({ "n": ACCOUNT }), json!({ "n": ACCOUNT, "at": "tomorrow" })],
        },
        Case {
            document: "query($f: BillFilter) { account(number: \"0000000001\") { bills(filter: $f) { \
                nodes { number status } } } }",
            good: json!({ "f": { "status": ["PAID"] } }),
            others: vec![
                json!({ "f": { "state": ["PAID"] } }),
                json!({ "f": {} }),
                json!({ "f": null }),
                json!({ "f": [{}] }),
            ],
        },
        Case {
            document: "query A($n: String!) { account(number: $n) { number } }",
            good: json!({ "n": ACCOUNT }),
            others: vec![json!({ "n": ACCOUNT }), json!({ "n": ["0"] })],
        },
    ]
}

/// The same document under another text, which no server has seen.
fn unseen(document: &str, number: &mut u32) -> String {
    *number += 1;
    format!("{document} # {number}")
}

#[test]
fn a_known_document_is_answered_like_an_unknown_one() {
    let database = TestDatabase::sqlite();
    let setup = vec![save_account(ACCOUNT, Residential), issue_bill(ACCOUNT, "B1", 10_000, "2026-11-30")];
    let app = TestApp::start(&database, setup);
    let customer = app.customer(&[ACCOUNT]);
    let mut number = 0;
    let mut compare = |client: &Client, Case { document, good, others }: &Case| {
        client.send(document, good.clone());
        for variables in [std::slice::from_ref(good), others].concat() {
            let known = client.send(document, variables.clone());
            let unknown = client.send(&unseen(document, &mut number), variables.clone());
            assert_eq!(
                (known.status, &known.body),
                (unknown.status, &unknown.body),
                "{document} {variables}"
            );
        }
    };
    for case in cases() {
        compare(&app.channel("BANK-1"), &case);
        compare(&customer, &case);
    }
}

#[test]
fn what_a_channel_made_known_stays_hidden_from_customers() {
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database, vec![save_account(ACCOUNT, Residential)]);
    let document = "{ __schema { queryType { name } } }";
    assert_eq!(app.channel("BANK-1").data(document, json!({}))["__schema"]["queryType"]["name"], "Query");
    let customer = app.customer(&[ACCOUNT]);
    let first = customer.send(document, json!({}));
    assert_ne!(first.body["data"]["__schema"]["queryType"]["name"], "Query", "{first:?}");
    assert_eq!(customer.send(document, json!({})).body, first.body);
}
