//! A place at the door belongs to a request that is complete: bodies that are slow keep nobody out, and nobody can
//! have many of them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::time::Duration;

use granary::access::tokens::Claims;
use granary::domain::account::CustomerClass::Residential;
use granary::http::HttpSettings;
use serde_json::json;

use super::raw::{connect, exchange, read_one};
use crate::support::app::{ALL_SCOPES, TestApp};
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::blockade::Blockade;
use crate::support::client::Client;
use crate::support::commands::{NOON_MS, save_account};
use crate::support::wait::wait_until;

const ACCOUNT: &str = "0000000001";
const QUERY: &str = r#"{"query":"{ __typename }"}"#;
const WITHIN: Duration = Duration::from_secs(20);
/// Longer than any test: what is answered before it wasn't waited for.
const NEVER: Duration = Duration::from_secs(3_600);
/// Bodies on their way that one caller may have.
const OF_CUSTOMER: usize = 8;
const OF_CHANNEL: usize = 256;

fn start(database: &TestDatabase, change: impl FnOnce(&mut HttpSettings)) -> TestApp<'_> {
    TestApp::start_with(database, vec![save_account(ACCOUNT, Residential)], |settings| {
        settings.body_timeout = NEVER;
        settings.admin_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        change(settings);
    })
}

fn token(app: &TestApp<'_>, channel: &str, subject: &str) -> String {
    let now_s = NOON_MS / 1_000;
    app.mint(&Claims {
        sub: subject.to_owned(),
        channel: channel.to_owned(),
        scope: ALL_SCOPES.to_owned(),
        accounts: (channel == "APP").then(|| vec![ACCOUNT.to_owned()]),
        iat: now_s,
        nbf: now_s,
        exp: now_s + 3_600,
        jti: subject.to_owned(),
    })
}

fn head(token: &str, framing: &str) -> String {
    format!(
        "POST /graphql HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n{framing}\r\n\r\n"
    )
}

fn sized_head(token: &str) -> String {
    head(token, &format!("Content-Length: {}", QUERY.len()))
}

/// A request of which a part of the body doesn't come.
fn half_sent(address: SocketAddr, token: &str) -> TcpStream {
    let mut stream = connect(address);
    let part = format!("{}{}", sized_head(token), &QUERY[..5]);
    stream.write_all(part.as_bytes()).expect("the server reads");
    stream
}

fn counted(app: &TestApp<'_>, name: &str) -> usize {
    let metrics = exchange(app.admin.expect("the operator's listener"), "GET", "/metrics", &[], b"").text;
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {metrics}"))
}

fn asks(app: &TestApp<'_>, channel: &str, subject: &str) -> u16 {
    Client::new(app.address, token(app, channel, subject)).send("{ __typename }", json!({})).status
}

#[test]
fn half_sent_bodies_keep_nobody_out() {
    for_each_backend(|database| {
        // Those would take all places of apps and of banks.
        let app = start(database, |settings| settings.requests_max = 40);
        let slow: Vec<TcpStream> = ["one", "two", "three"]
            .into_iter()
            .flat_map(|subject| vec![token(&app, "APP", subject); 30])
            .chain(vec![token(&app, "BANK-1", "slow"); 300])
            .map(|token| half_sent(app.address, &token))
            .collect();
        let (waiting, refused) = (3 * OF_CUSTOMER + OF_CHANNEL, 3 * (30 - OF_CUSTOMER) + 300 - OF_CHANNEL);
        wait_until("each has a share of the room", WITHIN, || {
            counted(&app, "granary_incoming_bodies") == waiting
        });
        wait_until("the others are refused", WITHIN, || {
            counted(&app, "granary_refused_bodies_total") == refused
        });
        for (channel, subject) in [("APP", "honest"), ("BANK-1", "honest"), ("COUNTER-1", "teller")] {
            assert_eq!(asks(&app, channel, subject), 200, "{channel}");
        }
        drop(slow);
        wait_until("their room is given back", WITHIN, || counted(&app, "granary_incoming_bodies") == 0);
        assert_eq!(counted(&app, "granary_incoming_body_bytes"), 0);
    });
}

#[test]
fn a_body_too_many_is_refused_at_once_and_one_that_comes_with_its_head_is_not() {
    let database = TestDatabase::sqlite();
    let app = start(&database, |_| ());
    for (channel, max) in [("APP", OF_CUSTOMER), ("BANK-1", OF_CHANNEL)] {
        let token = token(&app, channel, "slow");
        let mut slow: Vec<TcpStream> = (0..max).map(|_| half_sent(app.address, &token)).collect();
        wait_until("they wait", WITHIN, || counted(&app, "granary_incoming_bodies") == max);
        let reply = read_one(&mut half_sent(app.address, &token));
        assert_eq!((reply.status, reply.code().as_str()), (503, "BUSY"), "{reply:?}");
        assert!(reply.head.contains("\r\nretry-after: 1\r\n"), "{reply:?}");
        let mut whole = connect(app.address);
        whole.write_all(format!("{}{QUERY}", sized_head(&token)).as_bytes()).expect("the server reads");
        assert_eq!(read_one(&mut whole).status, 200);
        for stream in &mut slow {
            stream.write_all(&QUERY.as_bytes()[5..]).expect("the server reads on");
            assert_eq!(read_one(stream).status, 200, "late, but in time");
        }
    }
}

#[test]
fn a_body_that_is_not_there_in_time_is_given_up() {
    let database = TestDatabase::sqlite();
    let app = start(&database, |settings| settings.body_timeout = Duration::from_millis(300));
    let token = token(&app, "BANK-1", "slow");
    let chunked = head(&token, "Transfer-Encoding: chunked");
    let (mut no_chunk, mut some_chunks) = (connect(app.address), connect(app.address));
    no_chunk.write_all(chunked.as_bytes()).expect("the server reads");
    some_chunks.write_all(format!("{chunked}5\r\n{}\r\n", &QUERY[..5]).as_bytes()).expect("the server reads");
    for mut stream in [half_sent(app.address, &token), no_chunk, some_chunks] {
        let reply = read_one(&mut stream);
        assert_eq!((reply.status, reply.code().as_str()), (408, "BAD_USER_INPUT"), "{reply:?}");
        assert_eq!(stream.read_to_end(&mut Vec::new()).ok(), Some(0), "and the connection is closed");
    }
    wait_until("nobody waits", WITHIN, || counted(&app, "granary_incoming_bodies") == 0);
}

#[test]
fn a_body_may_come_in_any_pieces() {
    let database = TestDatabase::sqlite();
    let app = start(&database, |_| ());
    let token = token(&app, "APP", "patient");
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let chunks = format!("{}{}0\r\n\r\n", chunk(&QUERY[..9]), chunk(&QUERY[9..]));
    let chunked = head(&token, "Transfer-Encoding: chunked");
    let cases = [(sized_head(&token), QUERY.to_owned()), (chunked, chunks)];
    for (head, body) in &cases {
        let mut stream = connect(app.address);
        stream.set_nodelay(true).expect("an option");
        for _ in 0..2 {
            stream.write_all(format!("{head}{body}").as_bytes()).expect("the server reads");
            assert_eq!(read_one(&mut stream).status, 200, "all at once");
        }
        stream.write_all(head.as_bytes()).expect("the server reads");
        for byte in body.as_bytes() {
            stream.write_all(&[*byte]).expect("the server reads on");
        }
        assert_eq!(read_one(&mut stream).status, 200, "byte by byte");
    }
}

/// Of four places the bank may take three, an app two.
#[test]
fn whether_the_door_is_full_is_known_before_a_body_is_there() {
    for_each_backend(|database| {
        let app = start(database, |settings| settings.requests_max = 4);
        let (bank, customer) = (token(&app, "BANK-1", "b"), token(&app, "APP", "c"));
        let posts = |keys: Range<usize>| -> Vec<TcpStream> {
            keys.map(|key| post_payment(&app, &bank, key)).collect()
        };
        let whole = |token: &str| {
            let mut stream = connect(app.address);
            stream.write_all(format!("{}{QUERY}", sized_head(token)).as_bytes()).expect("the server reads");
            read_one(&mut stream)
        };
        let blockade = Blockade::on(database);
        let mut under_way = posts(0..1);
        let inside = |count: usize| counted(&app, "granary_requests_inside") == count;
        wait_until("one is inside", WITHIN, || inside(1));
        // A half-sent body takes none of the places, and a whole one the last that is left.
        let _slow: Vec<TcpStream> = (0..4).map(|_| half_sent(app.address, &customer)).collect();
        wait_until("they wait outside", WITHIN, || counted(&app, "granary_incoming_bodies") == 4);
        assert_eq!(whole(&customer).status, 200);
        under_way.extend(posts(1..3));
        wait_until("the door is full for banks", WITHIN, || inside(3));
        assert_eq!(whole(&bank).status, 503);
        for token in [&bank, &customer] {
            for framing in ["Content-Length: 999", "Transfer-Encoding: chunked"] {
                let mut stream = connect(app.address);
                stream.write_all(head(token, framing).as_bytes()).expect("the server reads");
                let reply = read_one(&mut stream);
                assert_eq!((reply.status, reply.code().as_str()), (503, "BUSY"), "{reply:?}");
            }
        }
        blockade.lift();
        for stream in &mut under_way {
            assert_eq!(read_one(stream).status, 200);
        }
    });
}

fn post_payment(app: &TestApp<'_>, token: &str, key: usize) -> TcpStream {
    let input = json!({ "idempotencyKey": format!("k{key}"), "accountNumber": ACCOUNT, "amount": "1.00" });
    let query = "mutation($input: PaymentPostInput!) { paymentPost(input: $input) { replayed } }";
    let body = json!({ "query": query, "variables": { "input": input } }).to_string();
    let mut stream = connect(app.address);
    let request = format!("{}{body}", head(token, &format!("Content-Length: {}", body.len())));
    stream.write_all(request.as_bytes()).expect("the server reads");
    stream
}

#[test]
fn a_refusal_does_not_wait_for_the_body() {
    let database = TestDatabase::sqlite();
    let app = start(&database, |_| ());
    let known = token(&app, "BANK-1", "b");
    let length = "Content-Length: 999";
    let cases = [
        (401, head("nonsense", length)),
        (415, head(&known, length).replace("application/json", "text/plain")),
        (405, head(&known, length).replace("POST", "PUT")),
        (404, head(&known, length).replace("/graphql", "/other")),
        (406, head(&known, &format!("Accept: text/html\r\n{length}"))),
    ];
    for (status, head) in cases {
        let mut stream = connect(app.address);
        stream.write_all(head.as_bytes()).expect("the server reads");
        assert_eq!(read_one(&mut stream).status, status);
    }
    let mut get = connect(app.address);
    let path = "/graphql?query=%7B__typename%7D";
    let head = head(&known, length).replace("POST /graphql", &format!("GET {path}"));
    get.write_all(head.as_bytes()).expect("the server reads");
    assert_eq!(read_one(&mut get).status, 200, "a GET has no body to wait for");
}
