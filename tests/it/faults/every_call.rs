//! F1: the server is killed at every single call of the system that writes, syncs or sends, one after the other,
//! while a short scenario runs.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::row::{POSTGRES, SQLITE, Trial};
use crate::processes::alone;
use crate::processes::load::{Acknowledged, Book, RECORDED};
use crate::processes::proof::{audit_is_clean, judge};
use crate::processes::server::Server;
use crate::processes::site::{BANK, Site, client_with};
use crate::support::backends::TestDatabase;
use crate::support::tools::find_tool;

/// Payments of the scenario, each alone.
const PAYMENTS: usize = 2;
/// No scenario makes so many calls.
const CALLS_MAX: usize = 2_000;
/// A server that died is given up after this long.
const GONE_WITHIN: Duration = Duration::from_secs(10);

#[test]
fn killed_at_every_sync_on_sqlite_it_loses_nothing() {
    killed_at_every(&TestDatabase::sqlite(), SQLITE, "fsync,fdatasync");
}

#[test]
fn killed_at_every_write_on_sqlite_it_loses_nothing() {
    killed_at_every(&TestDatabase::sqlite(), SQLITE, "pwrite64");
}

#[test]
fn killed_at_every_message_to_postgres_it_loses_nothing() {
    if let Some(database) = TestDatabase::postgres() {
        killed_at_every(&database, POSTGRES, "sendto");
    }
}

fn killed_at_every(database: &TestDatabase, back_end: &str, call: &str) {
    let Some(strace) = find_tool("strace") else { return };
    let _alone = alone();
    let mut trial = Trial::begin("F1", &format!("server killed at every {call}"), back_end);
    let site = Site::new(&database.url, 5);
    let token = site.token(BANK);
    let mut book = Book::default();
    for number in 1..CALLS_MAX {
        let mut killer = Command::new(&strace);
        killer.args(["-D", "-f", "-qq", "-o", "/dev/null", "-e"]);
        killer.args([format!("trace={call}"), "-e".to_owned()]);
        killer.arg(format!("inject={call}:signal=SIGKILL:when={number}"));
        let doomed = site.try_start(site.serve_under(killer)).ok();
        let inputs: Vec<Value> = (0..PAYMENTS).map(|payment| input(&site, call, number, payment)).collect();
        let was_killed = first_tries(doomed, &token, &inputs, &mut book);
        let server = site.serve();
        for (input, tried) in inputs.iter().zip(&was_killed.tried) {
            bring_to_an_answer(&server, &token, input, tried, &mut book);
        }
        audit_is_clean(&site);
        trial.made();
        if !was_killed.is_killed {
            break;
        }
    }
    let server = site.serve();
    trial.judged(&judge(&site, &client_with(server.address, &token), &[&book]));
    assert!(book.unknown > 0, "no kill hit a payment");
    trial.note(format!("{PAYMENTS} payments a run, until a run makes no more such calls"));
    trial.heard(&book);
    trial.end();
}

fn input(site: &Site, call: &str, number: usize, payment: usize) -> Value {
    let account = &site.accounts[payment % site.accounts.len()];
    json!({ "idempotencyKey": format!("{call}-{number}-{payment}"), "accountNumber": account, "amount": "1.25" })
}

/// What became of the first tries.
struct Outcome {
    is_killed: bool,
    /// Of each payment: when it was sent, and what was answered.
    tried: Vec<(Instant, Option<Value>)>,
}

fn post(server: &Server, token: &str, input: &Value) -> Option<Value> {
    let document = format!(
        "mutation($input: PaymentPostInput!) {{ paymentPost(input: $input) {{ replayed userErrors {{ code }} \
         payment {{ {RECORDED} }} }} }}"
    );
    let reply = client_with(server.address, token).try_send(&document, json!({ "input": input })).ok()?;
    let payload = &reply.body["data"]["paymentPost"];
    payload["payment"].is_object().then(|| payload.clone())
}

/// Sends each payment once to a server that dies on the way.
fn first_tries(doomed: Option<Server>, token: &str, inputs: &[Value], book: &mut Book) -> Outcome {
    let Some(mut doomed) = doomed else {
        let tried = inputs.iter().map(|_| (Instant::now(), None)).collect();
        return Outcome { is_killed: true, tried };
    };
    let mut tried = Vec::new();
    for input in inputs {
        let sent_at = Instant::now();
        tried.push((sent_at, post(&doomed, token, input)));
    }
    let is_killed = tried.iter().any(|(_, answer)| answer.is_none());
    book.unanswered += tried.iter().filter(|(_, answer)| answer.is_none()).count() as u64;
    if is_killed {
        assert!(!doomed.wait(GONE_WITHIN).success(), "only a killed server leaves a try unanswered");
    } else {
        doomed.kill();
    }
    Outcome { is_killed, tried }
}

/// What was answered stays so; what wasn't is sent again.
fn bring_to_an_answer(
    server: &Server,
    token: &str,
    input: &Value,
    (sent_at, first): &(Instant, Option<Value>),
    book: &mut Book,
) {
    let Some(payload) = first else {
        return book.post_all(&client_with(server.address, token), vec![input.clone()], true);
    };
    let (payment, answered_at) = (payload["payment"].clone(), Instant::now());
    book.acknowledged.push(Acknowledged { input: input.clone(), payment, sent_at: *sent_at, answered_at });
}
