//! F19: SIGTERM under load.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use super::row::{Trial, runs};
use crate::processes::alone;
use crate::processes::load::Load;
use crate::processes::server::Server;
use crate::processes::site::{BANK, Site};
use crate::support::backends::{TestDatabase, for_each_backend};

const CLIENTS: usize = 8;
const STOPS: usize = 2;
const WITHIN: Duration = Duration::from_secs(30);
const GONE_WITHIN: Duration = Duration::from_secs(10);

#[test]
fn told_to_stop_under_load_it_drains_and_ends_well() {
    for_each_backend(|database| {
        let _alone = alone();
        let mut trial = Trial::begin("F19", "server told to stop under load", database.name());
        let site = Site::new(&database.url, 100);
        let mut server = site.serve();
        let load = Load::start(&site, "drain", server.address, CLIENTS);
        for _ in 0..runs(STOPS) {
            let _idle = idle_connections(server.address);
            load.wait_for_more("payments before the end", 200, WITHIN);
            let told_at = Instant::now();
            server.signal("TERM");
            let status = server.wait(GONE_WITHIN);
            println!("gone {:?} after SIGTERM", told_at.elapsed());
            assert_eq!(status.code(), Some(0), "{}", server.log());
            trial.made();
            server = site.serve();
            load.turn_to(server.address);
            let back = load.wait_for_more("the service's return", 1, WITHIN);
            trial.back_after(back);
        }
        let book = load.finish();
        assert_eq!(book.found_posted, 0, "what a drained server wrote, it also answered");
        trial.conclude(&site, &site.client(&server, BANK), &book);
    });
}

#[test]
fn told_to_stop_by_any_signal_while_idle_it_ends_well() {
    for_each_backend(|database| {
        let _alone = alone();
        let site = Site::new(&database.url, 1);
        for signal in ["TERM", "INT", "HUP"] {
            let mut server = site.serve();
            let _idle = idle_connections(server.address);
            ends_well(&mut server, signal);
        }
    });
}

fn ends_well(server: &mut Server, signal: &str) {
    let told_at = Instant::now();
    server.signal(signal);
    assert_eq!(server.wait(GONE_WITHIN).code(), Some(0), "SIG{signal}: {}", server.log());
    println!("idle: gone {:?} after SIG{signal}", told_at.elapsed());
}

#[test]
fn started_so_that_it_outlives_its_terminal_it_goes_on_when_that_closes() {
    let _alone = alone();
    let database = TestDatabase::sqlite();
    let site = Site::new(&database.url, 1);
    let mut nohup = Command::new("sh");
    nohup.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]);
    let mut server = site.start(site.serve_under(nohup));
    server.signal("HUP");
    assert_eq!(site.client(&server, BANK).send("{ channel { code } }", json!({})).status, 200);
    ends_well(&mut server, "TERM");
}

/// Connections kept open: after an answer, before a first request, and in the middle of one.
fn idle_connections(address: SocketAddr) -> Vec<TcpStream> {
    let open = |sent: &str| {
        let mut stream = TcpStream::connect(address).expect("the server listens");
        stream.write_all(sent.as_bytes()).expect("it reads");
        stream
    };
    let mut answered = open("GET / HTTP/1.1\r\nHost: granary\r\n\r\n");
    let mut byte = [0];
    answered.read_exact(&mut byte).expect("an answer");
    vec![answered, open(""), open("POST /graphql HTTP/1.1\r\nHost: granary\r\n")]
}
