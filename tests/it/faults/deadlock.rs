//! F18: transactions that wait for each other. Servers take their locks in one order, so that two of them never do;
//! a stranger in the database who takes them in another is survived by trying again, a few times, and counted.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use granary::store::base::connection::{Connection, Purpose};
use serde_json::{Value, json};

use super::row::{POSTGRES, SQLITE, Trial, runs};
use crate::processes::alone;
use crate::processes::load::Book;
use crate::processes::server::Server;
use crate::processes::site::{BANK, Site, client_with};
use crate::support::backends::TestDatabase;

/// Few, so that every batch touches all of them.
const ACCOUNTS: usize = 8;
const CLIENTS: usize = 4;
/// Batches of one client, at least, in a run.
const BATCHES: usize = 20;
/// Times the stranger locks in a run.
const CROSSINGS: usize = 3;
/// A stranger holds each lock so long before he asks for the next.
const HELD: Duration = Duration::from_millis(100);
/// Longer than a lane waits for the one who writes a SQLite file.
const HELD_ON_SQLITE: Duration = Duration::from_secs(6);

#[test]
fn crossed_batches_of_two_servers_and_a_stranger_s_locks_are_survived() {
    let Some(database) = TestDatabase::postgres() else { return };
    let _alone = alone();
    let mut trial = Trial::begin("F18", "crossed batches, two servers and a stranger's locks", POSTGRES);
    let site = Site::new(&database.url, ACCOUNTS);
    let (servers, deadlocks) = ([serve(&site), serve(&site)], AtomicU64::new(0));
    let mut book = Book::default();
    for run in 0..runs(1) {
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| cross(&database, &site, &is_over, &deadlocks));
            let books = post_crossed(&site, &servers, run, &is_over);
            books.into_iter().for_each(|other| book.add(other));
        });
        trial.made();
    }
    let failed: u64 = servers.iter().map(failed_attempts).sum();
    let deadlocks = deadlocks.into_inner();
    trial.note(format!("{deadlocks} times the stranger was the victim, {failed} attempts of a batch failed"));
    assert!(deadlocks + failed > 0, "nobody ever waited in a circle");
    trial.conclude(&site, &site.client(&servers[0].0, BANK), &book);
}

#[test]
fn a_stranger_who_keeps_a_sqlite_file_locked_is_survived() {
    let database = TestDatabase::sqlite();
    let _alone = alone();
    let mut trial = Trial::begin("F18", "a stranger keeps the file locked", SQLITE);
    let site = Site::new(&database.url, ACCOUNTS);
    let servers = [serve(&site)];
    let mut book = Book::default();
    for run in 0..runs(1) {
        std::thread::scope(|scope| {
            let (tell, told) = std::sync::mpsc::channel();
            let database = &database;
            scope.spawn(move || {
                let mut stranger = database.database.connect(Purpose::Write).expect("the database answers");
                execute(&mut stranger, "BEGIN IMMEDIATE").expect("a lock");
                tell.send(()).expect("the test waits");
                std::thread::sleep(HELD_ON_SQLITE);
            });
            told.recv().expect("the stranger has it");
            let is_over = AtomicBool::new(true);
            post_crossed(&site, &servers, run, &is_over).into_iter().for_each(|other| book.add(other));
        });
        trial.made();
    }
    let failed = failed_attempts(&servers[0]);
    trial.note(format!("{failed} attempts of a batch failed"));
    assert!(failed > 0, "no batch ever waited in vain");
    trial.conclude(&site, &site.client(&servers[0].0, BANK), &book);
}

/// A server with where its operator asks.
fn serve(site: &Site) -> (Server, String) {
    let port =
        std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port").local_addr().expect("its number");
    let mut command = site.serve_command();
    command.args(["--admin-listen", &port.to_string()]);
    (site.start(command), format!("http://{port}/metrics"))
}

fn failed_attempts((_, metrics): &(Server, String)) -> u64 {
    let text = ureq::get(metrics).call().expect("metrics").body_mut().read_to_string().expect("text");
    let line = text.lines().find_map(|line| line.strip_prefix("granary_failed_attempts_total "));
    line.and_then(|count| count.trim().parse().ok()).expect("it is counted")
}

fn execute(connection: &mut Connection, statement: &str) -> diesel::QueryResult<()> {
    match connection {
        Connection::Postgres(inner) => inner.batch_execute(statement),
        Connection::Sqlite(inner) => inner.batch_execute(statement),
    }
}

/// Locks accounts from the last to the first, a few times; then it is over.
fn cross(database: &TestDatabase, site: &Site, is_over: &AtomicBool, deadlocks: &AtomicU64) {
    let mut stranger = database.database.connect(Purpose::Write).expect("the database answers");
    for _ in 0..CROSSINGS {
        execute(&mut stranger, "BEGIN").expect("a transaction");
        for account in site.accounts.iter().rev() {
            let lock = format!("UPDATE accounts SET status = status WHERE account_number = '{account}'");
            if execute(&mut stranger, &lock).is_err() {
                deadlocks.fetch_add(1, Ordering::SeqCst);
                break;
            }
            std::thread::sleep(HELD);
        }
        execute(&mut stranger, "ROLLBACK").expect("the locks are given back");
    }
    is_over.store(true, Ordering::SeqCst);
}

fn post_crossed(site: &Site, servers: &[(Server, String)], run: usize, is_over: &AtomicBool) -> Vec<Book> {
    let token = site.token(BANK);
    let client = |index: usize| {
        let (server, _) = &servers[index % servers.len()];
        post_batches(site, server, &token, &format!("crossed-{run}-{index}"), is_over)
    };
    std::thread::scope(|scope| {
        let client = &client;
        let threads: Vec<_> = (0..CLIENTS).map(|index| scope.spawn(move || client(index))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a client ends well")).collect()
    })
}

/// Posts to all accounts at once, every other batch from the last to the first, until it is over.
fn post_batches(site: &Site, server: &Server, token: &str, name: &str, is_over: &AtomicBool) -> Book {
    let client = client_with(server.address, token);
    let mut book = Book::default();
    let goes_on = |batch: &usize| *batch < BATCHES || !is_over.load(Ordering::SeqCst);
    for batch in (0_usize..).take_while(goes_on) {
        let input = |account: &String| {
            let key = format!("{name}-{batch}-{account}");
            json!({ "idempotencyKey": key, "accountNumber": account, "amount": "0.25" })
        };
        let mut inputs: Vec<Value> = site.accounts.iter().map(input).collect();
        if batch % 2 == 1 {
            inputs.reverse();
        }
        book.post_all(&client, inputs, false);
    }
    book
}
