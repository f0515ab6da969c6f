//! One payment sent fifty times at once.

use std::sync::Barrier;

use serde_json::{Value, json};

use super::alone;
use super::proof::{audit_is_clean, count};
use super::server::Server;
use super::site::{BANK, Site};
use crate::support::backends::TestDatabase;

const COPIES: usize = 50;
const ROUNDS: usize = 6;

#[test]
fn fifty_copies_over_two_servers_on_postgres_are_one_payment() {
    let Some(database) = TestDatabase::postgres() else { return };
    fifty_copies_are_one_payment(&Site::new(&database.url, 3), 2);
}

#[test]
fn fifty_copies_over_one_server_on_sqlite_are_one_payment() {
    fifty_copies_are_one_payment(&Site::new(&TestDatabase::sqlite().url, 3), 1);
}

fn fifty_copies_are_one_payment(site: &Site, server_count: usize) {
    let _alone = alone();
    let servers: Vec<Server> = (0..server_count).map(|_| site.serve()).collect();
    for round in 0..ROUNDS {
        let account = &site.accounts[round % site.accounts.len()];
        let key = format!("copies-{round}");
        let input = json!({ "idempotencyKey": key, "accountNumber": account, "amount": "123.45" });
        let answers = send_at_once(site, &servers, &input);
        let first = &answers[0]["payment"];
        assert!(first["receiptNumber"].is_string(), "{}", answers[0]);
        for answer in &answers {
            assert_eq!(answer["payment"], *first);
            assert_eq!(answer["userErrors"], json!([]));
        }
        let posted = answers.iter().filter(|answer| answer["replayed"] == false).count();
        assert_eq!(posted, 1, "answers that are no replay, in round {round}");
        let payments = count(&mut site.reader(), "SELECT count(*) AS found FROM payments");
        assert_eq!(usize::try_from(payments).ok(), Some(round + 1));
    }
    audit_is_clean(site);
}

fn send_at_once(site: &Site, servers: &[Server], input: &Value) -> Vec<Value> {
    let (token, barrier) = (site.token(BANK), Barrier::new(COPIES));
    let send = |index: usize| {
        let client = super::site::client_with(servers[index % servers.len()].address, &token);
        barrier.wait();
        client.post(input.clone())
    };
    std::thread::scope(|scope| {
        let send = &send;
        let threads: Vec<_> = (0..COPIES).map(|index| scope.spawn(move || send(index))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a client ends well")).collect()
    })
}
