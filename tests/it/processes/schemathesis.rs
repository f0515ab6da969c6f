//! Schemathesis reads the schema that the server publishes and sends it documents drawn from that, right and
//! wrong ones. None of them gets a 5xx, crashes it or leaves the books wrong.

use std::fs;
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};

use super::alone;
use super::proof::count;
use super::server::Server;
use super::site::{BANK, Site};
use crate::support::backends::TestDatabase;
use crate::support::fields::{Field, published};
use crate::support::peers::{peers_folder, python};

/// Environment: which cases are drawn.
const SEED_VARIABLE: &str = "GRANARY_FUZZ_SEED";
const SEED_DEFAULT: u64 = 1;
/// Environment: how many cases are drawn at least, on each back end.
const CASES_VARIABLE: &str = "GRANARY_FUZZ_CASES";
const CASES_DEFAULT: u64 = 500;
/// Those that the peers' hooks name.
const ACCOUNTS: usize = 3;
const SCOPES: &str = "bills:read payments:post payments:reverse pii:read ops:read";
const CHECKS: &str = "not_a_server_error,response_schema_conformance,answered_as_promised";

#[test]
fn schemathesis_finds_nothing_on_sqlite() {
    schemathesis_finds_nothing(&TestDatabase::sqlite(), BANK);
}

#[test]
fn schemathesis_finds_nothing_on_postgres() {
    if let Some(database) = TestDatabase::postgres() {
        schemathesis_finds_nothing(&database, "PAY-1");
    }
}

/// Through an asking channel (the site's own) or a reporting one, which is added.
fn schemathesis_finds_nothing(database: &TestDatabase, channel: &str) {
    let Some(programs) = python("schemathesis", "requirements.txt") else { return };
    let _alone = alone();
    let started = Instant::now();
    let site = Site::new(&database.url, ACCOUNTS);
    if channel != BANK {
        site.succeed(&["channel", "add", channel, "--kind", "mobile", "--mode", "reporting"]);
    }
    let server = site.serve();
    let (seed, cases) = (number(SEED_VARIABLE, SEED_DEFAULT), number(CASES_VARIABLE, CASES_DEFAULT));
    let token = site.succeed(&["token", "--channel", channel, "--ttl", "1d", "--scope", SCOPES]);
    let mut command = Command::new(programs.join("schemathesis"));
    command.args(arguments(&server, &token, seed, cases)).current_dir(site.folder());
    command.env("SCHEMATHESIS_HOOKS", "schemathesis_hooks").env("PYTHONPATH", peers_folder());
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUTF8", "1").env("NO_PROXY", "127.0.0.1");
    let output = command.output().expect("schemathesis runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}: {said}{}", output.status, String::from_utf8_lossy(&output.stderr));
    let drawn = drawn(&site);
    assert!(drawn >= cases, "only {drawn} cases: {said}");
    let client = site.client(&server, channel);
    let totals = client.data("{ channel { totals { count reversedCount } } }", json!({}));
    assert_ne!(totals["channel"]["totals"]["count"], 0, "no payment was posted");
    assert!(!server.log().contains("panicked"), "{}", server.log());
    let findings = site.succeed(&["audit"]);
    assert!(!findings.contains("broken"), "{findings}");
    println!(
        "seed {seed}: {drawn} cases in {:?}, {} payments, {} keys, {totals}",
        started.elapsed(),
        count(&mut site.reader(), "SELECT count(*) AS found FROM payments"),
        count(&mut site.reader(), "SELECT count(*) AS found FROM idempotency_keys"),
    );
}

/// Fields of queries and mutations, as the published schema has them; each gets the same number of cases.
struct Operations {
    all: u64,
    /// Those with arguments. One without may have fewer different cases than asked for; these make up for it.
    in_full: u64,
}

fn operations() -> Operations {
    let is_root = |field: &Field| ["Query", "Mutation"].contains(&field.owner.as_str());
    let roots: Vec<Field> = published().into_iter().filter(is_root).collect();
    let in_full = roots.iter().filter(|field| field.takes_arguments).count() as u64;
    Operations { all: roots.len() as u64, in_full }
}

fn arguments(server: &Server, token: &str, seed: u64, cases: u64) -> Vec<String> {
    let url = format!("http://{}/graphql", server.address);
    let header = format!("Authorization: Bearer {}", token.trim());
    let (seed, cases_each) = (seed.to_string(), cases.div_ceil(operations().in_full).to_string());
    let named = ["--header", &header, "--seed", &seed, "--max-examples", &cases_each, "--checks", CHECKS];
    let fixed = ["--phases", "fuzzing", "--generation-database", "none", "--suppress-health-check", "all"];
    let report = ["--report", "json", "--report-json-path", "report.json"];
    let all = [&["--no-color", "run", &url][..], &named, &fixed, &report].concat();
    all.into_iter().map(str::to_owned).collect()
}

/// The cases that were sent, by schemathesis's own count. Every field was tried, and each was answered with
/// data at times, not only with errors.
fn drawn(site: &Site) -> u64 {
    let report = fs::read(site.folder().join("report.json")).expect("the report");
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    assert_eq!(report["complete"], true, "{report}");
    let operations = operations().all;
    assert_eq!(report["operations"]["tested"], operations, "{report}");
    let rates = report["valid_rates"].as_object().expect("rates of each field");
    assert_eq!(rates.len() as u64, operations, "{report}");
    for (field, rate) in rates {
        assert_ne!(rate["fuzzing"]["accepted"], 0, "{field}: {rate}");
    }
    report["test_cases"]["generated"].as_u64().expect("a count")
}

fn number(variable: &str, default: u64) -> u64 {
    let given = std::env::var(variable).ok().filter(|text| !text.is_empty());
    given.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")))
}
