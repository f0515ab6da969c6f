//! However many connections are open, and whatever they wait for, a new client gets in and the operator is answered.

use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use super::operations::{admin_of, get, make_certificate, tls};
use super::raw::{connect, read_one};
use crate::processes::server::Server;
use crate::processes::site::{BANK, Site};
use crate::support::backends::TestDatabase;
use crate::support::wait::wait_until;

/// Files that the server may have open, and more clients than it can have with so many.
const OPEN_FILES: u32 = 300;
const CLIENTS: usize = 200;
/// Of so many clients one never sends anything, and one sends half of a head.
const SILENT_EVERY: usize = 5;
const WITHIN: Duration = Duration::from_secs(5);

trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

/// `serve` with an admin listener, started by a shell that first does this.
fn serve_after(site: &Site, first: &str, more: &[&str]) -> (Server, SocketAddr) {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{first}; exec \"$0\" \"$@\"")]);
    let listen = ["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let mut serve = site.command(&[&listen, more].concat());
    serve.env("RUST_LOG", "info");
    let server = site.start(site.under(shell, &serve));
    let admin = admin_of(|| server.log());
    (server, admin)
}

fn head(token: &str, body_len: usize) -> String {
    format!(
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {body_len}\r\n\r\n"
    )
}

/// Asks on a connection that stays open.
fn ask(stream: &mut dyn Stream, token: &str) {
    let body = json!({ "query": "{ channel { code } }" }).to_string();
    stream.write_all(format!("{}{body}", head(token, body.len())).as_bytes()).expect("the server reads");
    assert_eq!(read_one(&mut &mut *stream).status, 200);
}

fn counted(admin: SocketAddr) -> usize {
    let metrics = get(admin, "/metrics").text;
    let line = metrics.lines().find_map(|line| line.strip_prefix("granary_connections "));
    line.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{metrics}"))
}

#[test]
fn the_process_may_open_as_many_files_as_its_user_may_allow_it() {
    let _alone = crate::processes::alone();
    let database = TestDatabase::sqlite();
    let site = Site::new(&database.url, 1);
    let (server, _admin) = serve_after(&site, "ulimit -S -n 128", &[]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).expect("Linux tells");
    let line = limits.lines().find(|line| line.starts_with("Max open files")).expect("that limit");
    let words: Vec<&str> = line.split_whitespace().collect();
    assert!(words[3] == words[4] && words[3] != "128", "{line}");
}

#[test]
fn idle_connections_give_way_to_new_ones() {
    let _alone = crate::processes::alone();
    let database = TestDatabase::sqlite();
    let site = Site::new(&database.url, 1);
    let (certificate, key) = make_certificate(&site);
    let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let tls_flags = ["--tls-cert".to_owned(), path(&certificate), "--tls-key".to_owned(), path(&key)];
    let tls_flags: Vec<&str> = tls_flags.iter().map(String::as_str).collect();
    let token = site.token(BANK);
    for flags in [&[], tls_flags.as_slice()] {
        let (server, admin) = serve_after(&site, &format!("ulimit -n {OPEN_FILES}"), flags);
        let open = || -> Box<dyn Stream> {
            match flags {
                [] => Box::new(connect(server.address)),
                _ => Box::new(tls(server.address, &certificate)),
            }
        };
        let mut steady = open();
        let mut idle = Vec::new();
        for number in 0..CLIENTS {
            let mut stream = open();
            match number % SILENT_EVERY {
                0 if flags.is_empty() => {}
                1 => stream.write_all(b"POST /graphql HTT").expect("the server reads"),
                _ => ask(&mut *stream, &token),
            }
            ask(&mut *steady, &token);
            idle.push(stream);
        }
        assert_eq!(get(admin, "/livez").status, 200);
        assert!(counted(admin) <= OPEN_FILES as usize / 4, "{}", counted(admin));
        let first_asked = &mut idle[2];
        assert!(matches!(first_asked.read(&mut [0]), Ok(0) | Err(_)), "who was idle longest was let go");
        assert!(!server.log().contains("ERROR"), "{}", server.log());
    }
}

#[test]
fn the_operator_is_answered_while_all_places_are_taken_by_requests() {
    let _alone = crate::processes::alone();
    let database = TestDatabase::sqlite();
    let site = Site::new(&database.url, 1);
    let (server, admin) = serve_after(&site, &format!("ulimit -n {OPEN_FILES}"), &[]);
    let token = site.token(BANK);
    let half_sent = |_| {
        let mut stream = connect(server.address);
        stream.write_all(head(&token, 1_000).as_bytes()).expect("bytes are taken");
        stream
    };
    let waiting: Vec<_> = (0..CLIENTS).map(half_sent).collect();
    wait_until("all places to be taken", WITHIN, || counted(admin) >= OPEN_FILES as usize / 5);
    for path in ["/livez", "/readyz"] {
        assert_eq!(get(admin, path).status, 200);
    }
    drop(waiting);
    // Whoever has left makes room.
    ask(&mut connect(server.address), &token);
}
