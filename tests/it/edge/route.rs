//! The route: what a GET may do, what may be sent, how much of it, and what an answer looks like.

use std::io::{ErrorKind, Write};
use std::time::Duration;

use serde_json::{Value, json};

use super::raw::{RawReply, connect, exchange, post};
use crate::support::app::{ALL_SCOPES, TestApp};
use crate::support::backends::TestDatabase;
use crate::support::commands::save_account;
use granary::domain::account::CustomerClass::Residential;

const ACCOUNT: &str = "0000000001";

fn with_app(test: impl FnOnce(&TestApp<'_>, &str)) {
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database, vec![save_account(ACCOUNT, Residential)]);
    let token = app.token("BANK-1", ALL_SCOPES, None);
    test(&app, &token);
}

fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn get(app: &TestApp<'_>, token: &str, parameters: &[(&str, &str)]) -> RawReply {
    let search: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let bearer = format!("Bearer {token}");
    let path = format!("/graphql?{}", search.join("&"));
    exchange(app.address, "GET", &path, &[("Authorization", &bearer)], b"")
}

#[test]
fn a_query_may_be_a_get_and_nothing_else() {
    with_app(|app, token| {
        let query = "query Q($n: String!) { account(number: $n) { number } } mutation M { __typename }";
        let variables = json!({ "n": ACCOUNT }).to_string();
        let asked = get(
            app,
            token,
            &[("query", query), ("variables", &variables), ("operationName", "Q"), ("extensions", "{}")],
        );
        assert_eq!(asked.json(), json!({ "data": { "account": { "number": ACCOUNT } } }));
        let mutation =
            get(app, token, &[("query", query), ("variables", &variables), ("operationName", "M")]);
        assert_eq!((mutation.status, mutation.code()), (405, "BAD_USER_INPUT".to_owned()));
        assert!(mutation.head.contains("\nallow: post\r\n"), "{mutation:?}");
        let bad: [&[(&str, &str)]; 6] = [
            &[],
            &[("query", query), ("query", query)],
            &[("query", "{ __typename }"), ("variables", "[]")],
            &[("query", "{ __typename }"), ("variables", "{\"a\":")],
            &[("query", "{ __typename }"), ("extensions", "[]")],
            &[("query", "{ __typename }"), ("variables", &"[".repeat(1_000))],
        ];
        for parameters in bad {
            let reply = get(app, token, parameters);
            assert!(reply.json().get("data").is_none(), "{parameters:?}: {reply:?}");
        }
    });
}

#[test]
fn other_methods_and_paths_are_named() {
    with_app(|app, token| {
        let bearer = format!("Bearer {token}");
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
            let reply = exchange(app.address, method, "/graphql", &[("Authorization", &bearer)], b"{}");
            assert_eq!(reply.status, 405, "{method}");
            assert!(reply.head.contains("\nallow: get, post\r\n"), "{reply:?}");
        }
        for path in ["/", "/graphql/", "/metrics", "/livez", "/admin", "/graphql/../metrics"] {
            assert_eq!(exchange(app.address, "GET", path, &[("Authorization", &bearer)], b"").status, 404);
        }
    });
}

#[test]
fn a_body_is_one_json_object_in_the_right_media_type() {
    with_app(|app, token| {
        let bearer = format!("Bearer {token}");
        let body = br#"{"query":"{ __typename }"}"#;
        let media = [
            ("application/json", 200),
            ("application/json; charset=utf-8", 200),
            ("Application/JSON;charset=\"UTF-8\"", 200),
            ("application/json; charset=gbk", 415),
            ("text/plain", 415),
            ("application/x-www-form-urlencoded", 415),
            ("multipart/form-data; boundary=x", 415),
            ("application/graphql", 415),
            ("application/jsonx", 415),
            ("", 415),
        ];
        for (media, status) in media {
            let headers = [("Authorization", bearer.as_str()), ("Content-Type", media)];
            let reply = exchange(app.address, "POST", "/graphql", &headers, body);
            assert_eq!(reply.status, status, "{media:?}: {reply:?}");
        }
        let missing = exchange(app.address, "POST", "/graphql", &[("Authorization", &bearer)], body);
        assert_eq!(missing.status, 415);
        let bad = [
            r#"[{"query":"{ __typename }"}]"#,
            r#"["{ __typename }",null,null,null,null]"#,
            r#"{"query":"{ __typename }","query":"{ __typename }"}"#,
            r#"{"query":"{ __typename }","extensions":[null]}"#,
            r#"{"query":"{ __typename }","variables":[]}"#,
            r#"{"query":null}"#,
            r#"{"query":{}}"#,
            r#"{"query":"{ __typename }"} {}"#,
            "\"{ __typename }\"",
            "{}",
            "",
            "\u{feff}{}",
        ];
        for body in bad {
            let reply = post(app.address, token, body.as_bytes());
            assert_eq!((reply.status, reply.code().as_str()), (400, "BAD_USER_INPUT"), "{body}");
            assert!(reply.json().get("data").is_none(), "{body}");
        }
        let not_utf8 = post(app.address, token, b"{\"query\":\"{ __typename }\xff\"}");
        assert_eq!(not_utf8.status, 400);
    });
}

#[test]
fn who_may_not_post_has_little_to_say() {
    with_app(|app, poster| {
        let reader = app.token("BANK-1", "bills:read", None);
        let customer = app.token("APP", ALL_SCOPES, Some(vec![ACCOUNT.to_owned()]));
        let body = |len: usize| {
            let query = r#"{"query":"{ serviceConfig { limits { bodyBytesMax } } }"}"#;
            format!("{query}{}", " ".repeat(len - query.len()))
        };
        for (token, bytes_max) in
            [(poster, 1_048_576), (reader.as_str(), 65_536), (customer.as_str(), 65_536)]
        {
            let fits = post(app.address, token, body(bytes_max).as_bytes());
            assert_eq!(fits.json()["data"]["serviceConfig"]["limits"]["bodyBytesMax"], bytes_max);
            let larger = post(app.address, token, body(bytes_max + 1).as_bytes());
            assert_eq!((larger.status, larger.code().as_str()), (413, "QUERY_TOO_LARGE"));
        }
        let much = post(app.address, &reader, body(15 * 1024 * 1024).as_bytes());
        assert_eq!(much.status, 413, "the answer arrives after all of it was sent");
        let unknown = post(app.address, "nonsense", body(1_048_576).as_bytes());
        assert_eq!(unknown.status, 401, "and so does any other refusal");
    });
}

#[test]
fn an_answer_carries_few_errors_and_its_number() {
    with_app(|app, token| {
        let wrong: String = (0..100).map(|index| format!("wrong{index} ")).collect();
        let reply =
            post(app.address, token, json!({ "query": format!("{{ {wrong} }}") }).to_string().as_bytes());
        assert_eq!(reply.json()["errors"].as_array().map(Vec::len), Some(20));
        let first = reply.head.lines().find_map(|line| line.strip_prefix("x-request-id: "));
        assert_eq!(first.map(|id| id.split('-').next()), Some(Some("00000001")));
        let header = format!("Bearer {token}");
        let headers = [
            ("Authorization", header.as_str()),
            ("Content-Type", "application/json"),
            ("Accept", "application/graphql-response+json"),
        ];
        let refused = exchange(app.address, "POST", "/graphql", &headers, br#"{"query":"{ wrong }"}"#);
        assert_eq!(refused.status, 400);
        assert!(refused.head.contains("content-type: application/graphql-response+json"), "{refused:?}");
        let html = [("Authorization", header.as_str()), ("Accept", "text/html")];
        assert_eq!(exchange(app.address, "POST", "/graphql", &html, b"{}").status, 406);
    });
}

#[test]
fn suggestions_and_introspection_are_for_channels() {
    with_app(|app, token| {
        let customer = app.token("APP", ALL_SCOPES, Some(vec![ACCOUNT.to_owned()]));
        let body = |query: &str| json!({ "query": query }).to_string();
        let misspelt = body("{ serviceConfi { name } }");
        assert!(post(app.address, token, misspelt.as_bytes()).text.contains("Did you mean"));
        let told = post(app.address, &customer, misspelt.as_bytes());
        assert!(!told.text.contains("Did you mean"), "{told:?}");
        for query in ["{ __schema { queryType { name } } }", r#"{ __type(name: "Query") { name } }"#] {
            assert_ne!(post(app.address, token, body(query).as_bytes()).json()["data"], Value::Null);
            let hidden = post(app.address, &customer, body(query).as_bytes());
            assert!(!hidden.text.contains("\"Query\""), "{hidden:?}");
        }
    });
}

#[test]
fn the_largest_batch_may_ask_for_all_that_a_teller_sees() {
    with_app(|app, token| {
        let payment = |number: usize| json!({ "idempotencyKey": format!("k{number}"), "accountNumber": ACCOUNT, "amount": "0.01" });
        let query = "mutation($input: PaymentBatchPostInput!) { paymentBatchPost(input: $input) { results { replayed \
            payment { receiptNumber amount toAdvance allocations { bill { number } part amount remainingAfter } } \
            userErrors { code message field retryable } } } }";
        let payments: Vec<Value> = (0..1_000).map(payment).collect();
        let body = json!({ "query": query, "variables": { "input": { "payments": payments } } });
        let reply = post(app.address, token, body.to_string().as_bytes()).json();
        let results = reply["data"]["paymentBatchPost"]["results"].as_array();
        assert_eq!(results.map(Vec::len), Some(1_000), "{}", reply["errors"]);
    });
}

#[test]
fn who_never_reads_is_cut_off() {
    let database = TestDatabase::sqlite();
    let commands = vec![save_account(ACCOUNT, Residential)];
    let unread_timeout = Duration::from_millis(500);
    let app = TestApp::start_with(&database, commands, |settings| settings.unread_timeout = unread_timeout);
    let numbers = vec![ACCOUNT; 100];
    let query = "query($n: [String!]!) { accounts(numbers: $n) { id number name address phone area } }";
    let body = json!({ "query": query, "variables": { "n": numbers } }).to_string();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        app.token("BANK-1", ALL_SCOPES, None),
        body.len()
    );
    let mut stream = connect(app.address);
    let refused = (0..100_000).find_map(|_| stream.write_all(request.as_bytes()).err());
    let refused = refused.expect("the server doesn't take requests for ever from who reads nothing");
    let is_cut_off = matches!(refused.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
    assert!(is_cut_off, "{refused:?}");
    assert_eq!(app.channel("BANK-1").send("{ channel { code } }", json!({})).status, 200);
}
