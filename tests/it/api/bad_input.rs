//! Bad input and foreign callers: a clear answer, and nothing moves.

use granary::access::claims::TokenRules;
use granary::access::tokens::{Claims, Mint};
use granary::domain::account::CustomerClass::Residential;
use serde_json::{Value, json};

use crate::support::app::{TestApp, at};
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::client::Client;
use crate::support::commands::{NOON_MS, issue_bill, save_account};

const ACCOUNT: &str = "0000000001";
const DAY_MS: i64 = 86_400_000;

fn town(database: &TestDatabase) -> TestApp<'_> {
    let bill = issue_bill(ACCOUNT, "B1", 10_000, "2026-11-30");
    TestApp::start(
        database,
        vec![save_account(ACCOUNT, Residential), save_account("0000000002", Residential), bill],
    )
}

fn codes(payload: &Value) -> Vec<&str> {
    let errors = payload["userErrors"].as_array().expect("a list");
    errors.iter().map(|error| error["code"].as_str().expect("a code")).collect()
}

fn instant(at_ms: i64) -> String {
    let instant = chrono::DateTime::<chrono::Utc>::from_timestamp_millis(at_ms).expect("an instant");
    instant.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

fn amount_due(client: &Client) -> Value {
    let data =
        client.data("query($n: String!) { account(number: $n) { amountDue } }", json!({ "n": ACCOUNT }));
    at(&data, "account.amountDue").clone()
}

#[test]
fn a_bad_payment_is_refused_with_its_code_and_moves_nothing() {
    for_each_backend(|database| {
        let app = town(database);
        let bank = app.channel("BANK-1");
        let cases = [
            (json!({ "accountNumber": "9999999999" }), vec!["ACCOUNT_NOT_FOUND"]),
            (json!({ "accountNumber": "12a" }), vec!["ACCOUNT_NUMBER_MALFORMED"]),
            (json!({ "accountNumber": "1".repeat(21) }), vec!["ACCOUNT_NUMBER_MALFORMED"]),
            (json!({ "accountNumber": "" }), vec!["ACCOUNT_NUMBER_MALFORMED"]),
            (json!({ "amount": "0.00" }), vec!["AMOUNT_OUT_OF_RANGE"]),
            (json!({ "amount": "10000000000.01" }), vec!["AMOUNT_OUT_OF_RANGE"]),
            (json!({ "idempotencyKey": "" }), vec!["IDEMPOTENCY_KEY_MALFORMED"]),
            (json!({ "idempotencyKey": "k".repeat(10_240) }), vec!["IDEMPOTENCY_KEY_MALFORMED"]),
            (json!({ "idempotencyKey": "票号😀" }), vec!["IDEMPOTENCY_KEY_MALFORMED"]),
            (json!({ "idempotencyKey": "with space" }), vec!["IDEMPOTENCY_KEY_MALFORMED"]),
            (
                json!({ "idempotencyKey": "", "accountNumber": "x", "amount": "0.00" }),
                vec!["IDEMPOTENCY_KEY_MALFORMED", "ACCOUNT_NUMBER_MALFORMED", "AMOUNT_OUT_OF_RANGE"],
            ),
            (json!({ "paidAt": instant(NOON_MS + DAY_MS) }), vec!["PAID_AT_OUT_OF_RANGE"]),
            (json!({ "paidAt": instant(NOON_MS - 401 * DAY_MS) }), vec!["PAID_AT_OUT_OF_RANGE"]),
            (json!({ "billNumbers": ["B9"] }), vec!["BILL_NOT_FOUND"]),
        ];
        for (index, (change, expected)) in cases.into_iter().enumerate() {
            let key = format!("k{index}");
            let mut input = json!({ "idempotencyKey": key, "accountNumber": ACCOUNT, "amount": "1.00" });
            for (field, value) in change.as_object().expect("fields") {
                input[field] = value.clone();
            }
            let payload = bank.post(input);
            assert_eq!(codes(&payload), expected, "{payload}");
            assert_eq!(payload["payment"], Value::Null);
        }
        assert_eq!(amount_due(&bank), "100.00");
    });
}

#[test]
fn emoji_in_a_note_is_text_like_any_other() {
    for_each_backend(|database| {
        let app = town(database);
        let payload = app.channel("BANK-1").post(
            json!({ "idempotencyKey": "k1", "accountNumber": ACCOUNT, "amount": "1.00", "note": "谢谢😀" }),
        );
        assert!(codes(&payload).is_empty(), "{payload}");
    });
}

#[test]
fn a_reporting_channels_unreadable_number_goes_to_suspense() {
    for_each_backend(|database| {
        let app = town(database);
        let wechat = app.channel("WECHAT");
        let post = |key: &str, number: &str| {
            wechat.post(json!({ "idempotencyKey": key, "accountNumber": number, "amount": "1.00" }))
        };
        for (key, len) in [("k1", 64), ("k2", 65)] {
            let kept = post(key, &"x".repeat(len));
            assert_eq!(at(&kept, "payment.toSuspense"), "1.00", "{kept}");
            assert_eq!(at(&kept, "payment.account"), &Value::Null);
        }
        let unknown = post("k3", "9999999999");
        assert_eq!(at(&unknown, "payment.toSuspense"), "1.00", "{unknown}");
    });
}

#[test]
fn a_key_that_comes_again_with_another_input_names_the_field() {
    for_each_backend(|database| {
        let app = town(database);
        let bank = app.channel("BANK-1");
        let first =
            json!({ "idempotencyKey": "k1", "accountNumber": ACCOUNT, "amount": "1.00", "note": "one" });
        let posted = bank.post(first.clone());
        for (field, value) in [
            ("amount", json!("2.00")),
            ("accountNumber", json!("0000000002")),
            ("billNumbers", json!(["B1"])),
            ("paidAt", json!(instant(NOON_MS))),
        ] {
            let mut other = first.clone();
            other[field] = value;
            for _ in 0..2 {
                let payload = bank.post(other.clone());
                assert_eq!(codes(&payload), ["IDEMPOTENCY_KEY_REUSED"], "{payload}");
                assert_eq!(at(&payload, "userErrors.0.field.0"), field);
            }
        }
        let mut noted = first;
        noted["note"] = json!("two");
        let replay = bank.post(noted);
        assert_eq!((&replay["replayed"], &replay["payment"]), (&json!(true), &posted["payment"]));
        assert_eq!(amount_due(&bank), "99.00");
        let found = bank.data("{ exceptions { nodes { kind } } }", json!({}));
        assert_eq!(at(&found, "exceptions.nodes").as_array().map(Vec::len), Some(4), "{found}");
    });
}

#[test]
fn a_batch_answers_each_payment_on_its_own() {
    for_each_backend(|database| {
        let app = town(database);
        let bank = app.channel("BANK-1");
        let query = "mutation($payments: [PaymentPostInput!]!) { paymentBatchPost(input: { payments: $payments }) { \
            results { replayed payment { amount } userErrors { code } } } }";
        let payment = |key: &str, amount: &str| json!({ "idempotencyKey": key, "accountNumber": ACCOUNT, "amount": amount });
        let list =
            json!([payment("k1", "1.00"), payment("k1", "1.00"), payment("k1", "2.00"), payment("", "1.00")]);
        let data = bank.data(query, json!({ "payments": list }));
        let results = at(&data, "paymentBatchPost.results");
        assert_eq!(at(results, "0.replayed"), false);
        assert_eq!(at(results, "1.replayed"), true);
        assert_eq!(at(results, "2.userErrors.0.code"), "IDEMPOTENCY_KEY_REUSED");
        assert_eq!(at(results, "3.userErrors.0.code"), "IDEMPOTENCY_KEY_MALFORMED");
        let many: Vec<Value> = (0..1_001).map(|index| payment(&format!("m{index}"), "0.01")).collect();
        let reply = bank.send(query, json!({ "payments": many }));
        assert_eq!(at(&reply.body, "errors.0.extensions.code"), "BAD_USER_INPUT", "{:?}", reply.status);
        assert_eq!(amount_due(&bank), "99.00");
    });
}

#[test]
fn foreign_callers_are_turned_away() {
    for_each_backend(|database| {
        let app = town(database);
        let now_s = NOON_MS / 1_000;
        let claims = |exp| Claims {
            sub: "stranger".to_owned(),
            channel: "BANK-1".to_owned(),
            scope: "bills:read payments:post".to_owned(),
            accounts: None,
            iat: now_s - 7_200,
            nbf: now_s - 7_200,
            exp,
            jti: "1".to_owned(),
        };
        let foreign =
            Mint::new("another secret, of more than thirty-two bytes", TokenRules::default()).expect("a key");
        let unsigned = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJncmFuYXJ5In0.";
        let tokens = [
            (String::new(), 401, "UNAUTHENTICATED"),
            ("nonsense".to_owned(), 401, "UNAUTHENTICATED"),
            (unsigned.to_owned(), 401, "UNAUTHENTICATED"),
            (app.mint(&claims(now_s - 61)), 401, "UNAUTHENTICATED"),
            (foreign.mint(&claims(now_s + 60)).expect("a token"), 401, "UNAUTHENTICATED"),
            (app.token("NOBODY", "bills:read", None), 403, "FORBIDDEN"),
            (app.token("BANK-1", "payments:post", None), 200, "FORBIDDEN"),
        ];
        for (token, status, code) in tokens {
            let client = Client::new(app.address, token);
            let reply = client.send("{ account(number: \"0000000001\") { number } }", json!({}));
            assert_eq!(reply.status, status, "{}", reply.body);
            assert_eq!(at(&reply.body, "errors.0.extensions.code"), code, "{}", reply.body);
        }
        let bank = app.channel("BANK-1");
        let reply = bank.send("{ account(number: \"0000000001\") { nothing } }", json!({}));
        assert_eq!(at(&reply.body, "errors.0.extensions.code"), "BAD_USER_INPUT");
        for (media, status) in [("text/plain", 415), ("application/json", 400)] {
            let reply = bank.send_body(media, "not json").expect("an answer");
            assert_eq!(reply.status, status);
            assert_eq!(at(&reply.body, "errors.0.extensions.code"), "BAD_USER_INPUT");
        }
    });
}

#[test]
fn a_customer_reads_their_own_account_masked_and_never_posts() {
    for_each_backend(|database| {
        let app = town(database);
        let customer = Client::new(
            app.address,
            app.token("APP", "bills:read payments:post", Some(vec![ACCOUNT.to_owned()])),
        );
        let query = "{ own: account(number: \"0000000001\") { number name } other: account(number: \"0000000002\") { number } }";
        let data = customer.data(query, json!({}));
        assert_eq!(at(&data, "own.number"), ACCOUNT);
        assert!(at(&data, "own.name").as_str().is_some_and(|name| name.ends_with("**")), "{data}");
        assert_eq!(at(&data, "other"), &Value::Null);
        let input = json!({ "idempotencyKey": "k1", "accountNumber": ACCOUNT, "amount": "1.00" });
        let reply = customer.try_post(&input).expect("an answer");
        assert_eq!(at(&reply.body, "errors.0.extensions.code"), "FORBIDDEN", "{}", reply.body);
    });
}

#[test]
fn a_value_of_no_such_form_is_told_the_form_with_an_example() {
    for_each_backend(|database| {
        let app = town(database);
        let bank = app.channel("BANK-1");
        let input =
            |amount: Value| json!({ "idempotencyKey": "k", "accountNumber": ACCOUNT, "amount": amount });
        let one = "mutation($input: PaymentPostInput!) { paymentPost(input: $input) { replayed } }";
        let many = "mutation($input: PaymentBatchPostInput!) { paymentBatchPost(input: $input) { results { replayed } } }";
        let at_variable = "query($at: DateTime) { account(number: \"0000000001\") { amountDue(at: $at) } }";
        let on_variable = "query($on: Date) { channel { totals(on: $on) { count } } }";
        let wrong = [
            (one, json!({ "input": input(json!(5)) }), "\"125.40\""),
            (one, json!({ "input": input(json!(5.25)) }), "\"125.40\""),
            (many, json!({ "input": { "payments": [input(json!("1.00")), input(json!(5))] } }), "\"125.40\""),
            (
                "mutation { paymentPost(input: { idempotencyKey: \"k\", accountNumber: \"1\", amount: 5 }) { replayed } }",
                json!({}),
                "\"125.40\"",
            ),
            (
                "mutation { paymentBatchPost(input: { payments: [{ idempotencyKey: \"k\", accountNumber: \"1\", amount: 5.25 }] }) { results { replayed } } }",
                json!({}),
                "\"125.40\"",
            ),
            (at_variable, json!({ "at": "yesterday" }), "\"2026-11-23T08:30:00.250+08:00\""),
            (at_variable, json!({ "at": 5 }), "\"2026-11-23T08:30:00.250+08:00\""),
            (
                "{ account(number: \"0000000001\") { amountDue(at: \"2026-11-23\") } }",
                json!({}),
                "\"2026-11-23T08:30:00.250+08:00\"",
            ),
            (on_variable, json!({ "on": "2026-11-23T08:30:00Z" }), "\"2026-11-23\""),
            (on_variable, json!({ "on": 5 }), "\"2026-11-23\""),
            ("{ channel { totals(on: \"today\") { count } } }", json!({}), "\"2026-11-23\""),
        ];
        for (query, variables, example) in wrong {
            // The second time the document is known.
            for _ in 0..2 {
                let reply = bank.send(query, variables.clone());
                assert_eq!(
                    at(&reply.body, "errors.0.extensions.code"),
                    "BAD_USER_INPUT",
                    "{query}: {reply:?}"
                );
                let message = at(&reply.body, "errors.0.message").as_str().expect("text");
                assert!(message.contains(example), "{query} {variables}: {message}");
            }
        }
    });
}
