//! First figures: posting one payment per request (W2) at 64 connections, through HTTP, token and
//! GraphQL, beside a plpgsql function called through pgbench on the same PostgreSQL; and on SQLite.
//!
//! Interleaved pairs in one run, median and range; the audit runs after granary's runs. The district:
//! accounts with one open bill each, large enough to be paid in many parts.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection as _, PgConnection};

#[path = "../../tests/it/support/postgres.rs"]
#[allow(dead_code, reason = "made for the tests")]
mod postgres;
#[path = "../../tests/it/support/scratch.rs"]
#[allow(dead_code, reason = "made for the tests")]
mod scratch;

mod generator;

use generator::Run;
use postgres::Cluster;

const CONNECTIONS: usize = 64;
const SECRET: &str = "a secret of the bench, thirty-two bytes and more";
const QUERY: &str = "mutation($input:PaymentPostInput!){paymentPost(input:$input)\
    {replayed userErrors{code} payment{receiptNumber}}}";

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn main() {
    let accounts = setting("GRANARY_BENCH_ACCOUNTS", 20_000);
    let pairs = setting("GRANARY_BENCH_PAIRS", 5);
    let duration = Duration::from_secs(setting("GRANARY_BENCH_SECONDS", 8));
    let folder = tempfile::tempdir().expect("a folder");
    let files = write_district(folder.path(), accounts);
    println!("district: {accounts} accounts, one open bill each; {pairs} pairs of {} s", duration.as_secs());

    let sqlite_url = format!("sqlite://{}", folder.path().join("granary.db").display());
    load(&sqlite_url, &files);
    let sqlite = Server::start(&sqlite_url);
    match Cluster::on_disk() {
        None => println!("no PostgreSQL here: SQLite alone"),
        Some(cluster) => compare(&cluster, &files, &sqlite, accounts, pairs, duration),
    }
    let runs: Vec<Run> = (0..pairs).map(|_| sqlite.post(accounts, duration, CONNECTIONS)).collect();
    report("W2 on SQLite (FULL), 64 connections", &runs);
    sqlite.stop();
    audit(&sqlite_url);
}

fn compare(cluster: &Cluster, files: &Files, sqlite: &Server, accounts: u64, pairs: u64, duration: Duration) {
    let url = cluster.create_migrated("granary");
    load(&url, files);
    let rival_url = rival(cluster);
    let server = Server::start(&url);
    let script = files.folder.join("rival.sql");
    std::fs::write(&script, rival_script(accounts)).expect("a file");
    let warm_up = Duration::from_secs(3);
    server.post(accounts, warm_up, CONNECTIONS);
    pgbench(cluster, &rival_url, &script, warm_up);
    sqlite.post(accounts, warm_up, CONNECTIONS);
    let (mut ours, mut theirs, mut embedded) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..pairs {
        theirs.push(pgbench(cluster, &rival_url, &script, duration));
        let before = (cpu_seconds(server.child.id()), cpu_of_family(cluster.postmaster_id()));
        let run = server.post(accounts, duration, CONNECTIONS);
        let micros = |seconds: f64| seconds * 1e6 / run.answers as f64;
        println!(
            "  A {:>7.0}/s   W2 PostgreSQL {:>7.0}/s (server {:.0} µs, database {:.0} µs of CPU a payment)",
            theirs[theirs.len() - 1],
            run.per_second,
            micros(cpu_seconds(server.child.id()) - before.0),
            micros(cpu_of_family(cluster.postmaster_id()) - before.1),
        );
        ours.push(run);
        embedded.push(sqlite.post(accounts, duration, CONNECTIONS));
    }
    report("W2 on PostgreSQL, 64 connections", &ours);
    println!("A, pgbench calling plpgsql, 64 connections: {}", spread(theirs.iter().copied()));
    let ratios =
        |runs: &[Run]| runs.iter().zip(&theirs).map(|(run, a)| run.per_second / a).collect::<Vec<_>>();
    println!("W2 on PostgreSQL / A: {}", spread_ratio(ratios(&ours)));
    println!("W2 on SQLite / A: {}", spread_ratio(ratios(&embedded)));
    server.stop();
    audit(&url);
}

struct Files {
    folder: std::path::PathBuf,
    accounts: std::path::PathBuf,
    bills: std::path::PathBuf,
}

fn write_district(folder: &Path, accounts: u64) -> Files {
    let mut account_lines = String::from("account_number,name,customer_class,address,phone,area,status\n");
    let mut bill_lines = String::from("account_number,bill_number,period,principal,issued_on,due_on\n");
    for number in 0..accounts {
        let class = ["RESIDENTIAL", "COMMERCIAL", "INDUSTRIAL", "AGRICULTURAL", "OTHER"][number as usize % 5];
        let _infallible = writeln!(
            account_lines,
            "{number:010},王小{number},{class},东海大道{number}号,138{number:08},龙子湖,ACTIVE"
        );
        let _infallible =
            writeln!(bill_lines, "{number:010},B-202611,2026-11,1000000.00,2026-11-01,2999-12-31");
    }
    let files = Files {
        folder: folder.to_owned(),
        accounts: folder.join("accounts.csv"),
        bills: folder.join("bills.csv"),
    };
    std::fs::write(&files.accounts, account_lines).expect("a file");
    std::fs::write(&files.bills, bill_lines).expect("a file");
    files
}

fn granary(url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_granary"));
    command.env("DATABASE_URL", url).env("GRANARY_JWT_SECRET", SECRET).stdin(Stdio::null());
    command
}

fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn load(url: &str, files: &Files) {
    succeed(granary(url).arg("migrate"));
    succeed(granary(url).args(["channel", "add", "BANK-1", "--kind", "bank", "--mode", "asking"]));
    let started = Instant::now();
    succeed(granary(url).args(["import", "accounts"]).arg(&files.accounts));
    succeed(granary(url).args(["import", "bills"]).arg(&files.bills));
    println!(
        "loaded {} in {:.1} s",
        url.split(':').next().unwrap_or_default(),
        started.elapsed().as_secs_f64()
    );
}

/// A copy of granary's database with the function, and a pool's worth of settings for pgbench.
fn rival(cluster: &Cluster) -> String {
    let mut admin = PgConnection::establish(&cluster.url("postgres")).expect("the cluster runs");
    admin.batch_execute("CREATE DATABASE rival TEMPLATE granary").expect("a copy");
    let url = cluster.url("rival");
    let mut connection = PgConnection::establish(&url).expect("the copy");
    connection.batch_execute(include_str!("post_payment.sql")).expect("the function");
    connection.batch_execute("ANALYZE").expect("statistics");
    let mut connection = PgConnection::establish(&cluster.url("granary")).expect("the original");
    connection.batch_execute("ANALYZE").expect("statistics");
    url
}

fn rival_script(accounts: u64) -> String {
    format!(
        "\\set account random(0, {})\n\
         SELECT post_payment('BANK-1', gen_random_uuid()::text, lpad(:account::text, 10, '0'), 1);\n",
        accounts - 1
    )
}

fn pgbench(cluster: &Cluster, url: &str, script: &Path, duration: Duration) -> f64 {
    let program = cluster.client_program("pgbench");
    let program = if program.exists() { program } else { "pgbench".into() };
    let mut command = Command::new(program);
    command.args(["-n", "-M", "prepared", "-j", "2", "-c", &CONNECTIONS.to_string()]);
    command.args(["-T", &duration.as_secs().to_string(), "-f"]).arg(script).arg(url);
    let output = succeed(&mut command);
    let tps = output.lines().find_map(|line| line.strip_prefix("tps = "));
    tps.and_then(|text| text.split(' ').next()?.parse().ok()).expect("pgbench's tps")
}

struct Server {
    child: Child,
    address: String,
    token: String,
}

impl Server {
    fn start(url: &str) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("a free port").to_string();
        let token =
            succeed(granary(url).args(["token", "--channel", "BANK-1", "--ttl", "1d"])).trim().to_owned();
        let mut command = granary(url);
        command.args(["serve", "--listen", &address]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the server starts");
        while std::net::TcpStream::connect(&address).is_err() {
            assert!(child.try_wait().expect("a child").is_none(), "the server ended");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, address, token }
    }

    /// W2: one payment of one fen per request, to random accounts, under new keys.
    fn post(&self, accounts: u64, duration: Duration, connections: usize) -> Run {
        let mut state = Instant::now().elapsed().as_nanos() as u64
            ^ std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a clock").as_nanos() as u64;
        let body = move || {
            let (a, b, c) = (draw(&mut state), draw(&mut state), draw(&mut state) % accounts);
            format!(
                "{{\"query\":\"{QUERY}\",\"variables\":{{\"input\":{{\"idempotencyKey\":\"{a:016x}{b:016x}\",\
                 \"accountNumber\":\"{c:010}\",\"amount\":\"0.01\"}}}}}}"
            )
        };
        generator::run(&self.address, &self.token, connections, duration, "\"replayed\":false", body)
    }

    fn stop(mut self) {
        succeed(Command::new("kill").args(["-TERM", &self.child.id().to_string()]));
        assert!(self.child.wait().expect("a child").success(), "the server ends well");
    }
}

/// splitmix64.
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn audit(url: &str) {
    let started = Instant::now();
    succeed(granary(url).arg("audit"));
    println!("audit clean in {:.1} s", started.elapsed().as_secs_f64());
}

fn report(name: &str, runs: &[Run]) {
    let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
    println!(
        "{name}: {}; p50 {:.1} ms, p99 {:.1} ms",
        spread(runs.iter().map(|run| run.per_second)),
        median(runs.iter().map(|run| millis(run.p50)).collect()),
        median(runs.iter().map(|run| millis(run.p99)).collect()),
    );
}

fn spread(values: impl Iterator<Item = f64>) -> String {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    format!("{:.0}/s ({:.0} to {:.0})", median(values.clone()), values[0], values[values.len() - 1])
}

fn spread_ratio(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    format!("{:.2} × ({:.2} to {:.2})", median(values.clone()), values[0], values[values.len() - 1])
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// User and system time of a process so far.
fn cpu_seconds(process_id: u32) -> f64 {
    stat(process_id).map_or(0.0, |fields| ticks(&fields, 11) + ticks(&fields, 12))
}

/// The same of a process, its children that live and those that ended.
fn cpu_of_family(process_id: u32) -> f64 {
    let own = stat(process_id)
        .map_or(0.0, |fields| [11, 12, 13, 14].iter().map(|index| ticks(&fields, *index)).sum());
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let children = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |id: &u32| stat(*id).is_some_and(|fields| fields[1].parse() == Ok(process_id));
    own + children.filter(is_child).map(cpu_seconds).sum::<f64>()
}

/// The fields of `/proc/<id>/stat` from the state on.
fn stat(process_id: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{process_id}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

fn ticks(fields: &[String], index: usize) -> f64 {
    const TICKS_PER_SECOND: f64 = 100.0;
    fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0) / TICKS_PER_SECOND
}
