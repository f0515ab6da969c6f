//! Ids and cursors are text that callers can write themselves. What no server gave out is refused, finds nothing,
//! and is no other caller's business.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use granary::domain::account::CustomerClass::Residential;
use serde_json::{Value, json};

use crate::support::app::{TestApp, at};
use crate::support::backends::for_each_backend;
use crate::support::commands::{issue_bill, post, save_account};

const ACCOUNT: &str = "0000000001";

fn encode(plain: &str) -> String {
    URL_SAFE_NO_PAD.encode(plain)
}

/// Ids whose parts can't be what they stand for.
fn ids() -> Vec<String> {
    let long = "1".repeat(100_000);
    let plain = [
        "account\n\0",
        "account\n0000000001\0",
        "account\n",
        "account\n+1",
        "account\n１",
        "bill\n0000000001\nB\0",
        "bill\n\0\nB1",
        "bill\n0000000001\nB 1",
        "bill\n0000000001\n",
        "bill\nx\nB1",
        "payment\n0000000001\n-1",
        "payment\n0000000001\n+1",
        "payment\n0000000001\n01",
        "payment\n\0\n1",
        "payment\n0000000001\u{85}\n1",
        "payment\n0000000001\n9223372036854775808",
        "exception\n1",
        "account\n1\n1",
        "",
    ];
    let mut ids: Vec<String> = plain.into_iter().map(encode).collect();
    ids.extend([format!("{}=", encode("account\n0000000001")), "\u{0}".into(), "no id".into()]);
    ids.push(encode(&format!("account\n{long}")));
    ids.push(URL_SAFE_NO_PAD.encode([b"account\n".as_slice(), &[0xff, 0xfe]].concat()));
    ids
}

/// Cursors that no list gives out.
fn cursors() -> Vec<String> {
    let plain = [
        "\0",
        "2026-11-30 B\0",
        "2026-11-30 ",
        "2026-11-30 B 1",
        "2026-11-30",
        "-262143-01-01 B1",
        "+262142-12-31 B1",
        "-4714-01-01 B1",
        "99999-01-01 B1",
        "2026-1-1 B1",
        "2026-02-30 B1",
        "-1",
        "+1",
        "01",
        "9223372036854775808",
        "1\0",
        " 1",
        "",
    ];
    let mut cursors: Vec<String> = plain.into_iter().map(encode).collect();
    cursors.push(encode(&format!("2026-11-30 {}", "B".repeat(33))));
    cursors.push("no cursor".to_owned());
    cursors
}

#[test]
fn an_id_that_no_server_gave_out_finds_nothing() {
    for_each_backend(|database| {
        let app = TestApp::start(database, vec![save_account(ACCOUNT, Residential)]);
        let client = app.channel("COUNTER-1");
        for id in ids().iter().filter(|id| !id.contains('\0')) {
            let reply = client.send(
                "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }",
                json!({ "id": id }),
            );
            assert_eq!(reply.body, json!({ "data": { "node": null, "nodes": [null] } }), "{id:.60}");
        }
        // A text of a document is read by the library, escapes included.
        let reply = client.send(r#"{ node(id: "\u0000") { id } account(number: "1") { id } }"#, json!({}));
        assert_eq!(reply.body, json!({ "data": { "node": null, "account": null } }));
    });
}

#[test]
fn a_cursor_that_no_list_gave_out_is_the_callers_bug() {
    for_each_backend(|database| {
        let setup = vec![
            save_account(ACCOUNT, Residential),
            issue_bill(ACCOUNT, "B1", 1_000, "2026-11-30"),
            post("COUNTER-1", "k", ACCOUNT, 100),
        ];
        let app = TestApp::start(database, setup);
        let client = app.channel("COUNTER-1");
        let lists = [
            "account(number: \"0000000001\") { bills(after: $after) { nodes { number } } }",
            "account(number: \"0000000001\") { bills(after: $after, filter: {status: [OPEN, PARTLY_PAID]}) { nodes { number } } }",
            "account(number: \"0000000001\") { payments(after: $after) { nodes { number } } }",
            "account(number: \"0000000001\") { bills { nodes { payments(after: $after) { nodes { number } } } } }",
            "channel { payments(after: $after) { nodes { number } } }",
            "exceptions(after: $after) { nodes { number } }",
        ];
        for list in lists {
            let query = format!("query($after: String) {{ {list} }}");
            let reply = client.send(&query, json!({ "after": null }));
            assert!(reply.body.get("errors").is_none(), "{list}: {}", reply.body);
            for cursor in cursors() {
                let reply = client.send(&query, json!({ "after": cursor }));
                assert_eq!(
                    at(&reply.body, "errors.0.extensions.code"),
                    "BAD_USER_INPUT",
                    "{list} {cursor}: {}",
                    reply.body
                );
            }
        }
    });
}

/// Arguments that are given as they are.
#[test]
fn a_number_that_can_be_none_finds_nothing() {
    for_each_backend(|database| {
        let app = TestApp::start(database, vec![save_account(ACCOUNT, Residential)]);
        let client = app.channel("COUNTER-1");
        for number in ["x", "", "１", "0000000001 ", "\u{ffff}", &"1".repeat(50_000)] {
            let query = "query($n: String!) { account(number: $n) { id } accounts(numbers: [$n]) { id } payment(idempotencyKey: $n) { status } }";
            let data = client.data(query, json!({ "n": number }));
            let expected =
                json!({ "account": null, "accounts": [null], "payment": { "status": "NOT_FOUND" } });
            assert_eq!(data, expected, "{number:.60}");
        }
        for on in ["0000-01-01", "9999-12-31"] {
            let data = client.data("query($on: Date) { channel { totals(on: $on) { count } payments(on: $on) { nodes { id } } } }", json!({ "on": on }));
            assert_eq!(data["channel"]["totals"]["count"], Value::from(0), "{on}");
        }
        for at in ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999-12:00"] {
            let reply = client.send(
                "query($at: DateTime) { account(number: \"0000000001\") { amountDue(at: $at) } }",
                json!({ "at": at }),
            );
            assert!(
                reply.status == 200 && !reply.body.to_string().contains("INTERNAL"),
                "{at}: {}",
                reply.body
            );
        }
    });
}
