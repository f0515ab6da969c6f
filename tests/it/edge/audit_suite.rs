//! The reference implementation's own clients: the audit suite of GraphQL over HTTP, the schema as a client builds it,
//! and what is valid.

use granary::domain::account::CustomerClass::Residential;
use serde_json::{Value, json};

use crate::support::app::TestApp;
use crate::support::backends::TestDatabase;
use crate::support::commands::save_account;
use crate::support::peers;

/// Audits of graphql-http 1.23.
const AUDITS: usize = 61;
/// Valid there and refused here: what is no DateTime, operations that there is nothing for or too many of, and escapes and
/// a number that the parser doesn't know.
const REFUSED_HERE: [&str; 6] = [
    r#"{ account(number: "0552000001") { amountDue(at: 5) } }"#,
    "subscription { x }",
    "query A { __typename } mutation B { __typename }",
    r#"{ account(number: "\u{31}") { number } }"#,
    r#"{ account(number: "\uD83D\uDE00") { number } }"#,
    r#"{ account(number: "0552000001") { bills(first: -0) { nodes { number } } } }"#,
];

#[test]
fn graphql_over_http_is_spoken_in_every_point_of_the_audit_suite() {
    let Some(folder) = peers::node() else { return };
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database, Vec::new());
    let (url, token) = (format!("http://{}/graphql", app.address), app.token("BANK-1", "bills:read", None));
    let output = peers::run_node(&folder, "audit.mjs", &url, &token);
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let results: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let failed: Vec<&Value> = results.iter().filter(|result| result["status"] != "ok").collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(results.len(), AUDITS);
}

#[test]
fn a_client_builds_the_schema_and_a_customer_does_not() {
    let Some(folder) = peers::node() else { return };
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database, Vec::new());
    let url = format!("http://{}/graphql", app.address);
    let of_channel =
        peers::run_node(&folder, "introspect.mjs", &url, &app.token("BANK-1", "bills:read", None));
    let schema = String::from_utf8_lossy(&of_channel.stdout);
    assert!(schema.contains("input PaymentPostInput {"), "{of_channel:?}");
    let customer = app.token("APP", "bills:read", Some(vec!["0000000001".to_owned()]));
    let of_customer = peers::run_node(&folder, "introspect.mjs", &url, &customer);
    assert_eq!(of_customer.status.code(), Some(1), "{of_customer:?}");
}

#[test]
fn a_document_is_valid_here_where_it_is_valid_to_the_reference_implementation() {
    let Some(folder) = peers::node() else { return };
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database, vec![save_account("0552000001", Residential)]);
    let url = format!("http://{}/graphql", app.address);
    let output = peers::run_node(&folder, "validate.mjs", &url, &app.token("BANK-1", "bills:read", None));
    let told = String::from_utf8(output.stdout).expect("UTF-8");
    let documents = std::fs::read(peers::peers_folder().join("documents.json")).expect("a file of the tests");
    let documents: Vec<(String, Value)> = serde_json::from_slice(&documents).expect("a list of documents");
    assert_eq!(told.lines().count(), documents.len(), "{told}");
    let bank = app.channel("BANK-1");
    let mut refused_here = Vec::new();
    for ((document, variables), told) in documents.into_iter().zip(told.lines()) {
        let reply = bank.send(&document, variables);
        match (told == "[]", reply.body.get("data").is_some()) {
            (true, false) => refused_here.push(document),
            (false, true) => panic!("{document}: {told}, {reply:?}"),
            (true, true) | (false, false) => {}
        }
    }
    assert_eq!(refused_here, REFUSED_HERE);
}

#[test]
fn a_default_decides_what_is_skipped() {
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database, Vec::new());
    let bank = app.channel("BANK-1");
    let query = "query($y: Boolean = true, $n: Boolean! = false) { a: __typename @include(if: $y) b: __typename @skip(if: $y) \
        c: __typename @include(if: $n) ...D } fragment D on Query { d: __typename @include(if: $y) e: __typename @skip(if: $n) }";
    let keys = |variables: Value| {
        let data = bank.data(query, variables);
        data.as_object().expect("an object").keys().cloned().collect::<String>()
    };
    assert_eq!(keys(json!({})), "ade");
    assert_eq!(keys(json!({ "y": false })), "be");
    assert_eq!(keys(json!({ "n": true })), "acd");
}

#[test]
fn introspection_by_a_customer_is_refused_before_anything_is_executed() {
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database, vec![save_account("0552000001", Residential)]);
    let customer = app.customer(&["0552000001"]);
    for query in [
        "{ __schema { queryType { name } } }",
        "{ account(number: \"0552000001\") { number } __type(name: \"Bill\") { name } }",
        "{ ...F } fragment F on Query { s: __schema { queryType { name } } }",
    ] {
        let reply = customer.send(query, json!({}));
        assert!(reply.body.get("data").is_none(), "{reply:?}");
        assert_eq!(reply.body["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{reply:?}");
    }
    assert_eq!(customer.data("{ __typename }", json!({}))["__typename"], "Query");
}
