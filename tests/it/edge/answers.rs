//! Answers are bounded: in the length of their names, in bytes as they are built, in bytes of all under way, and
//! in what introspection tells.

use std::io::Write;
use std::time::Duration;

use granary::access::tokens::Claims;
use granary::domain::account::CustomerClass::Residential;
use granary::domain::book::Command;
use serde_json::{Value, json};

use super::raw::{connect, exchange};
use crate::support::app::{TestApp, at};
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::client::{Client, Reply};
use crate::support::commands::{issue_bill, post, save_account};
use crate::support::wait::wait_until;

/// Accounts with as many bills each, so that a page of pages holds their square.
const LEN: usize = 100;
/// Less than any of the large answers below has.
const SMALL_BYTES: usize = 64 * 1024;
const WITHIN: Duration = Duration::from_secs(60);
/// Long enough to look at what waits meanwhile.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(8);

fn numbers() -> Vec<String> {
    (0..LEN).map(|index| format!("{:010}", index + 1)).collect()
}

/// 100 accounts; the first has 100 bills, and 100 payments of the channel.
fn district() -> Vec<Command> {
    let mut commands: Vec<Command> =
        numbers().iter().map(|number| save_account(number, Residential)).collect();
    let first = &numbers()[0];
    commands.extend((0..LEN).map(|index| issue_bill(first, &format!("B{index:03}"), 1_000, "2026-11-30")));
    commands.extend((0..LEN).map(|index| post("COUNTER-1", &format!("k{index}"), first, 100)));
    commands
}

/// Names as long as allowed for each copy of a field.
fn copies(count: usize, field: &str) -> String {
    (0..count).map(|index| format!("{:a<64}: {field} ", format!("n{index}"))).collect()
}

fn code(reply: &Reply) -> &Value {
    at(&reply.body, "errors.0.extensions.code")
}

#[test]
fn a_page_of_a_hundred_pages_of_a_hundred_is_answered() {
    for_each_backend(|database| {
        let app = TestApp::start(database, district());
        let first = vec![numbers()[0].clone(); LEN];
        let query = "query($n: [String!]!) { accounts(numbers: $n) { number bills(first: 100) { nodes { \
             number period dueOn status principal penalty amountDue } } } }";
        let data = app.channel("COUNTER-1").data(query, json!({ "n": first }));
        let accounts = data["accounts"].as_array().expect("a list");
        let bills =
            accounts.iter().map(|account| account["bills"]["nodes"].as_array().expect("a list").len());
        assert_eq!(bills.sum::<usize>(), LEN * LEN);
    });
}

/// Each list and each long text of the API, many times: refused where it would be too large, at the list itself.
#[test]
fn every_list_and_every_text_draws_what_it_comes_to() {
    let database = TestDatabase::sqlite();
    let app = TestApp::start_with(&database, district(), |settings| settings.answer_bytes_max = SMALL_BYTES);
    let reporting = app.channel("WECHAT");
    for index in 0..LEN {
        let input = json!({ "idempotencyKey": format!("w{index}"), "accountNumber": format!("9{index:09}"),
            "amount": "1.00", "note": "n".repeat(200) });
        assert_eq!(reporting.post(input)["payment"]["toSuspense"], "1.00");
    }
    let keys = |inner: &str| copies(20, inner);
    let account = |inner: String| format!("{{ account(number: \"{}\") {{ {inner} }} }}", numbers()[0]);
    let listed = format!("{:?}", numbers());
    let ids = {
        let data = app
            .channel("COUNTER-1")
            .data("query($n: [String!]!) { accounts(numbers: $n) { id } }", json!({ "n": numbers() }));
        let ids = data["accounts"].as_array().expect("a list").iter().map(|account| account["id"].clone());
        Value::from(ids.collect::<Vec<_>>()).to_string()
    };
    let counter = app.channel("COUNTER-1");
    let cases = [
        (&counter, format!("{{ accounts(numbers: {listed}) {{ {} }} }}", keys("number"))),
        (&counter, format!("{{ nodes(ids: {ids}) {{ {} }} }}", keys("id"))),
        (&counter, account(format!("bills(first: 100) {{ nodes {{ {} }} }}", keys("number")))),
        (&counter, account(format!("bills(first: 100) {{ edges {{ {} }} }}", keys("cursor")))),
        (&counter, account(format!("bills(first: 100) {{ edges {{ node {{ {} }} }} }}", keys("isPayable")))),
        (&counter, account(format!("payments(first: 100) {{ nodes {{ {} }} }}", keys("number")))),
        (&counter, account(format!("payments(first: 100) {{ edges {{ {} }} }}", keys("cursor")))),
        (
            &counter,
            account(format!("payments(first: 100) {{ nodes {{ {} }} }}", keys("allocations { amount }"))),
        ),
        (&counter, format!("{{ channel {{ payments(first: 100) {{ nodes {{ {} }} }} }} }}", keys("number"))),
        (&reporting, format!("{{ exceptions(first: 100) {{ nodes {{ {} }} }} }}", keys("detail"))),
        (&reporting, format!("{{ exceptions(first: 100) {{ edges {{ {} }} }} }}", keys("cursor"))),
        (
            &reporting,
            "{ channel { payments(first: 100) { nodes { a: note b: note c: note d: note } } } }".to_owned(),
        ),
        (
            &counter,
            format!(
                "{{ {} }}",
                copies(
                    190,
                    "serviceConfig { name currency timeZone limits { pageMax accountsMax depthMax } }"
                )
            ),
        ),
        (&counter, format!("{{ __schema {{ types {{ fields {{ {} }} }} }} }}", keys("description"))),
        (
            &counter,
            "{ __schema { types { name kind description fields { name description isDeprecated deprecationReason args { name description defaultValue type { name kind description } } type { name kind description ofType { name kind description } } } enumValues { name description isDeprecated deprecationReason } }  } }".to_owned(),
        ),
    ];
    for (client, query) in cases {
        let reply = client.send(&query, json!({}));
        assert_eq!(code(&reply), "QUERY_TOO_LARGE", "{query:.300}: {:.300}", reply.body.to_string());
        let len = reply.body.to_string().len();
        assert!(len < SMALL_BYTES, "{query:.300}: {len} bytes");
        let once = query.replacen("100)", "1)", 2).replace(&listed, "[\"1\"]").replace(&ids, "[]");
        if once != query {
            let reply = client.send(&once, json!({}));
            assert!(reply.body.get("errors").is_none(), "{once:.300}: {:.300}", reply.body.to_string());
        }
    }
}

#[test]
fn a_batch_whose_answers_would_be_too_large_posts_nothing() {
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database, district());
    let payment = |index: usize| json!({ "idempotencyKey": format!("b{index}"), "accountNumber": "0000000002", "amount": "0.01" });
    let payments: Vec<Value> = (0..1_000).map(payment).collect();
    let query = format!(
        "mutation($input: PaymentBatchPostInput!) {{ paymentBatchPost(input: $input) {{ results {{ {} }} }} }}",
        copies(95, "userErrors { message } ") + &copies(95, "replayed ").replace(": replayed", "x: replayed")
    );
    let client = app.channel("COUNTER-1");
    let reply = client.send(
        &query.replace("aaaa:", ":").replace("aaax:", "x:"),
        json!({ "input": { "payments": payments } }),
    );
    assert_eq!(code(&reply), "QUERY_TOO_LARGE", "{:.300}", reply.body.to_string());
    let status = "{ payment(idempotencyKey: \"b0\") { status } }";
    assert_eq!(client.data(status, json!({}))["payment"]["status"], "NOT_FOUND");
}

#[test]
fn the_bounds_are_told_and_a_name_has_64_bytes() {
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database, Vec::new());
    let client = app.channel("COUNTER-1");
    let query = "{ serviceConfig { limits { answerBytesMax responseKeyBytesMax introspectionListsMax introspectionAliasesMax } } }";
    let expected = json!({ "answerBytesMax": 8_388_608, "responseKeyBytesMax": 64, "introspectionListsMax": 2, "introspectionAliasesMax": 20 });
    assert_eq!(client.data(query, json!({}))["serviceConfig"]["limits"], expected);
    let named = |len: usize| client.send(&format!("{{ {}: __typename }}", "a".repeat(len)), json!({}));
    assert_eq!(named(64).body, json!({ "data": { "a".repeat(64): "Query" } }));
    assert_eq!(code(&named(65)), "QUERY_TOO_LARGE");
}

/// The library's messages quote names; what a caller sent comes back at most in part.
#[test]
fn an_error_doesnt_repeat_what_was_sent_at_length() {
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database, Vec::new());
    let client = app.channel("COUNTER-1");
    let long = "x".repeat(8_000);
    let cases = [
        format!("{{ channel({long}: 1) {{ code }} }}"),
        format!("{{ channel {{ ...{long} }} }}"),
        format!("query(${long}: {long}) {{ channel {{ code }} }}"),
        format!("{{ channel {{ ... on {long} {{ code }} }} }}"),
        format!("{{ channel @{long} {{ code }} }}"),
        format!("query {long} {{ nothing }} query {long} {{ channel {{ code }} }}"),
        format!("{{ account(number: {long}) {{ id }} }}"),
    ];
    for query in cases {
        let reply = client.send(&query, json!({}));
        assert_eq!(code(&reply), "BAD_USER_INPUT", "{query:.60}: {:.300}", reply.body.to_string());
        let len = reply.body.to_string().len();
        assert!(len < 8_000, "{query:.60}: {len} bytes");
    }
}

/// A request of which nothing of the answer is read.
fn ask_and_leave(app: &TestApp<'_>, token: &str, body: &str) -> std::net::TcpStream {
    let mut stream = connect(app.address);
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("the server reads");
    stream
}

/// Lists of lists lead back to the same account: it is looked up once, and is the same wherever it is shown.
#[test]
fn an_account_is_looked_up_once_in_a_query_and_anew_in_a_mutation() {
    for_each_backend(|database| {
        let app = TestApp::start(database, district());
        let client = app.channel("COUNTER-1");
        let number = &numbers()[0];
        let query = format!(
            "{{ account(number: \"{number}\") {{ bills {{ nodes {{ account {{ number bills(first: 9) {{ nodes {{ account {{ \
             number amountDue bills(first: 3) {{ nodes {{ number }} }} }} }} }} }} }} }} }} }}"
        );
        let data = client.data(&query, json!({}));
        assert_eq!(at(&data, "account.bills.nodes.19.account.bills.nodes.8.account.number"), number);
        let post = |key: &str| {
            format!(
                "{key}: paymentPost(input: {{idempotencyKey: \"{key}\", accountNumber: \"{number}\", amount: \"1.00\"}}) \
                 {{ payment {{ account {{ amountDue }} }} }}"
            )
        };
        let due = |data: &Value, key: &str| at(data, &format!("{key}.payment.account.amountDue")).clone();
        let data = client.data(&format!("mutation {{ {} {} }}", post("m1"), post("m2")), json!({}));
        assert_ne!(due(&data, "m1"), due(&data, "m2"), "each sees what it has done");
    });
}

/// What the server counts, by its name.
fn gauge(app: &TestApp<'_>, name: &str) -> usize {
    let admin = app.admin.expect("the operator's listener");
    let text = exchange(admin, "GET", "/metrics", &[], b"").text;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.expect("it is counted").parse().expect("a number")
}

#[test]
fn answers_that_nobody_takes_are_bounded_together_and_given_up() {
    let database = TestDatabase::sqlite();
    let all_bytes_max = 64 * 1024 * 1024;
    let app = TestApp::start_with(&database, district(), |settings| {
        settings.admin_listen = Some(([127, 0, 0, 1], 0).into());
        settings.answers_bytes_max = all_bytes_max;
        settings.unread_timeout = UNREAD_TIMEOUT;
    });
    let token = |subject: &str| {
        let accounts = Some(vec![numbers()[0].clone()]);
        app.mint(&Claims { sub: subject.to_owned(), accounts, ..app.claims("APP", "bills:read") })
    };
    let under_way = || gauge(&app, "granary_answers_under_way_bytes");
    // More than the system keeps for one connection, so that some of it stays with the server.
    let query = format!(
        "query($n: [String!]!) {{ accounts(numbers: $n) {{ bills(first: 100) {{ nodes {{ {} }} }} }} }}",
        copies(8, "status")
    );
    let variables = json!({ "n": vec![numbers()[0].clone(); LEN] });
    let body = json!({ "query": query, "variables": variables }).to_string();
    let one = Client::new(app.address, token("one"));
    let large = one.send(&query, variables.clone());
    assert_eq!((large.status, large.body.get("errors")), (200, None), "{:.300}", large.body.to_string());
    let large_bytes = large.body.to_string().len();
    assert_eq!(under_way(), 0, "it was taken");
    let _left: Vec<_> = (0..2).map(|_| ask_and_leave(&app, &token("one"), &body)).collect();
    wait_until("two answers that wait", WITHIN, || {
        gauge(&app, "granary_requests_inside") == 0 && under_way() == 2 * large_bytes
    });
    assert!(under_way() <= all_bytes_max / 4 + SMALL_BYTES, "one customer has half of what customers have");
    let reply = one.send(&query, variables.clone());
    assert_eq!(code(&reply), "BUSY", "{:.300}", reply.body.to_string());
    assert_eq!(one.send("{ serviceConfig { name } }", json!({})).status, 200, "a small one is for everybody");
    let other = Client::new(app.address, token("other")).send(&query, variables.clone());
    assert!(other.body.get("errors").is_none(), "{:.300}", other.body["errors"].to_string());
    wait_until("their end", WITHIN, || under_way() == 0);
    let reply = one.send(&query, variables);
    assert!(reply.body.get("errors").is_none(), "{:.300}", reply.body["errors"].to_string());
}
