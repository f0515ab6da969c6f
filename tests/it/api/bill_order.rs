//! An account's bills, from either end, of a period, in pages.

use granary::domain::account::CustomerClass::Residential;
use serde_json::{Value, json};

use crate::support::app::{TestApp, at};
use crate::support::backends::for_each_backend;
use crate::support::client::Client;
use crate::support::commands::{issue_bill, post, save_account};

const ACCOUNT: &str = "0000000001";
const QUERY: &str = "query($filter: BillFilter, $order: BillOrder, $first: Int, $after: String, $last: Int, $before: String) { \
    account(number: \"0000000001\") { bills(filter: $filter, order: $order, first: $first, after: $after, last: $last, \
    before: $before) { nodes { number } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";

/// The bills' numbers and what the page says of its place.
fn page(client: &Client, variables: Value) -> (Vec<String>, Value) {
    let data = client.data(QUERY, variables);
    let bills = at(&data, "account.bills");
    let number = |node: &Value| node["number"].as_str().expect("a number").to_owned();
    (bills["nodes"].as_array().expect("nodes").iter().map(number).collect(), bills["pageInfo"].clone())
}

/// All numbers of a walk through pages of two.
fn walk(
    client: &Client,
    variables: &Value,
    count: &str,
    cursor: &str,
    side: (&str, &str),
) -> Vec<Vec<String>> {
    let (more, end) = side;
    let (mut pages, mut variables) = (Vec::new(), variables.clone());
    variables[count] = json!(2);
    loop {
        let (numbers, info) = page(client, variables.clone());
        pages.push(numbers);
        if info[more] == false {
            return pages;
        }
        variables[cursor] = info[end].clone();
    }
}

#[test]
fn bills_are_listed_from_either_end_and_of_a_period() {
    for_each_backend(|database| {
        let bill = |number: &str, due_on: &str| issue_bill(ACCOUNT, number, 1_000, due_on);
        // Two are due on one day, and the oldest is settled.
        let setup = vec![
            save_account(ACCOUNT, Residential),
            bill("A", "2026-08-30"),
            bill("C", "2026-10-30"),
            bill("B", "2026-10-30"),
            bill("D", "2026-11-30"),
            bill("E", "2026-12-30"),
        ];
        let app = TestApp::start(database, setup);
        let counter = app.channel("COUNTER-1");
        let all = ["A", "B", "C", "D", "E"];
        let numbers = |variables: Value| page(&counter, variables).0.concat();
        assert_eq!(numbers(json!({})), "ABCDE");
        assert_eq!(numbers(json!({ "order": "NEWEST_FIRST" })), "EDCBA");
        assert_eq!(numbers(json!({ "order": "NEWEST_FIRST", "first": 2 })), "ED");
        assert_eq!(numbers(json!({ "last": 2 })), "DE");
        assert_eq!(numbers(json!({ "order": "NEWEST_FIRST", "last": 2 })), "BA");
        assert_eq!(numbers(json!({ "filter": { "period": "2026-10" } })), "BC");
        assert_eq!(
            numbers(json!({ "filter": { "period": "2026-10" }, "order": "NEWEST_FIRST", "first": 1 })),
            "C"
        );
        assert_eq!(numbers(json!({ "filter": { "period": "2026-07" } })), "");
        for (order, sorted) in [("OLDEST_FIRST", all.concat()), ("NEWEST_FIRST", "EDCBA".to_owned())] {
            let variables = json!({ "order": order });
            let forward = walk(&counter, &variables, "first", "after", ("hasNextPage", "endCursor"));
            assert_eq!(forward.concat().concat(), sorted);
            let mut backward =
                walk(&counter, &variables, "last", "before", ("hasPreviousPage", "startCursor"));
            backward.reverse();
            assert_eq!(backward.concat().concat(), sorted);
        }
        app.submit(vec![post("WECHAT", "k", ACCOUNT, 1_000)]);
        let payable = json!({ "status": ["OPEN", "PARTLY_PAID"] });
        assert_eq!(numbers(json!({ "filter": payable, "order": "NEWEST_FIRST", "first": 3 })), "EDC");
        assert_eq!(numbers(json!({ "filter": payable, "last": 3 })), "CDE");
        for wrong in
            [json!({ "first": 1, "last": 1 }), json!({ "last": 0 }), json!({ "last": 1, "before": "?" })]
        {
            let reply = counter.send(QUERY, wrong);
            assert_eq!(at(&reply.body, "errors.0.extensions.code"), "BAD_USER_INPUT", "{reply:?}");
        }
    });
}
