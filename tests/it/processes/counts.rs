//! What a payment costs, counted in what doesn't depend on the machine: syncs, bytes of the write-ahead log,
//! instructions. A bound stands a tenth above what was counted when it was set (a fifth where PostgreSQL writes of
//! its own accord); lower it after a gain.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl, sql_query, sql_types};
use serde_json::{Value, json};

use super::server::Server;
use super::site::{BANK, Site};
use crate::support::backends::TestDatabase;
use crate::support::client::Client;
use crate::support::postgres::Cluster;
use crate::support::tools::find_tool;

const ACCOUNTS: usize = 100;
/// A server under valgrind is slow to end.
const GONE_WITHIN: Duration = Duration::from_secs(120);
const POST: &str = "mutation($input: PaymentPostInput!) { paymentPost(input: $input) { replayed \
    userErrors { code } payment { receiptNumber } } }";
const POST_BATCH: &str = "mutation($input: PaymentBatchPostInput!) { paymentBatchPost(input: $input) { \
    results { replayed userErrors { code } payment { receiptNumber } } } }";

/// How payments are sent.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// One a request.
    Alone,
    /// One to each account, in one request.
    Together,
}

impl Way {
    fn requests(self, payments: usize) -> usize {
        match self {
            Self::Alone => payments,
            Self::Together => payments / ACCOUNTS,
        }
    }
}

/// A site on a database that nobody else uses, and how its log is read.
struct Place {
    site: Site,
    database: Kept,
}

enum Kept {
    Sqlite(TestDatabase),
    Postgres(#[expect(dead_code, reason = "held until dropped")] Cluster, String),
}

impl Place {
    fn sqlite() -> Self {
        let database = TestDatabase::sqlite();
        Self { site: Site::new(&database.url, ACCOUNTS), database: Kept::Sqlite(database) }
    }

    fn postgres() -> Option<Self> {
        let cluster = Cluster::private()?;
        let url = cluster.create_migrated("granary");
        Some(Self { site: Site::new(&url, ACCOUNTS), database: Kept::Postgres(cluster, url) })
    }

    /// With one lane, so that what is sent together is one batch.
    fn each() -> Vec<Self> {
        let places: Vec<Self> = [Some(Self::sqlite()), Self::postgres()].into_iter().flatten().collect();
        for place in &places {
            fs::write(place.site.folder().join("granary.toml"), "lanes = 1\n").expect("a file");
        }
        places
    }

    fn name(&self) -> &'static str {
        match self.database {
            Kept::Sqlite(_) => "SQLite",
            Kept::Postgres(..) => "PostgreSQL",
        }
    }

    /// Where the write-ahead log ends, in bytes.
    fn log_end(&self) -> u64 {
        match &self.database {
            Kept::Sqlite(database) => {
                let path = format!("{}-wal", database.url.trim_start_matches("sqlite://"));
                fs::metadata(path).expect("the log of a running server").len()
            }
            Kept::Postgres(_, url) => {
                ask(url, "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint AS number")
            }
        }
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = sql_types::BigInt)]
    number: i64,
}

fn ask(url: &str, query: &str) -> u64 {
    let mut connection = PgConnection::establish(url).expect("the cluster runs");
    let row: Number = sql_query(query).get_result(&mut connection).expect("a number");
    u64::try_from(row.number).expect("a count")
}

/// Posts as many payments; `name` begins their keys.
fn post(client: &Client, site: &Site, name: &str, way: Way, payments: usize) {
    let input = |request: usize, account: usize| {
        json!({ "idempotencyKey": format!("{name}-{request}-{account}"), "accountNumber": site.accounts[account],
            "amount": "1.00" })
    };
    for request in 0..way.requests(payments) {
        let results = match way {
            Way::Alone => {
                let data = client.data(POST, json!({ "input": input(request, request % ACCOUNTS) }));
                vec![data["paymentPost"].clone()]
            }
            Way::Together => {
                let lines: Vec<Value> = (0..ACCOUNTS).map(|account| input(request, account)).collect();
                let data = client.data(POST_BATCH, json!({ "input": { "payments": lines } }));
                data["paymentBatchPost"]["results"].as_array().expect("results").clone()
            }
        };
        for result in results {
            assert!(result["payment"]["receiptNumber"].is_string(), "{result}");
        }
    }
}

/// What a count per payment is at most.
#[track_caller]
fn at_most(what: &str, place: &Place, way: Way, found: f64, max: f64) {
    println!("{what} a payment, {}, {way:?}: {found:.2}", place.name());
    assert!(found <= max, "{what} a payment, {}, {way:?}: {found:.2}, not at most {max}", place.name());
}

#[test]
fn a_payment_adds_few_bytes_to_the_log() {
    for place in Place::each() {
        let server = place.site.serve();
        let client = place.site.client(&server, BANK);
        post(&client, &place.site, "warm-up", Way::Together, 2 * ACCOUNTS);
        post(&client, &place.site, "warm-up-alone", Way::Alone, ACCOUNTS);
        for (way, sqlite_max, postgres_max) in
            [(Way::Alone, 47_800.0, 1_890.0), (Way::Together, 1_770.0, 1_510.0)]
        {
            let before = place.log_end();
            post(&client, &place.site, "counted", way, ACCOUNTS);
            let bytes = (place.log_end() - before) as f64 / ACCOUNTS as f64;
            let max = if place.name() == "SQLite" { sqlite_max } else { postgres_max };
            at_most("bytes of log", &place, way, bytes, max);
        }
    }
}

/// One sync a request: of one payment, or of a hundred. What SQLite's checkpointer syncs, nobody waits for.
#[test]
fn a_batch_is_synced_once() {
    let Some(strace) = find_tool("strace") else { return };
    for place in Place::each() {
        for (way, few, many) in [(Way::Alone, 10, 40), (Way::Together, ACCOUNTS, 31 * ACCOUNTS)] {
            let syncs = |name: &str, payments| match &place.database {
                Kept::Sqlite(_) => syncs_of_server(&strace, &place.site, name, way, payments),
                Kept::Postgres(_, url) => {
                    let before = ask(url, "SELECT wal_sync AS number FROM pg_stat_wal");
                    let mut server = place.site.serve();
                    post(&place.site.client(&server, BANK), &place.site, name, way, payments);
                    end(&mut server);
                    ask(url, "SELECT wal_sync AS number FROM pg_stat_wal") - before
                }
            };
            let names = [format!("few-{way:?}"), format!("many-{way:?}")];
            let more = syncs(&names[1], many) as f64 - syncs(&names[0], few) as f64;
            let requests = (way.requests(many) - way.requests(few)) as f64;
            println!("syncs a request, {}, {way:?}: {}", place.name(), more / requests);
            assert!((0.9..1.2).contains(&(more / requests)), "{more} syncs for {requests} requests");
        }
    }
}

fn syncs_of_server(strace: &Path, site: &Site, name: &str, way: Way, payments: usize) -> u64 {
    let trace = site.folder().join(format!("syncs-{name}"));
    let mut command = Command::new(strace);
    command.args(["-D", "-f", "-Y", "-qq", "-e", "trace=fdatasync,fsync", "-o"]).arg(&trace);
    let mut server = site.start(site.serve_under(command));
    post(&site.client(&server, BANK), site, name, way, payments);
    end(&mut server);
    let text = fs::read_to_string(&trace).expect("strace writes its file");
    let of_the_lane = |line: &&str| line.contains("<lane-0>") && line.contains("sync(");
    text.lines().filter(of_the_lane).count() as u64
}

/// No index holds a column that a payment changes, and their pages have room (see `fillfactor` in the migration): so
/// PostgreSQL writes a changed row into its own page and no index.
#[test]
fn accounts_and_bills_are_changed_in_place() {
    let Some(place) = Place::postgres() else { return };
    let Kept::Postgres(_, url) = &place.database else { unreachable!("a cluster") };
    for (table, changes) in [("accounts", 10 * ACCOUNTS), ("bills", 10 * ACCOUNTS)] {
        let ask_of = |column: &str| {
            let query =
                format!("SELECT {column} AS number FROM pg_stat_user_tables WHERE relname = '{table}'");
            ask(url, &query) as f64
        };
        let before = [ask_of("n_tup_upd"), ask_of("n_tup_hot_upd")];
        let mut server = place.site.serve();
        post(&place.site.client(&server, BANK), &place.site, table, Way::Together, changes);
        end(&mut server);
        let [all, in_place] = [ask_of("n_tup_upd") - before[0], ask_of("n_tup_hot_upd") - before[1]];
        println!("{table}: {in_place} of {all} changes in place");
        assert!(
            all >= changes as f64 && in_place >= 0.9 * all,
            "{table}: {in_place} of {all} changes in place"
        );
    }
}

/// By what this build of the tests is made with (see `[profile.dev]`), not what is released.
#[test]
fn a_payment_takes_few_instructions() {
    let Some(valgrind) = find_tool("valgrind") else { return };
    for place in Place::each() {
        for (way, few, many, sqlite_max, postgres_max) in [
            (Way::Alone, 50, 250, 600_000.0, 606_000.0),
            (Way::Together, ACCOUNTS, 4 * ACCOUNTS, 316_000.0, 176_000.0),
        ] {
            let count =
                |name: &str, payments| instructions(&valgrind, &place.site, name, way, payments) as f64;
            let names = [format!("few-{way:?}"), format!("many-{way:?}")];
            let more = count(&names[1], many) - count(&names[0], few);
            let max = if place.name() == "SQLite" { sqlite_max } else { postgres_max };
            at_most("instructions", &place, way, more / (many - few) as f64, max);
        }
    }
}

fn instructions(valgrind: &Path, site: &Site, name: &str, way: Way, payments: usize) -> u64 {
    let counts = site.folder().join(format!("instructions-{name}"));
    let mut command = Command::new(valgrind);
    command.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", counts.display()));
    let mut server = site.start(site.serve_under(command));
    post(&site.client(&server, BANK), site, name, way, payments);
    end(&mut server);
    let text = fs::read_to_string(&counts).expect("callgrind writes its file");
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    total.and_then(|total| total.trim().parse().ok()).expect("callgrind's total")
}

fn end(server: &mut Server) {
    server.signal("TERM");
    let status = server.wait(GONE_WITHIN);
    assert_eq!(status.code(), Some(0), "{}", server.log());
}
