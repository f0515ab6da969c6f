//! Posting, replaying and reversing through the API.

use serde_json::json;

use crate::support::app::{TestApp, at};
use crate::support::backends::for_each_backend;
use crate::support::commands::{issue_bill, save_account};
use granary::domain::account::CustomerClass::Residential;

#[test]
fn a_payment_is_posted_once_and_replayed() {
    for_each_backend(|database| {
        let setup = vec![
            save_account("0000000001", Residential),
            issue_bill("0000000001", "B1", 10_000, "2026-11-30"),
        ];
        let app = TestApp::start(database, setup);
        let bank = app.channel("BANK-1");
        let input = json!({ "idempotencyKey": "k1", "accountNumber": "0000000001", "amount": "40.00" });
        let first = bank.post(input.clone());
        assert_eq!(at(&first, "payment.allocations.0.amount"), "40.00", "{first}");
        assert_eq!(at(&first, "payment.allocations.0.remainingAfter"), "60.00");
        assert_eq!(at(&first, "payment.allocations.0.bill.status"), "PARTLY_PAID");
        assert_eq!(first["replayed"], false);
        let again = bank.post(input);
        assert_eq!(again["replayed"], true);
        assert_eq!(again["payment"], first["payment"]);
        let undone = bank.reverse(
            json!({ "idempotencyKey": "r1", "paymentIdempotencyKey": "k1", "reason": "wrong account" }),
        );
        assert_eq!(undone["outcome"], "REVERSED", "{undone}");
        assert_eq!(at(&undone, "payment.status"), "REVERSED");
        assert_eq!(at(&undone, "payment.allocations.0.bill.status"), "OPEN");
    });
}

#[test]
fn one_failing_mutation_leaves_its_neighbours_their_answers() {
    for_each_backend(|database| {
        let app = TestApp::start(database, vec![save_account("0000000001", Residential)]);
        let poster = app.client("BANK-1", "payments:post");
        let both = "mutation($post: PaymentPostInput!, $reverse: PaymentReverseInput!) { \
            paymentPost(input: $post) { payment { amount } } paymentReverse(input: $reverse) { outcome } }";
        let post = json!({ "idempotencyKey": "k1", "accountNumber": "0000000001", "amount": "5.00" });
        let reverse = json!({ "idempotencyKey": "r1", "paymentIdempotencyKey": "k1", "reason": "none" });
        let reply = poster.send(both, json!({ "post": post, "reverse": reverse }));
        assert_eq!(at(&reply.body, "data.paymentPost.payment.amount"), "5.00", "{reply:?}");
        assert_eq!(at(&reply.body, "data.paymentReverse"), &serde_json::Value::Null);
        assert_eq!(at(&reply.body, "errors.0.extensions.code"), "FORBIDDEN");
    });
}

#[test]
fn input_that_has_not_its_type_refuses_the_whole_document() {
    for_each_backend(|database| {
        let app = TestApp::start(database, vec![save_account("0000000001", Residential)]);
        let bank = app.channel("BANK-1");
        let two = "mutation($one: PaymentPostInput!, $two: PaymentPostInput!) { \
            one: paymentPost(input: $one) { replayed } two: paymentPost(input: $two) { replayed } }";
        let good = json!({ "idempotencyKey": "k1", "accountNumber": "0000000001", "amount": "5.00" });
        for (field, bad) in [
            ("amount", json!(5)),
            ("amount", json!(5.25)),
            ("amount", json!(null)),
            ("paidAt", json!(1_795_147_200_000_i64)),
            ("note", json!(7)),
            ("idempotencyKey", json!(["k2"])),
            ("billNumbers", json!([1])),
        ] {
            let mut other =
                json!({ "idempotencyKey": "k2", "accountNumber": "0000000001", "amount": "5.00" });
            other[field] = bad;
            let reply = bank.send(two, json!({ "one": good, "two": other }));
            assert_eq!(at(&reply.body, "errors.0.extensions.code"), "BAD_USER_INPUT", "{field} {reply:?}");
            assert!(reply.body.get("data").is_none(), "{reply:?}");
        }
        let status = bank.data("{ payment(idempotencyKey: \"k1\") { status } }", json!({}));
        assert_eq!(at(&status, "payment.status"), "NOT_FOUND");
    });
}

#[test]
fn an_instant_that_is_asked_about_and_is_none_refuses_the_whole_document() {
    for_each_backend(|database| {
        let app = TestApp::start(database, vec![save_account("0000000001", Residential)]);
        let bank = app.channel("BANK-1");
        let query = "mutation($post: PaymentPostInput!, $at: DateTime) { \
            paymentPost(input: $post) { payment { account { amountDue(at: $at) } } } }";
        let post = |key: &str, at: &str| {
            let post = json!({ "idempotencyKey": key, "accountNumber": "0000000001", "amount": "5.00" });
            bank.send(query, json!({ "post": post, "at": at }))
        };
        let good = post("k1", "2026-11-20T08:00:00.123456Z");
        assert_eq!(at(&good.body, "data.paymentPost.payment.account.amountDue"), "0.00", "{good:?}");
        let bad = post("k2", "2026-11-20");
        assert_eq!(at(&bad.body, "errors.0.extensions.code"), "BAD_USER_INPUT", "{bad:?}");
        assert!(bad.body.get("data").is_none(), "{bad:?}");
        let status = bank.data("{ payment(idempotencyKey: \"k2\") { status } }", json!({}));
        assert_eq!(at(&status, "payment.status"), "NOT_FOUND");
    });
}
