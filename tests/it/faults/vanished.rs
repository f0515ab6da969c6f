//! F16: clients that vanish in mid-post, and more of them than there is room for. What they sent is posted once or not
//! at all, nothing of them stays behind, and who is turned away hears it at once.

use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use futures_util::future::join_all;
use granary::store::base::connection::{Connection, Purpose};
use serde_json::{Value, json};

use super::row::{Trial, runs};
use super::wire::{BUSY, POSTED, exchange, post_request, send};
use crate::processes::alone;
use crate::processes::load::Book;
use crate::processes::server::Server;
use crate::processes::site::{BANK, Site};
use crate::simulator::random::Random;
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::wait::wait_until;

const VANISHING: usize = 256;
/// More than the door lets in at once for a bank.
const TOO_MANY: usize = 900;
/// They vanish up to so long after they have sent.
const VANISH_US_MAX: i64 = 30_000;
const WITHIN: Duration = Duration::from_secs(30);
/// Nobody can write for so long.
const BLOCKED: Duration = Duration::from_secs(4);
/// Nine in ten of those who are turned away hear it so soon, on a machine that also carries all of them.
const TURNED_AWAY_WITHIN: Duration = Duration::from_secs(2);
/// Sockets that a server may have more than before: its own connections to the database, made when first needed.
const SOCKETS_SLACK: usize = 3;

#[test]
fn clients_that_vanish_or_find_no_room_leave_nothing_behind() {
    for_each_backend(|database| {
        let _alone = alone();
        let mut trial =
            Trial::begin("F16", "clients vanish in mid-post; more come than fit", database.name());
        let site = Site::new(&database.url, 50);
        fs::write(site.folder().join("granary.toml"), "lanes = 1\nreaders = 1\n").expect("a file");
        let server = site.serve();
        let client = site.client(&server, BANK);
        let token = site.token(BANK);
        let mut book = Book::default();
        book.post_all(&client, vec![input(&site, "first", 0)], false);
        let before = open_sockets(&server);
        let (mut away, mut slowest) = (0, Duration::ZERO);
        for run in 0..runs(2) {
            let inputs: Vec<Value> =
                (0..VANISHING).map(|number| input(&site, &format!("vanish-{run}"), number)).collect();
            vanish(server.address, &token, &inputs, &mut trial.random);
            book.post_all(&client, inputs, true);
            let inputs: Vec<Value> =
                (0..TOO_MANY).map(|number| input(&site, &format!("crowd-{run}"), number)).collect();
            let turned_away = crowd(database, server.address, &token, &inputs);
            away += turned_away.len();
            slowest = slowest.max(ninth(&turned_away));
            assert!(ninth(&turned_away) <= TURNED_AWAY_WITHIN, "{:?}", ninth(&turned_away));
            book.post_all(&client, inputs, true);
            trial.made();
        }
        trial.note(format!(
            "{away} turned away, nine in ten within {} ms at the slowest",
            slowest.as_millis()
        ));
        wait_until("closed connections", WITHIN, || open_sockets(&server) <= before + SOCKETS_SLACK);
        trial.conclude(&site, &client, &book);
    });
}

fn input(site: &Site, name: &str, number: usize) -> Value {
    let account = &site.accounts[number % site.accounts.len()];
    json!({ "idempotencyKey": format!("{name}-{number}"), "accountNumber": account, "amount": "0.01" })
}

fn open_sockets(server: &Server) -> usize {
    let files = fs::read_dir(format!("/proc/{}/fd", server.id())).expect("a process of ours");
    let targets = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Sends every payment at once, each on a connection that is dropped a little later.
fn vanish(address: SocketAddr, token: &str, inputs: &[Value], random: &mut Random) {
    let client = |input: &Value| {
        let request = post_request(token, input);
        let patience = Duration::from_micros(random.between(0, VANISH_US_MAX).unsigned_abs());
        async move {
            let stream = send(address, &request).await;
            tokio::time::sleep(patience).await;
            drop(stream);
        }
    };
    let clients: Vec<_> = inputs.iter().map(client).collect();
    runtime().block_on(join_all(clients));
}

/// Sends every payment at once while the database lets nobody write, and returns how long each of those waited who
/// were turned away.
fn crowd(database: &TestDatabase, address: SocketAddr, token: &str, inputs: &[Value]) -> Vec<Duration> {
    let mut blocker = database.database.connect(Purpose::Write).expect("the database answers");
    match &mut blocker {
        Connection::Postgres(inner) => inner.batch_execute("BEGIN; LOCK TABLE idempotency_keys"),
        Connection::Sqlite(inner) => inner.batch_execute("BEGIN IMMEDIATE"),
    }
    .expect("a lock");
    let started = Instant::now();
    let client = |input: &Value| {
        let request = post_request(token, input);
        async move { (exchange(address, &request).await, started.elapsed()) }
    };
    let unblock = async {
        tokio::time::sleep(BLOCKED).await;
        drop(blocker);
    };
    let clients = join_all(inputs.iter().map(client));
    let (answers, ()) = runtime().block_on(futures_util::future::join(clients, unblock));
    let mut turned_away = Vec::new();
    for (answer, after) in answers {
        let answer = answer.expect("everyone is answered");
        assert!(answer.starts_with(BUSY) || answer.contains(POSTED), "{answer}");
        if answer.starts_with(BUSY) {
            turned_away.push(after);
        }
    }
    turned_away.sort_unstable();
    assert!(!turned_away.is_empty(), "there was room for all");
    turned_away
}

fn ninth(sorted: &[Duration]) -> Duration {
    sorted[(sorted.len() - 1) * 9 / 10]
}
