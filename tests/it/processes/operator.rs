//! What operators do beside running servers.

use std::fmt::Write as _;
use std::process::{Child, Stdio};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use granary::store::base::connection::Connection;
use serde_json::{Value, json};

use super::alone;
use super::load::Load;
use super::proof::{count, everything_told_is_true};
use super::server::Server;
use super::site::{BANK, Site};
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::wait::{wait_for, wait_until};

const CLIENTS: usize = 4;
const WITHIN: Duration = Duration::from_secs(30);
/// Running servers take a change of channels so soon.
const SEEN_WITHIN: Duration = Duration::from_secs(5);
const IMPORTED: usize = 3_000;
const MIGRATE_AT_ONCE: usize = 6;
const ROUNDS_OF_MIGRATION: usize = 3;

#[test]
fn a_database_that_is_not_migrated_is_not_served() {
    let databases = [Some(TestDatabase::sqlite_empty()), TestDatabase::postgres_empty()];
    for database in databases.into_iter().flatten() {
        let site = Site::without_accounts(&database.url);
        let output = site.serve_command().output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(said.contains("granary migrate"), "{said}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
}

#[test]
fn no_command_works_on_a_database_newer_than_the_program() {
    for_each_backend(|database| {
        let site = Site::new(&database.url, 1);
        let later = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000001')";
        match &mut database.writer() {
            Connection::Postgres(connection) => connection.batch_execute(later),
            Connection::Sqlite(connection) => connection.batch_execute(later),
        }
        .expect("a row");
        std::fs::write(site.folder().join("a.csv"), files().0).expect("a file");
        std::fs::write(site.folder().join("a.graphql"), "{ __typename }").expect("a file");
        for arguments in [
            &["serve", "--listen", "127.0.0.1:0"][..],
            &["migrate"],
            &["migrate", "--check"],
            &["import", "accounts", "a.csv"],
            &["channel", "list"],
            &["channel", "suspend", BANK],
            &["documents", "add", "a.graphql"],
            &["documents", "list"],
            &["revoke", "--jti", "1"],
            &["audit"],
        ] {
            let output = site.run(arguments);
            let said = [output.stdout.as_slice(), &output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
            assert!(said.contains("newer than this program"), "{arguments:?}: {said}");
        }
    });
}

#[test]
fn those_who_migrate_at_once_wait_for_each_other() {
    for _ in 0..ROUNDS_OF_MIGRATION {
        let databases = [Some(TestDatabase::sqlite_empty()), TestDatabase::postgres_empty()];
        for database in databases.into_iter().flatten() {
            let site = Site::without_accounts(&database.url);
            let migrate = |_| {
                let mut command = site.command(&["migrate"]);
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
            };
            let running: Vec<Child> = (0..MIGRATE_AT_ONCE).map(migrate).collect();
            let mut applied = 0;
            for child in running {
                let output = child.wait_with_output().expect("it ends");
                assert_eq!(output.status.code(), Some(0), "{}: {output:?}", database.name());
                applied += String::from_utf8_lossy(&output.stdout).matches("applied: ").count();
            }
            assert_eq!(applied, 1, "each migration is applied once");
            site.succeed(&["migrate", "--check"]);
        }
    }
}

#[test]
fn a_second_server_on_one_sqlite_file_is_refused() {
    let database = TestDatabase::sqlite();
    let _alone = alone();
    let site = Site::new(&database.url, 1);
    let mut first = site.serve();
    let output = site.serve_command().output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("another granary serves"), "{output:?}");
    let posted = post(&site, &first, BANK, "k1");
    assert_eq!(posted["userErrors"], json!([]), "{posted}");
    first.kill();
    let _it_leaves_no_lock_behind = site.serve();
}

#[test]
fn channels_changed_beside_a_server_are_seen_in_time() {
    for_each_backend(|database| {
        let _alone = alone();
        let site = Site::new(&database.url, 1);
        let server = site.serve();
        let client = site.client(&server, "COUNTER-2");
        let ask = || client.send("{ channel { code } }", json!({})).status;
        assert_eq!(ask(), 403);
        site.succeed(&["channel", "add", "COUNTER-2", "--kind", "counter", "--mode", "asking"]);
        let seen = wait_until("the new channel", SEEN_WITHIN, || ask() == 200);
        println!("a new channel is seen after {seen:?}");
        assert_eq!(post(&site, &server, "COUNTER-2", "k1")["userErrors"], json!([]));
        site.succeed(&["channel", "suspend", "COUNTER-2"]);
        let refused = post(&site, &server, "COUNTER-2", "k2");
        assert_eq!(refused["userErrors"][0]["code"], "CHANNEL_SUSPENDED", "{refused}");
        assert_eq!(post(&site, &server, "COUNTER-2", "k1")["replayed"], true);
        site.succeed(&["channel", "resume", "COUNTER-2"]);
        assert_eq!(post(&site, &server, "COUNTER-2", "k3")["userErrors"], json!([]));
    });
}

fn post(site: &Site, server: &Server, channel: &str, key: &str) -> Value {
    let input = json!({ "idempotencyKey": key, "accountNumber": site.accounts[0], "amount": "1.00" });
    site.client(server, channel).post(input)
}

#[test]
fn imports_channels_and_audits_beside_servers_under_load_lose_nothing() {
    for_each_backend(|database| {
        let _alone = alone();
        let site = Site::new(&database.url, 100);
        let server_count = if database.is_postgres() { 2 } else { 1 };
        let servers: Vec<Server> = (0..server_count).map(|_| site.serve()).collect();
        let start = |(index, server): (usize, &Server)| {
            Load::start(&site, &format!("load-{index}"), server.address, CLIENTS)
        };
        let loads: Vec<Load> = servers.iter().enumerate().map(start).collect();
        operate(&site, &loads);
        let books: Vec<_> = loads.into_iter().map(Load::finish).collect();
        let (busy, unanswered) =
            books.iter().fold((0, 0), |sums, book| (sums.0 + book.busy, sums.1 + book.unanswered));
        println!("{busy} BUSY and {unanswered} unanswered beside the operators");
        assert_eq!(unanswered, 0);
        let books: Vec<_> = books.iter().collect();
        everything_told_is_true(&site, &site.client(&servers[0], BANK), &books, 0);
    });
}

fn operate(site: &Site, loads: &[Load]) {
    let progress = |what: &str| {
        for load in loads {
            load.wait_for_more(what, 20, WITHIN);
        }
    };
    progress("payments at first");
    let (accounts, bills) = files();
    std::fs::write(site.folder().join("accounts.csv"), accounts).expect("a file");
    std::fs::write(site.folder().join("bills.csv"), bills).expect("a file");
    for (what, file) in [("accounts", "accounts.csv"), ("bills", "bills.csv")] {
        let said = import_beside(site, loads, what, file);
        assert!(said.contains(&format!("{IMPORTED} saved, 0 unchanged, 0 refused")), "{said}");
        let again = site.succeed(&["import", what, file]);
        assert!(again.contains(&format!("0 saved, {IMPORTED} unchanged, 0 refused")), "{again}");
    }
    let imported = "SELECT count(*) AS found FROM bills WHERE bill_number LIKE 'I%'";
    assert_eq!(usize::try_from(count(&mut site.reader(), imported)).ok(), Some(IMPORTED));
    for code in ["NEW-1", "NEW-2", "NEW-3"] {
        site.succeed(&["channel", "add", code, "--kind", "mobile", "--mode", "reporting"]);
        site.succeed(&["channel", "suspend", code]);
    }
    let listed = site.succeed(&["channel", "list"]);
    assert_eq!(listed.matches("suspended").count(), 3, "{listed}");
    for _ in 0..3 {
        progress("payments between audits");
        let findings = site.succeed(&["audit"]);
        assert!(!findings.contains("broken"), "{findings}");
        assert_eq!(findings.lines().count(), 10, "{findings}");
    }
}

/// Runs an import; payments go on meanwhile.
fn import_beside(site: &Site, loads: &[Load], what: &str, file: &str) -> String {
    let before: Vec<u64> = loads.iter().map(Load::acknowledged).collect();
    let mut command = site.command(&["import", what, file]);
    let piped = std::process::Stdio::piped;
    let mut import = command.stdout(piped()).stderr(piped()).spawn().expect("the program starts");
    let ended = wait_for("the import's end", 2 * WITHIN, || import.try_wait().expect("its status"));
    let posted: Vec<u64> =
        loads.iter().zip(&before).map(|(load, before)| load.acknowledged() - before).collect();
    println!("{posted:?} payments beside the import of {what}");
    let output = import.wait_with_output().expect("its output");
    assert_eq!(ended.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).expect("the program prints UTF-8")
}

fn files() -> (String, String) {
    let mut accounts = "account_number,name,customer_class,address,phone,area,status\n".to_owned();
    let mut bills = "account_number,bill_number,period,principal,issued_on,due_on\n".to_owned();
    for number in 1..=IMPORTED {
        writeln!(accounts, "9{number:09},李四,COMMERCIAL,解放路{number}号,13900001234,龙子湖,ACTIVE")
            .expect("text grows");
        writeln!(bills, "9{number:09},I{number},2026-11,{number}.50,2026-11-01,2026-11-30")
            .expect("text grows");
    }
    (accounts, bills)
}
