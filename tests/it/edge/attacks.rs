//! Requests made to stall or empty the server: each is refused within 50 ms of its CPU, its memory
//! unmoved, and it goes on answering.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;

use serde_json::json;

use super::raw::{RawReply, connect, post, read_reply};
use crate::processes::server::Server;
use crate::processes::site::{BANK, Site};
use crate::support::backends::TestDatabase;

/// CPU of the server for one refusal.
const CPU_MS_MAX: u64 = 50;
/// What its memory may grow by over all of them: noise of an allocator, not of a request.
const MEMORY_KIB_MAX: u64 = 12 * 1024;
/// Times each attack is made; the clock of a process ticks every 10 ms.
const TIMES: u64 = 10;

fn query(document: &str) -> Vec<u8> {
    json!({ "query": document }).to_string().into_bytes()
}

fn repeat(count: usize, piece: &str) -> String {
    piece.repeat(count)
}

/// An account's bills' account's bills, and so on.
fn pages(depth: usize) -> String {
    let open = repeat(depth, "{ bills(first: 100) { nodes { account ");
    let close = repeat(depth, " } } }");
    format!("{{ account(number: \"1\") {open} {{ number }} {close} }}")
}

/// Each attack with the code of its refusal.
fn attacks() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let doubling: String =
        (0..40).map(|i| format!("fragment f{i} on Query {{ ...f{0} ...f{0} }} ", i + 1)).collect();
    let chain: String = (0..49).map(|i| format!("fragment f{i} on Query {{ ...f{} }} ", i + 1)).collect();
    let aliases: String = (0..1_000).map(|i| format!("a{i}: __typename ")).collect();
    let circle = "{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }";
    let wide: String = (0..10)
        .map(|i| format!("fragment g{i} on Query {{ {} }} ", repeat(10, &format!("...g{} ", i + 1))))
        .collect();
    let posts = repeat(
        200,
        r#"paymentPost(input: {idempotencyKey: "k", accountNumber: "1", amount: "1.00"}) { replayed } "#,
    );
    vec![
        (
            "literals nested 3,000 deep",
            query(&format!("{{ account(number: {} }}", repeat(3_000, "["))),
            "QUERY_TOO_LARGE",
        ),
        (
            "objects nested 3,000 deep",
            query(&format!("{{ account(number: {} }}", repeat(3_000, "{a:"))),
            "QUERY_TOO_LARGE",
        ),
        (
            "nesting hidden by comments",
            query(&format!("{{ a(x: {}", repeat(3_000, "[ #]\n"))),
            "QUERY_TOO_LARGE",
        ),
        (
            "nesting hidden by strings",
            query(&format!("{{ a(x: {}", repeat(3_000, "[ \"]\" "))),
            "QUERY_TOO_LARGE",
        ),
        ("selections nested 3,000 deep", query(&repeat(3_000, "{ a ")), "QUERY_TOO_LARGE"),
        (
            "a type nested 3,000 deep",
            query(&format!("query($a: {}String", repeat(3_000, "["))),
            "QUERY_TOO_LARGE",
        ),
        (
            "doubling fragments",
            query(&format!("{{ ...f0 }} {doubling} fragment f40 on Query {{ __typename }}")),
            "QUERY_TOO_LARGE",
        ),
        (
            "fragments ten times each",
            query(&format!("{{ ...g0 }} {wide} fragment g10 on Query {{ __typename }}")),
            "QUERY_TOO_LARGE",
        ),
        (
            "a chain of fragments",
            query(&format!("{{ ...f0 }} {chain} fragment f49 on Query {{ __typename }}")),
            "QUERY_TOO_LARGE",
        ),
        ("fragments in a circle", query(circle), "BAD_USER_INPUT"),
        (
            "10,000 directives",
            query(&format!("{{ __typename {} }}", repeat(10_000, "@a "))),
            "QUERY_TOO_LARGE",
        ),
        (
            "1,000 directives that are real",
            query(&format!("{{ __typename {} }}", repeat(1_000, "@skip(if: false) "))),
            "QUERY_TOO_LARGE",
        ),
        ("10,000 fields", query(&format!("{{ {} }}", repeat(10_000, "a "))), "QUERY_TOO_LARGE"),
        ("1,000 aliases", query(&format!("{{ {aliases} }}")), "QUERY_TOO_LARGE"),
        (
            "pages of pages of pages",
            query(
                "{ accounts(numbers: [\"0000000001\"]) { bills(first: 100) { nodes { account { bills(first: 100) { nodes { account { bills(first: 100) { nodes { number } } } } } } } } } }",
            ),
            "QUERY_TOO_LARGE",
        ),
        (
            "13,824 reads in 183 bytes",
            query(&format!(
                "{{account(number:\"0000000001\"){{{}bills(first:1){{nodes{{number}}}}{}}}}}",
                repeat(3, "bills(first:24){nodes{account{"),
                repeat(3, "}}}")
            )),
            "QUERY_TOO_LARGE",
        ),
        (
            "pages of payments, and the bills of each",
            query(&format!(
                "{{ accounts(numbers: [{}]) {{ payments(first: 48) {{ nodes {{ allocations {{ bill {{ number }} }} }} }} }} }}",
                repeat(100, "\"0000000001\" ")
            )),
            "QUERY_TOO_LARGE",
        ),
        (
            "a page for each payment of a page",
            query(
                "{ channel { payments(first: 100) { nodes { account { a: bills(first: 1) { nodes { number } } b: bills(first: 1) { nodes { number } } c: bills(first: 1) { nodes { number } } d: bills(first: 1) { nodes { number } } e: bills(first: 1) { nodes { number } } } } } } }",
            ),
            "QUERY_TOO_LARGE",
        ),
        ("more pages than numbers can count", query(&pages(6)), "QUERY_TOO_LARGE"),
        ("200 mutations", query(&format!("mutation {{ {posts} }}")), "QUERY_TOO_LARGE"),
        (
            "a document of 40 KiB",
            query(&format!("{{ __typename }} #{}", repeat(40 * 1024, "x"))),
            "QUERY_TOO_LARGE",
        ),
        (
            "a string without end",
            query(&format!("{{ a(x: \"{} }}", repeat(30_000, "\\\\"))),
            "QUERY_TOO_LARGE",
        ),
        (
            "variables nested 100,000 deep",
            format!(r#"{{"query":"{{ __typename }}","variables":{{"a":{}"#, repeat(100_000, "["))
                .into_bytes(),
            "QUERY_TOO_LARGE",
        ),
        (
            "400,000 variables",
            format!(r#"{{"query":"{{ __typename }}","variables":{{"a":[1{}]}}}}"#, repeat(400_000, ",1"))
                .into_bytes(),
            "QUERY_TOO_LARGE",
        ),
        ("brackets that are no JSON", repeat(500_000, "[").into_bytes(), "QUERY_TOO_LARGE"),
        ("a body of 2 MiB", query(&repeat(2 * 1024 * 1024, "x")), "QUERY_TOO_LARGE"),
    ]
}

/// What the process has used, from the kernel: CPU in milliseconds, and the most memory it held, in KiB.
fn used(server: &Server) -> (u64, u64) {
    let stat = fs::read_to_string(format!("/proc/{}/stat", server.id())).expect("the process lives");
    let after_name = stat.rsplit(')').next().expect("fields after the name");
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|ticks| ticks.parse::<u64>().expect("ticks")).sum();
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).expect("the process lives");
    let high = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the high-water mark");
    let kib = high.trim().trim_end_matches(" kB").parse().expect("KiB");
    (ticks * 10, kib)
}

#[track_caller]
fn assert_refused(name: &str, reply: &RawReply, code: &str) {
    assert_eq!(reply.code(), code, "{name}: {reply:?}");
    assert!(reply.json().get("data").is_none(), "{name}: {reply:?}");
    assert!([200, 400, 413].contains(&reply.status), "{name}: {reply:?}");
    assert!(reply.text.len() < 4_096, "{name}: the answer is longer than need be");
}

/// A body in chunks that never ends: the server stops reading after 16 MiB.
fn send_without_end(address: SocketAddr, token: &str) -> RawReply {
    let mut stream = connect(address);
    let head = format!(
        "POST /graphql HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("the server reads the head");
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let mut sent = 0;
    while stream.write_all(chunk.as_bytes()).is_ok() {
        sent += 1;
        assert!(sent < 1_000, "the server goes on reading after {sent} chunks of 64 KiB");
    }
    read_reply(stream)
}

#[test]
fn each_is_refused_for_little_and_the_server_goes_on() {
    let database = TestDatabase::sqlite();
    let _alone = crate::processes::alone();
    let site = Site::new(&database.url, 1);
    // Each thread keeps some memory of its own: with many, noise would look like growth.
    fs::write(site.folder().join("granary.toml"), "http_workers = 2\n").expect("a file");
    let server = site.serve();
    let token = site.token(BANK);
    let answers = || post(server.address, &token, &query("{ __typename }")).status;
    for _ in 0..20 {
        assert_eq!(answers(), 200);
    }
    let full = query(&format!("{{ __typename }} #{}", repeat(20_000, "x")));
    assert_eq!(post(server.address, &token, &full).status, 200);
    let largest = [&query("{ __typename }")[..], repeat(1_000_000, " ").as_bytes()].concat();
    assert_eq!(post(server.address, &token, &largest).status, 200, "the largest body is no attack");
    let (_, memory_before) = used(&server);
    for (name, body, code) in attacks() {
        let (before, _) = used(&server);
        for _ in 0..TIMES {
            assert_refused(name, &post(server.address, &token, &body), code);
        }
        let (after, memory) = used(&server);
        let cpu_ms = (after - before) / TIMES;
        println!("{name}: {cpu_ms} ms, {} KiB more", memory.saturating_sub(memory_before));
        assert!(cpu_ms < CPU_MS_MAX, "{name}: {cpu_ms} ms of CPU");
        assert_eq!(answers(), 200, "after {name}");
    }
    let (before, _) = used(&server);
    assert_refused("a body without end", &send_without_end(server.address, &token), "QUERY_TOO_LARGE");
    let (after, memory) = used(&server);
    println!("a body without end: {} ms", after - before);
    assert!(after - before < CPU_MS_MAX, "{} ms of CPU for a body without end", after - before);
    assert!(memory < memory_before + MEMORY_KIB_MAX, "memory went from {memory_before} to {memory} KiB");
    assert_eq!(answers(), 200);
    site.succeed(&["audit"]);
}
