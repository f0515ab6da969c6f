//! What a payment's content is answered: alike alone and among others, never for the others, and never by refusing money
//! that was taken.

use granary::domain::account::CustomerClass::Residential;
use serde_json::{Value, json};

use crate::support::app::{TestApp, at};
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::client::{Client, Reply};
use crate::support::commands::{issue_bill, save_account};

const ACCOUNT: &str = "0000000001";
const BATCH: &str = "mutation($payments: [PaymentPostInput!]!) { paymentBatchPost(input: { payments: $payments }) { \
    results { idempotencyKey replayed payment { amount note accountNumber toSuspense } userErrors { code field } } } }";
const POST: &str = "mutation($input: PaymentPostInput!) { paymentPost(input: $input) { \
    idempotencyKey replayed payment { amount note accountNumber toSuspense } userErrors { code field } } }";

fn town(database: &TestDatabase) -> TestApp<'_> {
    TestApp::start(database, vec![save_account(ACCOUNT, Residential)])
}

fn payment(key: &str) -> Value {
    json!({ "idempotencyKey": key, "accountNumber": ACCOUNT, "amount": "1.00" })
}

fn with(key: &str, field: &str, value: &Value) -> Value {
    let mut payment = payment(key);
    payment[field] = value.clone();
    payment
}

fn batch(client: &Client, payments: &[Value]) -> Vec<Value> {
    let data = client.data(BATCH, json!({ "payments": payments }));
    at(&data, "paymentBatchPost.results").as_array().expect("a list").clone()
}

/// Field, what is sent in it, and the codes heard by an asking and by a reporting channel.
fn contents() -> Vec<(&'static str, Value, Option<&'static str>, Option<&'static str>)> {
    let amount = Some("AMOUNT_OUT_OF_RANGE");
    let (key, account) = (Some("IDEMPOTENCY_KEY_MALFORMED"), Some("ACCOUNT_NUMBER_MALFORMED"));
    let malformed = Some("INPUT_MALFORMED");
    let bills: Vec<String> = (0..101).map(|number| format!("B{number}")).collect();
    vec![
        ("amount", json!("12.345"), amount, amount),
        ("amount", json!("abc"), amount, amount),
        ("amount", json!("1e3"), amount, amount),
        ("amount", json!("-1.00"), amount, amount),
        ("amount", json!(""), amount, amount),
        ("amount", json!("10000000000000000000.00"), amount, amount),
        ("idempotencyKey", json!("k\n2"), key, key),
        ("idempotencyKey", json!("k".repeat(10_240)), key, key),
        ("accountNumber", json!("0000000001\r\n"), account, None),
        ("accountNumber", json!("0000\u{0}000001"), account, None),
        ("accountNumber", json!("1".repeat(65)), account, None),
        ("paidAt", json!("2026-11-20"), malformed, None),
        ("paidAt", json!("\u{0}"), malformed, None),
        ("paidAt", json!("2026-11-19T08:30:00.123456+08:00"), None, None),
        ("paidAt", json!("2026-11-19T08:30:00.123456789+08:00"), None, None),
        ("billNumbers", json!(bills), malformed, None),
        ("billNumbers", json!(["B\t1"]), malformed, None),
        ("billNumbers", json!(["B".repeat(65)]), malformed, None),
        ("note", json!("a\u{0}b\n"), malformed, None),
        ("note", json!("票".repeat(201)), malformed, None),
        ("note", json!("谢谢😀"), None, None),
    ]
}

#[test]
fn the_same_content_is_answered_alike_alone_and_in_a_batch() {
    for_each_backend(|database| {
        let app = town(database);
        for (channel, is_reporting) in [("BANK-1", false), ("WECHAT", true)] {
            let client = app.channel(channel);
            for (index, (field, value, asking, reporting)) in contents().into_iter().enumerate() {
                let expected = if is_reporting { reporting } else { asking };
                let name = |form: &str| format!("{form}{index}");
                let data = client.data(POST, json!({ "input": with(&name("one"), field, &value) }));
                let alone = at(&data, "paymentPost");
                let others = [payment(&name("before")), payment(&name("after"))];
                let among = with(&name("among"), field, &value);
                let answers = batch(&client, &[others[0].clone(), among.clone(), others[1].clone()]);
                for (answer, sent) in [(alone, with(&name("one"), field, &value)), (&answers[1], among)] {
                    assert_eq!(answer["idempotencyKey"], sent["idempotencyKey"], "{answer}");
                    let named = expected.map(|code| json!({ "code": code, "field": [field] }));
                    assert_eq!(
                        answer["userErrors"],
                        json!(Vec::from_iter(named)),
                        "{field} {value} {answer}"
                    );
                    assert_eq!(answer["payment"].is_null(), expected.is_some(), "{answer}");
                }
                assert_eq!(alone["payment"], answers[1]["payment"]);
                for (answer, sent) in [(&answers[0], &others[0]), (&answers[2], &others[1])] {
                    assert_eq!(answer["idempotencyKey"], sent["idempotencyKey"]);
                    assert_eq!(at(answer, "payment.amount"), "1.00", "{answer}");
                }
            }
        }
    });
}

#[test]
fn money_that_was_taken_is_posted_with_what_fits_and_the_rest_is_an_exception() {
    for_each_backend(|database| {
        let app = town(database);
        let wechat = app.channel("WECHAT");
        let sent = json!({
            "idempotencyKey": "k1", "accountNumber": "\t0000000001\r\n", "amount": "1.00",
            "paidAt": "2026-11-19T08:30:00.123456+08:00", "billNumbers": ["户\u{0}"], "note": "票\n".repeat(101),
        });
        let first = at(&wechat.data(POST, json!({ "input": sent })), "paymentPost").clone();
        let kept = json!({ "amount": "1.00", "note": "票 ".repeat(100), "accountNumber": ACCOUNT, "toSuspense": "0.00" });
        assert_eq!(first["payment"], kept, "{first}");
        let again = batch(&wechat, std::slice::from_ref(&sent));
        assert_eq!((&again[0]["replayed"], &again[0]["payment"]), (&json!(true), &kept));
        let trimmed = json!({
            "idempotencyKey": "k1", "accountNumber": ACCOUNT, "amount": "1.00",
            "paidAt": "2026-11-19T00:30:00.123Z", "billNumbers": [],
        });
        assert_eq!(batch(&wechat, &[trimmed])[0]["replayed"], true, "what was kept is what is compared");
        let suspended = with("k2", "accountNumber", &json!(format!("户\u{0}{}", "1".repeat(80))));
        let answer = &batch(&wechat, &[suspended])[0];
        assert_eq!(at(answer, "payment.toSuspense"), "1.00", "{answer}");
        assert_eq!(at(answer, "payment.accountNumber"), &json!(format!("户\u{fffd}{}", "1".repeat(62))));
        let undone = wechat.reverse(json!({
            "idempotencyKey": "r1", "paymentIdempotencyKey": "k2", "reason": "退\u{0}".repeat(101),
        }));
        assert_eq!(at(&undone, "payment.reversal.reason"), &json!("退 ".repeat(100)), "{undone}");
        let refused = app.channel("BANK-1").reverse(json!({
            "idempotencyKey": "r1", "paymentIdempotencyKey": "k2", "reason": "\u{0}",
        }));
        assert_eq!(at(&refused, "userErrors.0.code"), "INPUT_MALFORMED", "{refused}");
        assert_eq!(at(&refused, "userErrors.0.field.0"), "reason");
        let found = wechat.data("{ exceptions { nodes { idempotencyKey kind detail } } }", json!({}));
        let nodes = at(&found, "exceptions.nodes").as_array().expect("a list");
        let mut kinds: Vec<String> = nodes
            .iter()
            .map(|node| format!("{} {}", node["idempotencyKey"], node["kind"]).replace('"', ""))
            .collect();
        kinds.sort();
        assert_eq!(
            kinds,
            ["k1 INPUT_TRIMMED", "k2 ACCOUNT_NUMBER_MALFORMED", "k2 INPUT_TRIMMED", "r1 INPUT_TRIMMED"]
        );
    });
}

#[test]
fn an_asking_channels_instant_is_cut_to_milliseconds_without_a_word() {
    for_each_backend(|database| {
        let app = town(database);
        let bank = app.channel("BANK-1");
        let forms = ["00.123456+08:00", "00.123456789+08:00", "00.123+08:00", "00.1239Z"];
        let instants = forms.map(|form| format!("2026-11-19T08:30:{form}"));
        let post = |paid_at: &str| {
            let input = with("k1", "paidAt", &json!(paid_at));
            bank.post(input)
        };
        let first = post(&instants[0]);
        assert_eq!(at(&first, "payment.paidAt"), "2026-11-19T00:30:00.123Z", "{first}");
        for (instant, is_same) in instants.iter().zip([true, true, true, false]) {
            let again = post(instant);
            assert_eq!(again["replayed"], is_same, "{instant} {again}");
        }
        let found = bank.data("{ exceptions { nodes { kind } } }", json!({}));
        assert_eq!(at(&found, "exceptions.nodes"), &json!([{ "kind": "IDEMPOTENCY_KEY_REUSED" }]));
    });
}

#[test]
fn naming_no_bill_is_the_same_as_an_empty_list() {
    for_each_backend(|database| {
        let app = town(database);
        let bank = app.channel("BANK-1");
        for (key, is_first_empty) in [("k1", true), ("k2", false)] {
            let (empty, absent) = (with(key, "billNumbers", &json!([])), payment(key));
            let inputs = if is_first_empty { [empty, absent] } else { [absent, empty] };
            let answers = batch(&bank, &[inputs.clone(), inputs].concat());
            let replayed: Vec<&Value> = answers.iter().map(|answer| &answer["replayed"]).collect();
            assert_eq!(replayed, [false, true, true, true]);
        }
    });
}

fn assert_refused_whole(reply: &Reply, place: &str) {
    assert_eq!(at(&reply.body, "errors.0.extensions.code"), "BAD_USER_INPUT", "{reply:?}");
    let message = at(&reply.body, "errors.0.message").as_str().expect("words");
    assert!(message.contains(place), "{message:?} names {place}");
}

#[test]
fn what_has_not_the_shape_of_a_payment_refuses_the_whole_batch_and_its_place_is_named() {
    for_each_backend(|database| {
        let app = town(database);
        let bank = app.channel("BANK-1");
        let inline = "mutation { paymentBatchPost(input: { payments: [{ idempotencyKey: \"k1\", \
            accountNumber: \"0000000001\", amount: 5.25 }] }) { results { replayed } } }";
        assert_refused_whole(&bank.send(inline, json!({})), "payments.0.amount");
        for (field, value) in [
            ("amount", json!(5)),
            ("amount", json!(5.25)),
            ("amount", json!(null)),
            ("amount", json!(["1.00"])),
            ("paidAt", json!(1_795_000_000)),
            ("idempotencyKey", json!(7)),
            ("idempotencyKey", json!(null)),
            ("accountNumber", json!(1)),
            ("billNumbers", json!([1])),
            ("billNumbers", json!({})),
            ("note", json!(true)),
            ("other", json!("1")),
        ] {
            let bad = with("k2", field, &value);
            let place =
                if field == "other" { "payments.1".to_owned() } else { format!("payments.1.{field}") };
            for _known_or_not in 0..2 {
                let reply = bank.send(BATCH, json!({ "payments": [payment("k1"), bad] }));
                assert_refused_whole(&reply, &place);
                assert_refused_whole(&bank.send(POST, json!({ "input": bad })), "input");
            }
        }
        let mut without_amount = payment("k2");
        without_amount.as_object_mut().expect("fields").remove("amount");
        for (item, named) in
            [(without_amount, "amount"), (json!(5), "payments.1"), (json!(null), "payments.1")]
        {
            let reply = bank.send(BATCH, json!({ "payments": [payment("k1"), item] }));
            assert_refused_whole(&reply, "payments.1");
            assert_refused_whole(&reply, named);
        }
        let status = bank.data("{ payment(idempotencyKey: \"k1\") { status } }", json!({}));
        assert_eq!(at(&status, "payment.status"), "NOT_FOUND");
    });
}

#[test]
fn a_key_under_which_a_reversal_waits_says_so_and_its_payment_is_never_taken_for_a_paid_one() {
    for_each_backend(|database| {
        let app = town(database);
        let bank = app.channel("BANK-1");
        let status = || {
            let query =
                "{ payment(idempotencyKey: \"k1\") { status payment { amount status } refusal { code } } }";
            bank.data(query, json!({}))["payment"].clone()
        };
        let reversal =
            json!({ "idempotencyKey": "r1", "paymentIdempotencyKey": "k1", "reason": "no answer" });
        let remembered = bank.reverse(reversal.clone());
        assert_eq!((&remembered["outcome"], &remembered["payment"]), (&json!("REMEMBERED"), &Value::Null));
        assert_eq!(status(), json!({ "status": "REMEMBERED", "payment": null, "refusal": null }));
        let posted = bank.post(payment("k1"));
        assert_eq!(
            (at(&posted, "payment.status"), &posted["userErrors"]),
            (&json!("REVERSED"), &json!([])),
            "{posted}"
        );
        let payment = json!({ "amount": "1.00", "status": "REVERSED" });
        assert_eq!(status(), json!({ "status": "REVERSED", "payment": payment, "refusal": null }));
        let again = bank.reverse(reversal);
        assert_eq!((&again["replayed"], &again["outcome"]), (&json!(true), &json!("REMEMBERED")));
        assert_eq!(again["payment"], posted["payment"], "it has come since");
    });
}

#[test]
fn sums_grow_beyond_what_one_payment_may_be() {
    for_each_backend(|database| {
        let bill =
            |number: usize| issue_bill(ACCOUNT, &format!("B{number}"), 1_000_000_000_000, "2020-01-01");
        let mut setup = vec![save_account(ACCOUNT, Residential), save_account("0000000002", Residential)];
        setup.extend((0..30).map(bill));
        let app = TestApp::start(database, setup);
        let wechat = app.channel("WECHAT");
        let top_up = |number: usize| json!({ "idempotencyKey": format!("k{number}"), "accountNumber": "0000000002", "amount": "10000000000.00" });
        batch(&wechat, &(0..11).map(top_up).collect::<Vec<_>>());
        let found = wechat.data(
            "{ account(number: \"0000000002\") { advanceBalance } channel { totals { posted } } \
             owing: account(number: \"0000000001\") { amountDue later: amountDue(at: \"9999-12-31T00:00:00Z\") } }",
            json!({}),
        );
        assert_eq!(at(&found, "account.advanceBalance"), "110000000000.00");
        assert_eq!(at(&found, "channel.totals.posted"), "110000000000.00");
        assert!(at(&found, "owing.amountDue").as_str().is_some_and(|due| due.len() > 14), "{found}");
        assert!(at(&found, "owing.later").as_str().is_some_and(|due| due.len() > 16), "{found}");
    });
}
