//! Tokens revoked before they expire, on every process within a minute.

use std::time::Duration;

use granary::access::tokens::Claims;
use serde_json::{Value, json};

use crate::processes::site::{Site, client_with};
use crate::support::backends::for_each_backend;
use crate::support::wait::wait_until;

/// The promise is a minute; the servers look every other second.
const SEEN_WITHIN: Duration = Duration::from_secs(10);
/// How far the clock of who gives tokens is ahead: as far as it may be, but for the test's own time; and much further.
const WITHIN_THE_SKEW_S: i64 = 50;
const BEYOND_THE_SKEW_S: i64 = 600;

#[test]
fn a_token_or_all_of_a_subject_hold_no_longer_on_every_process() {
    for_each_backend(|database| {
        let _alone = crate::processes::alone();
        let site = Site::new(&database.url, 1);
        let mut servers = vec![site.serve()];
        if database.is_postgres() {
            servers.push(site.serve());
        }
        let mint = |subject: &str| {
            site.succeed(&["token", "--channel", "BANK-1", "--subject", subject]).trim().to_owned()
        };
        let (lost, kept, dismissed) = (mint("teller-1"), mint("teller-1"), mint("teller-2"));
        let from_ahead = site.mint(&given_later(&dismissed, WITHIN_THE_SKEW_S));
        let statuses = |token: &str| -> Vec<u16> {
            let ask = |server| client_with(server, token).send("{ channel { code } }", json!({})).status;
            servers.iter().map(|server| ask(server.address)).collect()
        };
        let (all_in, all_out) = (vec![200; servers.len()], vec![401; servers.len()]);
        for token in [&lost, &kept, &dismissed, &from_ahead] {
            assert_eq!(statuses(token), all_in);
        }
        assert_eq!(statuses(&site.mint(&given_later(&kept, BEYOND_THE_SKEW_S))), all_out);
        let said = site.succeed(&["revoke", "--jti", &jti(&lost), "--sub", "teller-2"]);
        assert_eq!(said.lines().count(), 2, "{said}");
        let seen = wait_until("the revocation", SEEN_WITHIN, || {
            statuses(&lost) == all_out && statuses(&dismissed) == all_out
        });
        println!("a revocation is seen after {seen:?}");
        assert_eq!(statuses(&from_ahead), all_out, "given before, by a clock that is ahead");
        assert_eq!(statuses(&kept), all_in, "the subject's other token holds");
        site.succeed(&["revoke", "--jti", &jti(&lost)]);
        site.succeed(&["audit"]);
    });
}

#[test]
fn what_can_be_in_no_token_is_refused() {
    for_each_backend(|database| {
        let site = Site::new(&database.url, 1);
        let long = "x".repeat(257);
        for arguments in
            [&["revoke", "--jti", ""][..], &["revoke", "--sub", "a\nb"], &["revoke", "--sub", &long]]
        {
            assert_eq!(site.run(arguments).status.code(), Some(1), "{arguments:?}");
        }
        assert_eq!(site.run(&["revoke"]).status.code(), Some(2));
    });
}

/// The number of a token, out of its claims.
fn jti(token: &str) -> String {
    text_of(&claims(token), "jti")
}

/// As a token says, but given so many seconds later.
fn given_later(token: &str, seconds: i64) -> Claims {
    let claims = claims(token);
    let second = |name: &str| claims[name].as_i64().expect("seconds");
    Claims {
        sub: text_of(&claims, "sub"),
        channel: text_of(&claims, "channel"),
        scope: text_of(&claims, "scope"),
        accounts: None,
        iat: second("iat") + seconds,
        nbf: second("nbf"),
        exp: second("exp"),
        jti: format!("{}-later", text_of(&claims, "jti")),
    }
}

fn text_of(claims: &Value, name: &str) -> String {
    claims[name].as_str().expect("a text").to_owned()
}

/// What a token says.
fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let claims = token.split('.').nth(1).expect("three parts");
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).expect("base64");
    serde_json::from_slice(&claims).expect("JSON")
}
