//! Errors tell nothing: no answer to a request that is wrong holds what only some may see.

use serde_json::json;

use super::callers::{BY_KIND, PERSONAL};
use super::households::{Canary, canaries, household_of, town};
use super::table::Side;
use crate::support::backends::for_each_backend;

/// Documents that are wrong, or ask for what isn't there; holes are filled with the neighbour's own.
const DOCUMENTS: [&str; 23] = [
    "",
    "{",
    "{ account }",
    "{ account(number: 5) { number } }",
    "{ account(number: \"<account>\") }",
    "{ account(number: \"<account>\") { nam } }",
    "{ account(number: \"<account>\") { name { first } } }",
    "{ account(number: \"<account>\", of: \"me\") { number } }",
    "{ account(number: \"\\u0000<account>\") { number } }",
    "{ account(number: \"<account>\") { amountDue(at: \"yesterday\") } }",
    "{ account(number: \"<account>\") { bills(first: 0) { nodes { number } } } }",
    "{ account(number: \"<account>\") { bills(after: \"nothing\") { nodes { number } } } }",
    "{ account(number: \"<account>\") { payments(after: \"<account_id>\") { nodes { number } } } }",
    "{ account(number: \"<account>\") { bills(filter: { status: [LOST] }) { nodes { number } } } }",
    "{ accounts(numbers: \"<account>\" }",
    "{ node(id: \"<payment_id>\") { ... on Reversal { reason } } }",
    "{ nodes(ids: [\"<account_id>\", null]) { id } }",
    "{ payment(idempotencyKey: null) { status } }",
    "{ channel { payments(on: \"<channel>\") { nodes { note } } } }",
    "{ exceptions(first: 1000) { nodes { idempotencyKey } } }",
    "mutation { paymentPost(input: { idempotencyKey: \"<fresh>\", accountNumber: \"<account>\" }) { replayed } }",
    "mutation { paymentPost(input: { idempotencyKey: \"<fresh>\", accountNumber: \"<account>\", amount: 1 }) \
     { payment { account { name } } } }",
    "subscription { account(number: \"<account>\") { name } }",
];

/// Bodies that hold no document.
const BODIES: [&str; 6] = ["", "null", "[]", "{\"query\": 5}", "{\"query\": \"{ channel", "\u{feff}{}"];

fn assert_no_canary(canaries: &[Canary], asked: &str, answer: &str) {
    for Canary { text, fields, .. } in canaries {
        assert!(!answer.contains(text), "{text:?} of {fields:?} came for {asked}: {answer}");
    }
}

#[test]
fn no_error_holds_what_only_some_may_see() {
    for_each_backend(|database| {
        let (app, households) = town(database);
        let canaries = canaries(&households);
        for caller in BY_KIND.iter().chain(&PERSONAL) {
            let client = caller.client(
                &app,
                household_of(&households, caller.household(Side::Own)).account_numbers().to_vec(),
            );
            for side in [Side::Own, Side::Other] {
                for document in DOCUMENTS {
                    let document =
                        household_of(&households, caller.household(side)).fill(document, "never-posted");
                    let reply = client.send(&document, json!({}));
                    let is_wrong = reply.body.get("errors").is_some();
                    assert!(is_wrong || side == Side::Other, "{document}: {}", reply.body);
                    assert_no_canary(&canaries, &document, &reply.body.to_string());
                }
            }
            for body in BODIES {
                let reply = client.send_body("application/json", body).expect("an answer");
                assert!(reply.body.get("errors").is_some(), "{body}: {}", reply.body);
                assert_no_canary(&canaries, body, &reply.body.to_string());
            }
        }
    });
}
