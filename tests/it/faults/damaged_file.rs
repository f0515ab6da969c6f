//! A SQLite file that was damaged from outside: no wrong answer comes out of it, nothing is written into it, and whoever
//! meets the damage, a look-up or a payment, ends the server, which tells the operator.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use granary::store::base::connection::{Connection, Database, Purpose};
use serde_json::{Value, json};

use super::row::{SQLITE, Trial, runs};
use crate::processes::alone;
use crate::processes::site::{BANK, Site};
use crate::support::backends::TestDatabase;
use crate::support::client::{Client, Reply};

const ACCOUNTS: usize = 400;
/// How often a server is to start on a damaged file; on about as many it doesn't.
const DAMAGES: usize = 4;
const TRIES_PER_DAMAGE_MAX: usize = 16;
const PAGE_LEN: u64 = 4_096;
/// The first pages hold the schema, without which nothing starts.
const PAGES_SPARED: i64 = 40;
const GONE_WITHIN: Duration = Duration::from_secs(10);
const LOOK_UP: &str = "query($number: String!) { account(number: $number) { name amountDue advanceBalance \
    bills(first: 10) { nodes { number status amountDue } } } }";

#[test]
fn a_damaged_file_is_never_answered_from_nor_written_to() {
    let _alone = alone();
    let mut trial = Trial::begin("F3", "file damaged from outside, a third of its pages", SQLITE);
    let (mut met_by_look_ups, mut served) = (0, 0);
    let mut tries = 0..TRIES_PER_DAMAGE_MAX * runs(DAMAGES);
    while served < runs(DAMAGES) {
        assert!(tries.next().is_some(), "only {served} servers started");
        let database = TestDatabase::sqlite();
        let Database::Sqlite(file) = &database.database else { unreachable!("a SQLite file") };
        let site = Site::new(&database.url, ACCOUNTS);
        let mut server = site.serve();
        let client = site.client(&server, BANK);
        let before: Vec<Value> = site.accounts.iter().map(|number| look(&client, number).body).collect();
        server.kill();
        empty_the_log(&database);
        damage(file, &mut trial);
        assert_ne!(site.run(&["audit"]).status.code(), Some(0), "an audit of a damaged file finds it clean");
        let mut server = match site.try_start(site.serve_command()) {
            Ok(server) => server,
            Err(why) => {
                assert!(why.contains("malformed"), "{why}");
                trial.made();
                continue;
            }
        };
        served += 1;
        let client = site.client(&server, BANK);
        match look_until_it_stops(&site, &client, &before) {
            true => met_by_look_ups += 1,
            false => post_until_it_stops(&site, &client),
        }
        let status = server.wait(GONE_WITHIN);
        assert_eq!(status.code(), Some(1), "{}", server.log());
        assert!(server.log().contains("The process stops at once"), "{}", server.log());
        trial.made();
    }
    assert!(met_by_look_ups > 0, "no look-up met the damage");
    trial.note(format!("{met_by_look_ups} ended by a look-up; whatever was answered before was right"));
    trial.end();
}

fn look(client: &Client, number: &str) -> Reply {
    client.send(LOOK_UP, json!({ "number": number }))
}

/// Looks up one account after the other until a reader meets the damage; whether one did.
fn look_until_it_stops(site: &Site, client: &Client, before: &[Value]) -> bool {
    site.accounts.iter().zip(before).any(|(number, before)| {
        match client.try_send(LOOK_UP, json!({ "number": number })) {
            Ok(reply) => {
                assert_eq!(reply.body, *before, "answered after the damage");
                false
            }
            Err(_) => true,
        }
    })
}

/// Brings all that was committed into the file itself.
fn empty_the_log(database: &TestDatabase) {
    let mut connection = database.database.connect(Purpose::Write).expect("the file is sound");
    let Connection::Sqlite(inner) = &mut connection else { unreachable!("a SQLite file") };
    inner.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").expect("nobody else is there");
}

/// Overwrites pages here and there.
fn damage(file: &Path, trial: &mut Trial) {
    let file = File::options().write(true).open(file).expect("the file");
    let pages = i64::try_from(file.metadata().expect("its length").len() / PAGE_LEN).expect("few");
    for _ in 0..(pages - PAGES_SPARED) / 3 {
        let page = trial.random.between(PAGES_SPARED, pages - 1).unsigned_abs();
        file.write_all_at(&[0xFF; PAGE_LEN as usize], page * PAGE_LEN).expect("a page");
    }
}

/// Posts to one account after the other until a lane meets the damage.
fn post_until_it_stops(site: &Site, client: &Client) {
    for number in &site.accounts {
        let input = json!({ "idempotencyKey": number, "accountNumber": number, "amount": "1.00" });
        if client.try_post(&input).is_err() {
            return;
        }
    }
    panic!("no payment met the damage");
}
