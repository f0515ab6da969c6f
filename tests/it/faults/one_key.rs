//! F12: one key at several processes at once.

use std::collections::HashSet;
use std::sync::Barrier;
use std::time::Instant;

use serde_json::{Value, json};

use super::row::{POSTGRES, SQLITE, Trial, runs};
use crate::processes::alone;
use crate::processes::load::{Acknowledged, Book, post_all};
use crate::processes::server::Server;
use crate::processes::site::{BANK, Site, client_with};
use crate::support::backends::TestDatabase;

/// Clients that send every key at the same instant.
const CLIENTS: usize = 6;
/// Keys sent one by one in a run, and keys sent in one request each by every client.
const KEYS_ALONE: usize = 60;
const KEYS_TOGETHER: usize = 500;

#[test]
fn one_key_at_three_servers_on_postgres_is_one_payment() {
    if let Some(database) = TestDatabase::postgres() {
        one_key_is_one_payment(&Site::new(&database.url, 20), 3, POSTGRES);
    }
}

#[test]
fn one_key_many_times_at_a_server_on_sqlite_is_one_payment() {
    one_key_is_one_payment(&Site::new(&TestDatabase::sqlite().url, 20), 1, SQLITE);
}

fn one_key_is_one_payment(site: &Site, server_count: usize, back_end: &str) {
    let _alone = alone();
    let what = format!("one key at once by {CLIENTS} clients, servers: {server_count}");
    let mut trial = Trial::begin("F12", &what, back_end);
    let servers: Vec<Server> = (0..server_count).map(|_| site.serve()).collect();
    let mut book = Book::default();
    for run in 0..runs(1) {
        let alone = (0..KEYS_ALONE).map(|number| vec![input(site, run, "alone", number)]);
        let together = vec![(0..KEYS_TOGETHER).map(|number| input(site, run, "together", number)).collect()];
        let requests: Vec<Vec<Value>> = alone.chain(together).collect();
        for answers in answers_of_each(site, &servers, &requests) {
            trial.made();
            book.acknowledged.push(the_one_answer(&answers));
        }
    }
    trial.conclude(site, &site.client(&servers[0], BANK), &book);
}

fn input(site: &Site, run: usize, kind: &str, number: usize) -> Value {
    let account = &site.accounts[number % site.accounts.len()];
    json!({ "idempotencyKey": format!("{kind}-{run}-{number}"), "accountNumber": account, "amount": "1.25" })
}

/// An input with each client's answer to it.
type Answers = (Value, Vec<Value>);

/// Has every client send every request, all at the same instant.
fn answers_of_each(site: &Site, servers: &[Server], requests: &[Vec<Value>]) -> Vec<Answers> {
    let (token, barrier) = (site.token(BANK), Barrier::new(CLIENTS));
    let send_all = |index: usize| -> Vec<Value> {
        let client = client_with(servers[index % servers.len()].address, &token);
        let send = |inputs: &Vec<Value>| {
            barrier.wait();
            post_all(&client, inputs).0
        };
        requests.iter().flat_map(send).collect()
    };
    let by_client: Vec<Vec<Value>> = std::thread::scope(|scope| {
        let send_all = &send_all;
        let threads: Vec<_> = (0..CLIENTS).map(|index| scope.spawn(move || send_all(index))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a client ends well")).collect()
    });
    let inputs = requests.iter().flatten().enumerate();
    inputs
        .map(|(place, input)| (input.clone(), by_client.iter().map(|of| of[place].clone()).collect()))
        .collect()
}

/// What all the answers agree on: they are equal, and one at most is no replay.
fn the_one_answer((input, answers): &Answers) -> Acknowledged {
    let payments: HashSet<String> = answers.iter().map(|answer| answer["payment"].to_string()).collect();
    assert_eq!(payments.len(), 1, "{input}: {answers:#?}");
    assert!(answers[0]["payment"].is_object(), "{input}: {answers:#?}");
    let first = answers.iter().filter(|answer| answer["replayed"] == false).count();
    assert!(first <= 1, "{first} answers to {input} are no replays");
    let (payment, now) = (answers[0]["payment"].clone(), Instant::now());
    Acknowledged { input: input.clone(), payment, sent_at: now, answered_at: now }
}
