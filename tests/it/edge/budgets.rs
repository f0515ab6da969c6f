//! Budgets per caller, and what a caller can't tell apart.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use granary::access::budget::{Allowance, Allowances};
use granary::access::tokens::Claims;
use granary::domain::account::CustomerClass::Residential;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::client::Client;
use crate::support::commands::{NOON_MS, issue_bill, save_account};

const OWN: &str = "0000000001";
const OTHER: &str = "0000000002";
const NONE: &str = "9999999999";

fn town<'a>(database: &'a TestDatabase, allowances: Allowances) -> TestApp<'a> {
    let commands = vec![
        save_account(OWN, Residential),
        save_account(OTHER, Residential),
        issue_bill(OTHER, "B1", 10_000, "2026-11-30"),
    ];
    TestApp::start_with(database, commands, |settings| settings.allowances = allowances)
}

fn allowance(requests: u32, accounts: u32) -> Allowance {
    Allowance {
        requests_per_minute: NonZeroU32::new(requests),
        accounts_per_minute: NonZeroU32::new(accounts),
    }
}

fn customer(app: &TestApp<'_>, subject: &str) -> Client {
    let now_s = NOON_MS / 1_000;
    let claims = Claims {
        sub: subject.to_owned(),
        channel: "APP".to_owned(),
        scope: "bills:read".to_owned(),
        accounts: Some(vec![OWN.to_owned()]),
        iat: now_s,
        nbf: now_s,
        exp: now_s + 3_600,
        jti: subject.to_owned(),
    };
    Client::new(app.address, app.mint(&claims))
}

const ACCOUNT: &str = "query($n: String!) { account(number: $n) { number amountDue } }";
const ACCOUNTS: &str = "query($n: [String!]!) { accounts(numbers: $n) { number } }";

#[test]
fn who_asks_for_too_many_accounts_waits_and_others_do_not() {
    for_each_backend(|database| {
        let app = town(database, Allowances { customers: allowance(0, 10), channels: Allowance::UNBOUNDED });
        let (scanner, other) = (customer(&app, "scanner"), customer(&app, "other"));
        let numbers = |count: usize| json!({ "n": vec![NONE; count] });
        assert_eq!(scanner.send(ACCOUNTS, numbers(8)).status, 200);
        let over = scanner.send(ACCOUNTS, numbers(3));
        assert_eq!((over.status, over.retry_after.as_deref()), (429, Some("6")), "{over:?}");
        assert_eq!(over.body["errors"][0]["extensions"]["code"], "RATE_LIMITED");
        assert_eq!(over.body["errors"][0]["extensions"]["retryable"], true);
        assert_eq!(scanner.send(ACCOUNT, json!({ "n": OWN })).status, 200);
        let partly = "query($n: String!) { own: account(number: $n) { number } over: account(number: $n) { number } serviceConfig { name } }";
        let partly = scanner.send(partly, json!({ "n": OWN }));
        assert_eq!(partly.status, 200, "something succeeded: {partly:?}");
        assert_eq!(partly.body["errors"][0]["extensions"]["code"], "RATE_LIMITED");
        assert_eq!(other.send(ACCOUNTS, numbers(10)).status, 200, "each has their own budget");
        let bank = app.channel("BANK-1");
        for _ in 0..5 {
            assert_eq!(bank.send(ACCOUNTS, numbers(100)).status, 200, "channels have none unless set");
        }
        app.clock.pass(60_000);
        assert_eq!(scanner.send(ACCOUNTS, numbers(10)).status, 200, "it comes back with time");
    });
}

const HOUR_MS: i64 = 3_600_000;

#[test]
fn a_clock_that_is_set_neither_gives_nor_takes() {
    for_each_backend(|database| {
        let app = town(database, Allowances { customers: allowance(10, 10), channels: allowance(60, 0) });
        // Their tokens hold whatever the clock says.
        app.clock.set(NOON_MS - 2 * HOUR_MS);
        let lasting = |subject: &str, accounts: Option<Vec<String>>| {
            let now_s = NOON_MS / 1_000;
            let claims = Claims {
                sub: subject.to_owned(),
                channel: "BANK-1".to_owned(),
                scope: "bills:read payments:post".to_owned(),
                accounts,
                iat: now_s - 100_000,
                nbf: now_s - 100_000,
                exp: now_s + 100_000,
                jti: subject.to_owned(),
            };
            Client::new(app.address, app.mint(&claims))
        };
        let customer = lasting("customer", Some(vec![OWN.to_owned()]));
        let bank = lasting("bank", None);
        app.clock.set(NOON_MS);
        let ask = |client: &Client| client.send(ACCOUNT, json!({ "n": OWN }));
        for (round, by_ms) in [0, -HOUR_MS, HOUR_MS, 0].into_iter().enumerate() {
            app.clock.set(NOON_MS + by_ms);
            for _ in 0..10 {
                assert_eq!(ask(&customer).status, 200, "round {round}");
            }
            for by_ms in [by_ms, -HOUR_MS, HOUR_MS] {
                app.clock.set(NOON_MS + by_ms);
                let over = ask(&customer);
                assert_eq!((over.status, over.retry_after.as_deref()), (429, Some("6")), "round {round}");
            }
            assert_eq!(ask(&bank).status, 200, "another has used little");
            app.clock.pass(60_000);
        }
    });
}

#[test]
fn who_asks_too_often_is_refused_before_anything_is_done() {
    for_each_backend(|database| {
        let app = town(database, Allowances { customers: Allowance::UNBOUNDED, channels: allowance(3, 0) });
        let bank = app.channel("BANK-1");
        let input = |key: &str| json!({ "idempotencyKey": key, "accountNumber": OWN, "amount": "1.00" });
        for key in ["k1", "k2", "k3"] {
            assert_eq!(bank.post(input(key))["replayed"], false);
        }
        let over = bank.try_post(&input("k4")).expect("an answer");
        assert_eq!((over.status, over.retry_after.as_deref()), (429, Some("20")), "{over:?}");
        assert!(over.body.get("data").is_none(), "{over:?}");
        app.clock.pass(60_000);
        assert_eq!(bank.post(input("k4"))["replayed"], false, "the refused try left no trace");
    });
}

#[test]
fn an_account_of_another_and_none_at_all_look_alike_in_answer_and_time() {
    for_each_backend(|database| {
        let unbounded = Allowances { customers: Allowance::UNBOUNDED, channels: Allowance::UNBOUNDED };
        let app = town(database, unbounded);
        let (customer, bank) = (customer(&app, "curious"), app.channel("BANK-1"));
        let id = |number: &str| {
            let data = bank.data("query($n: String!) { account(number: $n) { id } }", json!({ "n": number }));
            data["account"]["id"].clone()
        };
        let own = customer.send(ACCOUNT, json!({ "n": OWN }));
        assert_eq!(own.body["data"]["account"]["amountDue"], "0.00");
        let node = "query($i: ID!) { node(id: $i) { id } }";
        assert_eq!(customer.send(node, json!({ "i": id(OTHER) })).body, json!({ "data": { "node": null } }));
        let mut slowest = [Duration::ZERO; 2];
        let mut fastest = [Duration::MAX; 2];
        for _ in 0..200 {
            for (place, number) in [OTHER, NONE].into_iter().enumerate() {
                let started = Instant::now();
                let reply = customer.send(ACCOUNT, json!({ "n": number }));
                let took = started.elapsed();
                assert_eq!(reply.body, json!({ "data": { "account": null } }));
                slowest[place] = slowest[place].max(took);
                fastest[place] = fastest[place].min(took);
            }
        }
        println!("another's {:?} to {:?}, none {:?} to {:?}", fastest[0], slowest[0], fastest[1], slowest[1]);
        // Neither is looked up: both are answered before a database could be.
        let ratio = fastest[0].as_secs_f64() / fastest[1].as_secs_f64();
        assert!((0.5..2.0).contains(&ratio), "another's account takes {ratio} times as long as none");
    });
}
