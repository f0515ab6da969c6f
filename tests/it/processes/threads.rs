//! Who goes before whom on the processors: the README's word of a server's threads on Linux.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use granary::http::REQUESTS_MAX;
use serde_json::json;

use super::server::Server;
use super::site::Site;
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::blockade::Blockade;
use crate::support::wait::wait_until;

const WITHIN: Duration = Duration::from_secs(10);
/// A quarter of those the door lets in.
const CROWD_LEN: usize = REQUESTS_MAX / 4;

#[derive(Debug, Clone)]
struct Thread {
    name: String,
    /// Where it may run, as the kernel writes it: `0-3,6`.
    processors: String,
    nice: i32,
}

impl Thread {
    /// `None` if it has just ended.
    fn read(task: &Path) -> Option<Self> {
        let read = |file: &str| fs::read_to_string(task.join(file)).ok();
        let (stat, status) = (read("stat")?, read("status")?);
        let after_name = stat.rsplit_once(')').expect("a name in brackets").1;
        let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        Some(Self {
            name: read("comm")?.trim().to_owned(),
            processors: allowed.expect("where it may run").trim().to_owned(),
            nice: after_name.split_whitespace().nth(16).and_then(|nice| nice.parse().ok()).expect("a number"),
        })
    }

    fn of_this_test() -> Self {
        Self::read(Path::new("/proc/thread-self")).expect("it runs")
    }

    /// The server's threads whose names begin so.
    fn named(server: &Server, name: &str) -> Vec<Self> {
        let tasks = fs::read_dir(format!("/proc/{}/task", server.id())).expect("a process of ours");
        let threads = tasks.flatten().filter_map(|task| Self::read(&task.path()));
        threads.filter(|thread| thread.name.starts_with(name)).collect()
    }

    fn processors_len(&self) -> usize {
        let number = |text: &str| text.parse::<usize>().expect("a processor's number");
        let len =
            |range: &str| range.split_once('-').map_or(1, |(first, last)| number(last) - number(first) + 1);
        self.processors.split(',').map(len).sum()
    }
}

/// A server with as many threads for HTTP as there are processors.
fn serve(database: &TestDatabase, usual: &Thread) -> (Site, Server) {
    let site = Site::new(&database.url, 1);
    let settings = format!("http_workers = {}\n", usual.processors_len());
    fs::write(site.folder().join("granary.toml"), settings).expect("a file");
    let server = site.serve();
    (site, server)
}

#[test]
fn lanes_and_readers_are_nicer_than_threads_for_http() {
    for_each_backend(|database| {
        let usual = Thread::of_this_test();
        let (_site, server) = serve(database, &usual);
        wait_until("everybody is as nice as the README says", WITHIN, || {
            let http = Thread::named(&server, "actix-rt");
            let working = [Thread::named(&server, "lane-"), Thread::named(&server, "reader-")].concat();
            http.len() == usual.processors_len()
                && http.iter().all(|thread| thread.nice == usual.nice)
                && working.len() >= 3
                && working.iter().all(|thread| {
                    thread.processors == usual.processors && thread.nice == (usual.nice + 10).min(19)
                })
        });
    });
}

/// Payments that keep their places at the door while writers are held up.
fn crowd(server: &Server, token: &str) -> Vec<TcpStream> {
    let post = |number: usize| {
        let input = json!({ "idempotencyKey": format!("k{number}"), "accountNumber": "0000000001", "amount": "1.00" });
        let query = "mutation($input: PaymentPostInput!) { paymentPost(input: $input) { replayed } }";
        let body = json!({ "query": query, "variables": { "input": input } }).to_string();
        let request = format!(
            "POST /graphql HTTP/1.1\r\nHost: granary\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(server.address).expect("the server listens");
        stream.write_all(request.as_bytes()).expect("the server reads");
        stream
    };
    (0..CROWD_LEN).map(post).collect()
}

#[test]
fn threads_for_http_keep_to_a_processor_each_while_it_is_crowded() {
    for_each_backend(|database| {
        let usual = Thread::of_this_test();
        let (site, server) = serve(database, &usual);
        let places = || -> Vec<String> {
            Thread::named(&server, "actix-rt").into_iter().map(|thread| thread.processors).collect()
        };
        let everywhere = vec![usual.processors.clone(); usual.processors_len()];
        wait_until("in calm they go everywhere", WITHIN, || places() == everywhere);
        let token = site.token("BANK-1");
        let blockade = Blockade::on(database);
        let crowd = crowd(&server, &token);
        wait_until("crowded they have a place each", WITHIN, || {
            let each = BTreeSet::from_iter(places());
            each.len() == everywhere.len() && each.iter().all(|place| place.parse::<usize>().is_ok())
        });
        blockade.lift();
        drop(crowd);
        wait_until("they go everywhere again", WITHIN, || places() == everywhere);
    });
}
