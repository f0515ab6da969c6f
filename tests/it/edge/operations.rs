//! What the operator sees: the admin listener, TLS, and a log in which nobody's secrets stand.

use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use granary::domain::base::text::sha256;
use granary::store::base::connection::Connection;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

use super::raw::{RawReply, connect, exchange, post};
use crate::processes::server::Server;
use crate::processes::site::{BANK, Site};
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::peers::say;
use crate::support::scratch::scratch_folder;
use crate::support::wait::wait_for;

const WITHIN: Duration = Duration::from_secs(10);

/// A server with an admin listener, whose address it logs.
pub(super) fn with_admin(site: &Site, log_level: &str) -> (Server, SocketAddr) {
    let mut command = site.command(&["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    command.env("RUST_LOG", log_level);
    let server = site.start(command);
    let admin = admin_of(|| server.log());
    (server, admin)
}

/// Where a server with such a log listens for the operator.
pub fn admin_of(log: impl Fn() -> String) -> SocketAddr {
    wait_for("the admin address in the log", WITHIN, || {
        let log = log();
        let line = log.lines().find(|line| line.contains("/livez"))?;
        line.split(['=', '"', ' ']).find_map(|word| word.parse().ok())
    })
}

/// Asks the operator's listener.
pub fn get(admin: SocketAddr, path: &str) -> RawReply {
    exchange(admin, "GET", path, &[], b"")
}

#[test]
fn the_admin_listener_tells_life_readiness_and_counts() {
    for_each_backend(|database| {
        let _alone = crate::processes::alone();
        let site = Site::new(&database.url, 2);
        fs::write(site.folder().join("trusted.graphql"), "query Trusted { __typename }").expect("a file");
        site.succeed(&["documents", "add", "trusted.graphql"]);
        let trusted = sha256("query Trusted { __typename }");
        let (server, admin) = with_admin(&site, "info");
        assert_eq!((get(admin, "/livez").status, get(admin, "/livez").text.as_str()), (200, "ok\n"));
        let ready = get(admin, "/readyz");
        assert_eq!((ready.status, ready.json()["ready"].as_bool()), (200, Some(true)));
        let token = site.token(BANK);
        let send = |body: Value| post(server.address, &token, body.to_string().as_bytes());
        send(json!({ "query": "query Zhang { account(number: \"0000000001\") { name } }" }));
        send(json!({ "query": "{ zhangSan }" }));
        send(json!({ "query": "{ a: __typename b: __typename }" }));
        send(json!({ "documentId": format!("sha256:{trusted}") }));
        post(server.address, "nonsense", b"{}");
        let counted = get(admin, "/metrics").text;
        for line in [
            "granary_requests_total{operation=\"account\",channel=\"BANK-1\",outcome=\"ok\"} 1",
            "granary_requests_total{operation=\"unknown\",channel=\"BANK-1\",outcome=\"BAD_USER_INPUT\"} 1",
            "granary_requests_total{operation=\"several\",channel=\"BANK-1\",outcome=\"ok\"} 1",
            "granary_requests_total{operation=\"unknown\",channel=\"none\",outcome=\"UNAUTHENTICATED\"} 1",
            "granary_requests_total{operation=\"Trusted\",channel=\"BANK-1\",outcome=\"ok\"} 1",
            "granary_queued_commands 0",
            "granary_shed_commands_total{urgency=\"last\"} 0",
        ] {
            assert!(counted.lines().any(|counted| counted == line), "{line} is not in {counted}");
        }
        assert!(!counted.contains("Zhang") && !counted.contains("zhangSan"), "{counted}");
        assert!(counted.contains("granary_request_duration_seconds_bucket"), "{counted}");
        assert_eq!(get(admin, "/graphql").status, 404);
        assert_eq!(exchange(server.address, "GET", "/metrics", &[], b"").status, 404);
        assert_eq!(exchange(server.address, "GET", "/livez", &[], b"").status, 404);
    });
}

#[test]
fn a_server_of_another_version_than_its_database_is_not_ready_but_lives() {
    for_each_backend(|database| {
        let _alone = crate::processes::alone();
        let site = Site::new(&database.url, 1);
        let (_server, admin) = with_admin(&site, "info");
        assert_eq!(get(admin, "/readyz").status, 200);
        let forget = "DELETE FROM __diesel_schema_migrations WHERE version = '20261128000001'";
        let run_by_another = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000001')";
        for (statement, word) in [(forget, "pending"), (run_by_another, "newer")] {
            match &mut database.writer() {
                Connection::Postgres(connection) => connection.batch_execute(statement),
                Connection::Sqlite(connection) => connection.batch_execute(statement),
            }
            .expect("the list of migrations is changed");
            let other = get(admin, "/readyz");
            assert_eq!((other.status, other.json()["migrations"].as_str()), (503, Some(word)));
            assert_eq!(get(admin, "/livez").status, 200);
        }
    });
}

#[test]
fn tls_is_spoken_where_a_certificate_is_given_and_plain_text_is_not() {
    let database = TestDatabase::sqlite();
    let site = Site::new(&database.url, 1);
    let (certificate, key) = make_certificate(&site);
    let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let (certificate_path, key_path) = (path(&certificate), path(&key));
    let serve = ["serve", "--listen", "127.0.0.1:0", "--tls-cert", &certificate_path, "--tls-key", &key_path];
    let server = site.start(site.command(&serve));
    let body = json!({ "query": "{ channel { code } }" }).to_string();
    let request = format!(
        "POST /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        site.token(BANK),
        body.len()
    );
    let mut stream = tls(server.address, &certificate);
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut answer = String::new();
    let _closed_with_or_without_notice = stream.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(r#"{"code":"BANK-1"}"#), "{answer}");
    let mut plain = connect(server.address);
    plain.write_all(request.as_bytes()).expect("bytes are taken");
    let mut answer = Vec::new();
    let _reset_or_closed = plain.read_to_end(&mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/1.1 200"), "plain text is not answered");
    for bad in [&serve[..5], &["serve", "--tls-cert", &key_path, "--tls-key", &certificate_path]] {
        let output = site.run(bad);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
    }
}

/// A certificate for localhost and its key, as files.
pub(super) fn make_certificate(site: &Site) -> (PathBuf, PathBuf) {
    let (certificate, key) = (site.folder().join("cert.pem"), site.folder().join("key.pem"));
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    fs::write(&certificate, made.cert.pem()).expect("a file");
    fs::write(&key, made.signing_key.serialize_pem()).expect("a file");
    (certificate, key)
}

/// A connection that trusts this certificate.
pub(super) fn tls(
    address: SocketAddr,
    certificate: &Path,
) -> StreamOwned<ClientConnection, std::net::TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).expect("a certificate")).expect("a root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
    StreamOwned::new(connection, connect(address))
}

#[test]
fn no_log_holds_a_name_a_token_or_a_body() {
    for_each_backend(|database| {
        let _alone = crate::processes::alone();
        let site = Site::new(&database.url, 1);
        let canaries = ["金丝雀", "13977778888", "金丝雀巷十七号"];
        let accounts = format!(
            "account_number,name,customer_class,address,phone,area,status\n\
             0000000009,{},RESIDENTIAL,{},{},龙子湖,ACTIVE\n",
            canaries[0], canaries[2], canaries[1]
        );
        fs::write(site.folder().join("accounts.csv"), accounts).expect("a file");
        fs::write(site.folder().join("granary.toml"), "log_format = \"json\"\n").expect("a file");
        site.succeed(&["import", "accounts", "accounts.csv"]);
        let (server, admin) = with_admin(&site, "trace");
        let token =
            site.succeed(&["token", "--channel", BANK, "--scope", "bills:read payments:post pii:read"]);
        let token = token.trim();
        let send = |body: &str| post(server.address, token, body.as_bytes());
        let seen = send(r#"{"query":"{ account(number: \"0000000009\") { name phone address } }"}"#);
        assert!(canaries.iter().all(|canary| seen.text.contains(canary)), "{seen:?}");
        let note = "bodycanary";
        let posted = send(&format!(
            r#"{{"query":"mutation {{ paymentPost(input: {{idempotencyKey: \"k\", accountNumber: \"0000000009\", amount: \"1.00\", note: \"{note}\"}}) {{ replayed payment {{ account {{ name }} }} }} }}"}}"#
        ));
        assert!(posted.text.contains("\"replayed\":false"), "{posted:?}");
        send(&format!(r#"{{"query":"{{ {note}\u0007 }}"#));
        send(&format!(r#"{{"query":"query {note} {{ wrong }}"}}"#));
        let metrics = get(admin, "/metrics").text;
        let log = server.log();
        assert!(log.contains("answered"), "the log is as talkative as it can be");
        for line in log.lines().filter(|line| line.starts_with('{')) {
            serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        }
        for secret in canaries.into_iter().chain([note, token]) {
            assert!(!metrics.contains(secret), "{secret} is counted");
            let line = log.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{secret} is logged: {line:?}");
        }
    });
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let is_there = std::process::Command::new("systemd-analyze").arg("--version").output().is_ok();
    if !is_there {
        say("The test of the unit is SKIPPED: systemd-analyze is missing");
        return;
    }
    let unit = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/granary.service"));
    let installed = "/usr/local/bin/granary";
    let unit = unit.expect("the unit is there").replace(installed, env!("CARGO_BIN_EXE_granary"));
    let folder = scratch_folder("granary-unit-");
    let file = folder.path().join("granary.service");
    fs::write(&file, unit).expect("a file");
    let verify = ["verify", "--man=no", "--recursive-errors=no"];
    let output =
        std::process::Command::new("systemd-analyze").args(verify).arg(&file).output().expect("it runs");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_fault_of_ours_says_nothing_but_a_log_id() {
    for_each_backend(|database| {
        let _alone = crate::processes::alone();
        let site = Site::new(&database.url, 1);
        let (server, admin) = with_admin(&site, "info");
        match &mut database.writer() {
            Connection::Postgres(connection) => connection.batch_execute(
                "ALTER TABLE accounts DROP CONSTRAINT accounts_status_check; UPDATE accounts SET status = 'SECRETLY'",
            ),
            Connection::Sqlite(connection) => connection.batch_execute(
                "PRAGMA ignore_check_constraints = ON; UPDATE accounts SET status = 'SECRETLY'",
            ),
        }
        .expect("a row is damaged");
        let token = site.token(BANK);
        let asked = r#"{"query":"{ account(number: \"0000000001\") { number } }"}"#;
        let posted = r#"{"query":"mutation { paymentPost(input: {idempotencyKey: \"k\", accountNumber: \"0000000001\", amount: \"1.00\"}) { replayed } }"}"#;
        for body in [asked, posted] {
            let reply = post(server.address, &token, body.as_bytes());
            assert_eq!(reply.code(), "INTERNAL", "{reply:?}");
            let id =
                reply.head.lines().find_map(|line| line.strip_prefix("x-request-id: ")).expect("a number");
            assert_eq!(reply.json()["errors"][0]["message"], format!("Internal error; log id {id}."));
            assert!(!reply.text.contains("SECRETLY") && !reply.text.contains("status"), "{reply:?}");
            wait_for("the number in the log", WITHIN, || server.log().contains(id).then_some(()));
        }
        assert!(server.log().contains("SECRETLY"), "the log says what it was: {}", server.log());
        let counted = get(admin, "/metrics").text;
        let line =
            "granary_requests_total{operation=\"paymentPost\",channel=\"BANK-1\",outcome=\"INTERNAL\"} 1";
        assert!(counted.lines().any(|counted| counted == line), "{counted}");
    });
}
