//! A log line is never worth the process: whatever becomes of the log, the server answers and counts what is lost.
//! Nor is it a stranger's to fill.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use granary::store::base::connection::Connection;

use super::alone;
use super::server::Server;
use super::site::{BANK, Site};
use crate::edge::raw::{connect, exchange, post, read_one};
use crate::support::backends::TestDatabase;
use crate::support::wait::{wait_for, wait_until};

const WITHIN: Duration = Duration::from_secs(20);
/// A pipe that nobody reads takes so much on Linux.
const PIPE_LEN: usize = 64 * 1024;
const FORMATS: [&str; 2] = ["pretty", "json"];

/// A server with an operator's listener, found without its log.
fn serve_logging_to(site: &Site, stderr: Stdio, level: &str, format: &str) -> (Server, SocketAddr) {
    fs::write(site.folder().join("granary.toml"), format!("log_format = \"{format}\"\n")).expect("a file");
    let free = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let admin = free.local_addr().expect("its number");
    drop(free);
    let admin_listen = admin.to_string();
    let mut command = site.command(&["serve", "--listen", "127.0.0.1:0", "--admin-listen", &admin_listen]);
    command.env("RUST_LOG", level);
    (site.start_logging_to(stderr, command), admin)
}

fn counted(admin: SocketAddr, name: &str) -> u64 {
    let metrics = exchange(admin, "GET", "/metrics", &[], b"").text;
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {metrics}"))
}

/// Has look-ups of the one account fail, which the server logs as its own faults.
fn damage(database: &TestDatabase) {
    let damaged = match &mut database.writer() {
        Connection::Sqlite(connection) => connection
            .batch_execute("PRAGMA ignore_check_constraints = ON; UPDATE accounts SET status = 'SECRETLY'"),
        Connection::Postgres(connection) => connection.batch_execute("UPDATE accounts SET status = ''"),
    };
    damaged.expect("a row is damaged");
}

/// Asks so often that something is logged, and sees that each time there is an answer.
fn ask_in_vain(server: &Server, token: &str, times: usize) {
    let asked = br#"{"query":"{ account(number: \"0000000001\") { number } }"}"#;
    for _ in 0..times {
        assert_eq!(post(server.address, token, asked).code(), "INTERNAL");
    }
}

fn stop(mut server: Server) {
    server.signal("TERM");
    let status = server.wait(WITHIN);
    assert!(status.success(), "{status:?}");
}

fn outlives(stderr: impl Fn() -> Stdio) {
    for format in FORMATS {
        let database = TestDatabase::sqlite();
        let site = Site::new(&database.url, 1);
        damage(&database);
        let (server, admin) = serve_logging_to(&site, stderr(), "info", format);
        let token = site.token(BANK);
        ask_in_vain(&server, &token, 20);
        // Connections end, threads of the server with them: nothing of it has died.
        wait_until("lost lines are counted", WITHIN, || counted(admin, "granary_log_lines_lost_total") > 40);
        assert_eq!(exchange(admin, "GET", "/readyz", &[], b"").status, 200);
        stop(server);
    }
}

#[test]
fn a_server_outlives_the_reader_of_its_log() {
    outlives(|| {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        writer.into()
    });
}

#[test]
fn a_server_outlives_the_room_for_its_log() {
    outlives(|| File::options().write(true).open("/dev/full").expect("a device without room").into());
}

#[test]
fn a_server_does_not_wait_for_who_reads_its_log() {
    for format in FORMATS {
        let database = TestDatabase::sqlite();
        let site = Site::new(&database.url, 1);
        let (_never_read, mut writer) = std::io::pipe().expect("a pipe");
        writer.write_all(&[b'x'; PIPE_LEN]).expect("it fits");
        let (server, admin) = serve_logging_to(&site, writer.into(), "debug", format);
        let token = site.token(BANK);
        let request = format!(
            "GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        let mut stream = connect(server.address);
        let begun = Instant::now();
        while counted(admin, "granary_log_lines_lost_total") == 0 {
            for _ in 0..100 {
                stream.write_all(request.as_bytes()).expect("the server reads");
                assert_eq!(read_one(&mut stream).status, 200);
            }
            assert!(begun.elapsed() < WITHIN, "nothing is lost");
        }
        stop(server);
    }
}

/// What is no request, each of another kind.
fn malformed() -> Vec<Vec<u8>> {
    let head = "POST /graphql HTTP/1.1\r\nHost: a\r\n";
    let texts = [
        "GET /\r\nA\x01: b\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: a\r\nA\x01: b\r\n\r\n".to_owned(),
        "G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\nHost: a\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\nHost: a\r\nA: {}", "x".repeat(140 * 1024)),
        format!("{head}Transfer-Encoding: chunked\r\n\r\nZZ\r\n"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n1\r\nabc"),
        format!("{head}Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"),
        format!("{head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        format!("{head}Content-Length: 100\r\n\r\nbroken off"),
        format!("{head}Authorization: Bearer nonsense\r\nContent-Length: 2\r\n\r\n{{}}"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\0".to_owned(),
    ];
    texts.into_iter().map(String::into_bytes).collect()
}

/// Sends each of these on connections of their own, so many times. Returns how long it took.
fn flood(address: SocketAddr, times: usize) -> Duration {
    let begun = Instant::now();
    for _ in 0..times {
        for bytes in malformed() {
            let mut stream = connect(address);
            let _closed_on_the_way = stream.write_all(&bytes);
            let _nothing_more = stream.shutdown(std::net::Shutdown::Write);
            let _what_it_says = stream.read_to_end(&mut Vec::new());
        }
    }
    begun.elapsed()
}

#[test]
fn strangers_cause_few_lines_and_no_alarm() {
    const TIMES: usize = 150;
    for (level, has_tls) in [("info", false), ("debug", false), ("trace", false), ("trace", true)] {
        let database = TestDatabase::sqlite();
        let _alone = alone();
        let site = Site::new(&database.url, 1);
        let mut command = site.serve_command();
        if has_tls {
            let made =
                rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
            for (flag, name, text) in [
                ("--tls-cert", "cert.pem", made.cert.pem()),
                ("--tls-key", "key.pem", made.signing_key.serialize_pem()),
            ] {
                fs::write(site.folder().join(name), text).expect("a file");
                command.args([flag, name]);
            }
        }
        command.env("RUST_LOG", level);
        let server = site.start(command);
        // The last that it says of its start.
        wait_until("the server has started", WITHIN, || server.log().contains("starting service"));
        let before = server.log().lines().count();
        let took = flood(server.address, TIMES);
        let log = server.log();
        let alarm = log.lines().find(|line| line.contains("ERROR") || line.contains("WARN"));
        assert_eq!(alarm, None, "{level}");
        let lines = log.lines().count() - before;
        println!("{level}, TLS {has_tls}: {lines} lines in {took:?}");
        let allowed = 10 * (usize::try_from(took.as_secs()).expect("a number") + 2);
        assert!(lines <= allowed, "{level}: {lines} lines in {took:?}");
        if level == "info" {
            assert_eq!(lines, 0, "{log}");
        } else {
            let told = |log: &str| log.lines().any(|line| line.contains("DEBUG granary::strangers"));
            wait_for("the operator can see them", WITHIN, || told(&server.log()).then_some(()));
        }
        stop(server);
    }
}
