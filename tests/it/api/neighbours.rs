//! One refusal leaves its neighbours their answers, and everything with an id is found by it.

use granary::domain::account::CustomerClass::Residential;
use serde_json::json;

use crate::support::app::{TestApp, at};
use crate::support::backends::for_each_backend;
use crate::support::commands::{issue_bill, save_account};

const ACCOUNT: &str = "0000000001";

#[test]
fn one_refused_field_leaves_its_neighbours_their_answers() {
    for_each_backend(|database| {
        let app = TestApp::start(database, vec![save_account(ACCOUNT, Residential)]);
        let refused = [
            ("bills:read", "exceptions(first: 1) { nodes { number } }", "FORBIDDEN"),
            ("bills:read", "exceptions(first: 1000) { nodes { number } }", "FORBIDDEN"),
            ("bills:read ops:read", "exceptions(first: 1000) { nodes { number } }", "BAD_USER_INPUT"),
            ("ops:read", "payment(idempotencyKey: \"k\") { status }", "FORBIDDEN"),
            ("ops:read", "account(number: \"0000000001\") { number }", "FORBIDDEN"),
            ("ops:read", "accounts(numbers: [\"0000000001\"]) { number }", "FORBIDDEN"),
            ("ops:read", "node(id: \"x\") { id }", "FORBIDDEN"),
            ("ops:read", "nodes(ids: [\"x\"]) { id }", "FORBIDDEN"),
            ("pii:read", "channel { code }", "FORBIDDEN"),
        ];
        for (scope, field, code) in refused {
            let query =
                format!("{{ before: __typename refused: {field} after: serviceConfig {{ currency }} }}");
            let reply = app.client("COUNTER-1", scope).send(&query, json!({}));
            assert_eq!(at(&reply.body, "data.refused"), &json!(null), "{reply:?}");
            assert_eq!(at(&reply.body, "data.after.currency"), "CNY", "{reply:?}");
            assert_eq!(at(&reply.body, "errors.0.extensions.code"), code, "{reply:?}");
            assert_eq!(at(&reply.body, "errors.0.path.0"), "refused", "{reply:?}");
        }
    });
}

#[test]
fn everything_with_an_id_is_found_by_it() {
    for_each_backend(|database| {
        let setup = vec![save_account(ACCOUNT, Residential), issue_bill(ACCOUNT, "B", 500, "2026-11-30")];
        let app = TestApp::start(database, setup);
        let wechat = app.channel("WECHAT");
        // Money for nobody is a payment and an exception, even where no number was given.
        for (key, account) in [("k1", ACCOUNT), ("k2", "9999"), ("k3", "")] {
            wechat.post(json!({ "idempotencyKey": key, "accountNumber": account, "amount": "1.00" }));
        }
        let query = "{ account(number: \"0000000001\") { id bills { nodes { id } } payments { nodes { id } } } \
            channel { id payments { nodes { id } } } exceptions { nodes { id number } } }";
        let data = wechat.data(query, json!({}));
        let mut ids = vec![at(&data, "account.id"), at(&data, "channel.id")];
        for list in ["account.bills", "account.payments", "channel.payments", "exceptions"] {
            ids.extend(at(&data, list)["nodes"].as_array().expect("nodes").iter().map(|node| &node["id"]));
        }
        assert_eq!(ids.len(), 2 + 1 + 1 + 3 + 2, "{data}");
        let found = wechat.data("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ids }));
        for (id, node) in ids.iter().zip(found["nodes"].as_array().expect("nodes")) {
            assert_eq!(&node["id"], *id);
            assert_eq!(
                &wechat.data("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id }))["node"]["id"],
                *id
            );
        }
        let hidden = json!({ "ids": [at(&data, "channel.id"), at(&data, "exceptions.nodes.0.id")] });
        let ask = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename } }";
        for other in [app.client("COUNTER-1", "bills:read"), app.customer(&[ACCOUNT])] {
            assert_eq!(other.data(ask, hidden.clone())["nodes"], json!([null, null]));
        }
        let operator = app.client("COUNTER-1", "bills:read ops:read");
        assert_eq!(operator.data(ask, hidden)["nodes"], json!([null, { "__typename": "Exception" }]));
    });
}
