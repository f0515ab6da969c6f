//! Whatever an answer says of an account is of one instant, while others post to it and reverse.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use granary::domain::account::CustomerClass::Residential;
use granary::domain::base::money::parse_amount;
use granary::engine::{Engine, EngineSettings, Priority};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::app::{TestApp, TestClock, at, engine};
use crate::support::backends::for_each_backend;
use crate::support::client::Client;
use crate::support::commands::{issue_bill, lane, post, reverse, save_account, settle};
use crate::support::reads::held;
use crate::support::wait::wait_until;

const ACCOUNT: &str = "0000000001";
const BILLS: i64 = 12;
/// How often each document is asked.
const ASKED: usize = 60;
const PARTS: &str = "amountDue notPayableReason { code } \
    bills(first: 100) { nodes { amountDue payments(first: 1) { nodes { status allocations { amount } } } } } \
    payments(first: 1) { nodes { status allocations { amount bill { status } } } }";

fn fen(amount: &Value) -> i64 {
    parse_amount(amount.as_str().expect("an amount")).expect("an amount")
}

/// Nothing that is said of the account contradicts another part.
fn check(account: &Value) {
    let due: i64 =
        account["bills"]["nodes"].as_array().expect("bills").iter().map(|bill| fen(&bill["amountDue"])).sum();
    assert_eq!(fen(&account["amountDue"]), due, "{account}");
    let newest = at(account, "payments.nodes.0");
    let is_paid = newest["status"] == "POSTED";
    assert_eq!(due == 0, is_paid, "{account}");
    assert_eq!(account["notPayableReason"].is_null(), !is_paid, "{account}");
    for bill in account["bills"]["nodes"].as_array().expect("bills") {
        assert_eq!(at(bill, "payments.nodes.0.status"), &newest["status"], "{account}");
    }
    for allocation in newest["allocations"].as_array().expect("allocations") {
        assert_eq!(allocation["bill"]["status"], if is_paid { "PAID" } else { "OPEN" }, "{account}");
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// Pays all and takes it back, again and again, until told that it is over.
fn pay_and_reverse(engine: &Engine, is_over: &AtomicBool) {
    let runtime = runtime();
    for turn in 0.. {
        let (key, back) = (format!("w{turn}"), format!("v{turn}"));
        let commands = [post("COUNTER-1", &key, ACCOUNT, BILLS * 500), reverse("COUNTER-1", &back, &key)];
        for command in commands {
            runtime.block_on(engine.submit_all(Priority::High, vec![command])).expect("it is decided");
        }
        if is_over.load(Ordering::SeqCst) {
            return;
        }
    }
}

#[test]
fn what_is_said_of_an_account_is_of_one_instant() {
    for_each_backend(|database| {
        let mut setup = vec![save_account(ACCOUNT, Residential)];
        setup.extend((0..BILLS).map(|n| issue_bill(ACCOUNT, &format!("B{n:02}"), 500, "2026-11-30")));
        let app = TestApp::start(database, setup);
        let counter = app.channel("COUNTER-1");
        counter.post(paid());
        counter.reverse(
            json!({ "idempotencyKey": "v", "paymentIdempotencyKey": "w", "reason": "wrong account" }),
        );
        let ids = counter.data(
            &format!("{{ account(number: \"{ACCOUNT}\") {{ id bills(first: 1) {{ nodes {{ id }} }} }} }}"),
            json!({}),
        );
        let (account, bill) = (at(&ids, "account.id"), at(&ids, "account.bills.nodes.0.id"));
        let ways = [
            (format!("account(number: \"{ACCOUNT}\") {{ {PARTS} }}"), "found"),
            (format!("accounts(numbers: [\"{ACCOUNT}\", \"2\"]) {{ {PARTS} }}"), "found.0"),
            (format!("node(id: {account}) {{ ... on Account {{ {PARTS} }} }}"), "found"),
            (format!("node(id: {bill}) {{ ... on Bill {{ account {{ {PARTS} }} }} }}"), "found.account"),
            (
                format!("payment(idempotencyKey: \"w\") {{ payment {{ account {{ {PARTS} }} }} }}"),
                "found.payment.account",
            ),
        ];
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let over = Over(&is_over);
            scope.spawn(|| pay_and_reverse(&app.engine, &is_over));
            for _ in 0..ASKED {
                for (way, path) in &ways {
                    let data = counter.data(&format!("{{ found: {way} }}"), json!({}));
                    check(at(&data, path));
                }
                check(&replayed(&counter));
            }
            drop(over);
        });
    });
}

/// A payment that was taken back.
fn paid() -> Value {
    json!({ "idempotencyKey": "w", "accountNumber": ACCOUNT, "amount": "60.00" })
}

/// What the answer to a repeated payment says of its account.
fn replayed(counter: &Client) -> Value {
    let mutation = format!(
        "mutation($input: PaymentPostInput!) {{ paymentPost(input: $input) {{ payment {{ account {{ {PARTS} }} }} }} }}"
    );
    let data = counter.data(&mutation, json!({ "input": paid() }));
    at(&data, "paymentPost.payment.account").clone()
}

/// Tells the writer that it is over, also where a check failed.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_snapshot_shows_nothing_that_came_later() {
    for_each_backend(|database| {
        let mut lane = lane(&database.database);
        settle(
            &mut lane,
            vec![save_account(ACCOUNT, Residential), issue_bill(ACCOUNT, "B1", 500, "2026-11-30")],
        );
        let engine = engine(database, &EngineSettings::default(), TestClock::at_noon());
        let runtime = runtime();
        let seen = runtime.block_on(async {
            let snapshot = engine.snapshot().await.expect("a snapshot is opened");
            let account = || async {
                let found = snapshot.accounts(vec![ACCOUNT.to_owned()]).await.expect("the account is read");
                (found[ACCOUNT].account.last_sequence, found[ACCOUNT].open_bills.len())
            };
            let before = account().await;
            settle(&mut lane, vec![issue_bill(ACCOUNT, "B2", 500, "2026-11-30")]);
            (before, account().await)
        });
        assert_eq!(seen.0, seen.1);
        let latest = runtime.block_on(engine.look_ups(Priority::Normal).accounts(vec![ACCOUNT.to_owned()]));
        assert_eq!(latest.expect("the account is read")[ACCOUNT].open_bills.len(), 2);
        engine.close();
    });
}

#[test]
fn one_account_is_read_once_for_a_request() {
    for_each_backend(|database| {
        let app = TestApp::start(database, vec![save_account(ACCOUNT, Residential)]);
        let query = format!(
            "{{ a: account(number: \"{ACCOUNT}\") {{ number }} \
             b: account(number: \"{ACCOUNT}\") {{ advanceBalance }} \
             c: accounts(numbers: [\"{ACCOUNT}\", \"{ACCOUNT}\"]) {{ number amountDue }} }}"
        );
        std::thread::scope(|scope| {
            let hold = |_| {
                let (held, begins, go_on) = held();
                let look_ups = app.engine.look_ups(Priority::High);
                scope.spawn(move || runtime().block_on(look_ups.look_up(held)).expect("it goes on"));
                begins.recv().expect("a reader takes it");
                go_on
            };
            let holds: Vec<_> = (0..EngineSettings::default().readers).map(hold).collect();
            let asked = scope.spawn(|| app.channel("COUNTER-1").data(&query, json!({})));
            wait_until("a look-up", Duration::from_secs(5), || app.engine.load().look_ups > 0);
            assert_eq!(app.engine.load().look_ups, 1);
            drop(holds);
            let data = asked.join().expect("it is answered");
            assert_eq!(at(&data, "c.1.number"), ACCOUNT, "{data}");
        });
    });
}
