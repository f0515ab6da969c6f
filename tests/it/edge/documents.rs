//! Trusted documents: named by their SHA-256 in both ways that clients know, and the only ones that a
//! bound channel may send.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::operations::{get, with_admin};
use super::raw::{exchange, post};
use crate::processes::server::Server;
use crate::processes::site::{BANK, Site};
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::wait::wait_until;

const TRUSTED: &str = "query Channel { channel { code } }\n";
const FREE: &str = "{ channel { mode } }";
const SEEN_WITHIN: Duration = Duration::from_secs(60);

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn send(server: &Server, token: &str, body: &Value) -> Value {
    post(server.address, token, body.to_string().as_bytes()).json()
}

fn persisted(hash: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } })
}

#[test]
fn a_bound_channel_sends_what_is_trusted_and_nothing_else() {
    for_each_backend(|database| {
        let _alone = crate::processes::alone();
        let site = Site::new(&database.url, 1);
        site.succeed(&[
            "channel",
            "add",
            "APP",
            "--kind",
            "app",
            "--mode",
            "asking",
            "--documents",
            "trusted",
        ]);
        fs::write(site.folder().join("channel.graphql"), TRUSTED).expect("a file");
        let added = site.succeed(&["documents", "add", "channel.graphql"]);
        let hash = sha256(TRUSTED);
        assert_eq!(added, format!("sha256:{hash} query Channel {{ channel {{ code }} }}\n"));
        assert_eq!(site.succeed(&["documents", "add", "channel.graphql"]), added);
        assert_eq!(site.succeed(&["documents", "list"]), added);
        let server = site.serve();
        let (bank, app) = (site.token(BANK), site.token("APP"));
        let named = [
            json!({ "documentId": format!("sha256:{hash}") }),
            json!({ "documentId": hash }),
            json!({ "extensions": persisted(&hash) }),
            json!({ "query": TRUSTED, "extensions": persisted(&hash) }),
            json!({ "query": TRUSTED, "operationName": "Channel" }),
            json!({ "query": TRUSTED }),
        ];
        for (token, code) in [(&app, "APP"), (&bank, BANK)] {
            for body in &named {
                let expected = json!({ "data": { "channel": { "code": code } } });
                assert_eq!(send(&server, token, body), expected, "{body}");
            }
        }
        assert_eq!(send(&server, &bank, &json!({ "query": FREE }))["data"]["channel"]["mode"], "ASKING");
        for query in [FREE, "{ __typename }", TRUSTED.trim(), "{ __schema { queryType { name } } }"] {
            let refused = send(&server, &app, &json!({ "query": query }));
            assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{query}: {refused}");
            assert!(refused.get("data").is_none(), "{refused}");
        }
        for token in [&app, &bank] {
            let unknown = send(&server, token, &json!({ "extensions": persisted(&sha256(FREE)) }));
            assert_eq!(unknown["errors"][0]["message"], "PersistedQueryNotFound");
            let bad = [
                json!({ "documentId": "sha256:abc" }),
                json!({ "documentId": format!("md5:{hash}") }),
                json!({ "documentId": hash, "extensions": persisted(&sha256(FREE)) }),
                json!({ "query": FREE, "documentId": hash }),
                json!({ "query": FREE, "extensions": persisted(&hash) }),
                json!({ "extensions": { "persistedQuery": { "version": 1 } } }),
                json!({ "extensions": { "persistedQuery": 7 } }),
            ];
            for body in bad {
                let refused = send(&server, token, &body);
                assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{body}: {refused}");
            }
        }
        let bearer = format!("Bearer {app}");
        let path = format!("/graphql?documentId=sha256%3A{hash}");
        let got = exchange(server.address, "GET", &path, &[("Authorization", &bearer)], b"");
        assert_eq!(got.json()["data"]["channel"]["code"], "APP");
        bind_and_free(&site, &server, &bank);
        site.succeed(&["documents", "remove", &format!("sha256:{hash}")]);
        let body = json!({ "documentId": hash });
        wait_until("the end of trust", SEEN_WITHIN, || send(&server, &app, &body).get("data").is_none());
        assert_eq!(site.run(&["documents", "remove", &hash]).status.code(), Some(1));
    });
}

/// A channel that is bound and freed beside the server.
fn bind_and_free(site: &Site, server: &Server, token: &str) {
    let is_free = || send(server, token, &json!({ "query": FREE })).get("data").is_some();
    assert!(is_free());
    site.succeed(&["channel", "documents", BANK, "trusted"]);
    wait_until("the channel to be bound", SEEN_WITHIN, || !is_free());
    site.succeed(&["channel", "documents", BANK, "any"]);
    wait_until("the channel to be free", SEEN_WITHIN, is_free);
}

#[test]
fn a_manifest_is_taken_whole_or_not_at_all() {
    for_each_backend(|database| {
        let site = Site::new(&database.url, 1);
        let second = "query Second { __typename }";
        let write = |name: &str, content: &str| {
            fs::write(site.folder().join(name), content).expect("a file");
        };
        write("good.json", &json!({ sha256(TRUSTED): TRUSTED, sha256(second): second }).to_string());
        write("sha1.json", &json!({ "da39a3ee5e6b4b0d3255bfef95601890afd80709": TRUSTED }).to_string());
        write("swapped.json", &json!({ sha256(TRUSTED): second }).to_string());
        write("empty.json", "{}");
        write("broken.graphql", "query {");
        write("invalid.graphql", "query { nope }");
        write("nullable.graphql", "query($n: String) { accounts(numbers: [$n]) { number } }");
        write("bomb.graphql", &format!("{{ a(x: {}", "[".repeat(3_000)));
        for bad in [
            "sha1.json",
            "swapped.json",
            "empty.json",
            "broken.graphql",
            "invalid.graphql",
            "nullable.graphql",
            "bomb.graphql",
            "absent.graphql",
        ] {
            let output = site.run(&["documents", "add", "good.json", bad]);
            assert_eq!(output.status.code(), Some(1), "{bad}: {output:?}");
            assert!(String::from_utf8_lossy(&output.stderr).contains(bad), "{bad}: {output:?}");
            assert_eq!(site.succeed(&["documents", "list"]), "", "{bad}");
        }
        assert_eq!(site.succeed(&["documents", "add", "good.json"]).lines().count(), 2);
        assert_eq!(site.succeed(&["documents", "list"]).lines().count(), 2);
    });
}

/// Room for free and for trusted documents.
const KEPT_BYTES_MAX: usize = (16 + 64) * 1024 * 1024;
/// Distinct ones of each kind that come to more than there is room for, at 48 bytes for each of their own.
const FREE_ONES: usize = 120;
const TRUSTED_ONES: usize = 60;

/// A valid document of this length, unlike others with another number.
fn padded(number: usize, len: usize) -> String {
    format!("{{ channel {{ code }} }} #{number:0len$}")
}

#[test]
fn what_is_kept_of_documents_is_bounded_in_bytes_and_none_is_invalid() {
    let _alone = crate::processes::alone();
    let database = TestDatabase::sqlite();
    let site = Site::new(&database.url, 1);
    let trusted: Vec<String> = (0..TRUSTED_ONES).map(|number| padded(number, 30_000)).collect();
    let manifest: Value =
        trusted.iter().map(|text| (sha256(text), json!(text))).collect::<serde_json::Map<_, _>>().into();
    fs::write(site.folder().join("trusted.json"), manifest.to_string()).expect("a file");
    site.succeed(&["documents", "add", "trusted.json"]);
    let (server, admin) = with_admin(&site, "info");
    let token = site.token(BANK);
    let kept = || -> usize {
        let counted = get(admin, "/metrics").text;
        let line = counted.lines().find_map(|line| line.strip_prefix("granary_kept_document_bytes "));
        line.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{counted}"))
    };
    let ask = |body: Value| send(&server, &token, &body);
    for invalid in [
        "{ zhangSan }",
        "{ channel { nothing } }",
        "query($n: Nothing) { channel { code } }",
        "query A { channel",
    ] {
        assert!(ask(json!({ "query": invalid })).get("data").is_none());
    }
    assert_eq!(kept(), 0, "nothing was executed yet");
    assert!(ask(json!({ "query": FREE })).get("data").is_some());
    let one = kept();
    assert!(one > FREE.len());
    assert!(ask(json!({ "query": FREE })).get("data").is_some());
    assert_eq!(kept(), one, "the same once more");
    for number in 0..FREE_ONES {
        assert!(ask(json!({ "query": padded(number, 4_000) })).get("data").is_some());
    }
    for text in &trusted {
        assert!(ask(json!({ "documentId": sha256(text) })).get("data").is_some());
    }
    let most = kept();
    assert!(most > KEPT_BYTES_MAX / 2 && most <= KEPT_BYTES_MAX, "{most} bytes are kept");
}
