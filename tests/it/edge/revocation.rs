//! Tokens revoked before they expire, on every process within a minute.

use std::time::Duration;

use serde_json::json;

use crate::processes::server::wait_until;
use crate::processes::site::{Site, client_with};
use crate::support::backends::for_each_backend;

/// The promise is a minute; the servers look every other second.
const SEEN_WITHIN: Duration = Duration::from_secs(10);

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
        let statuses = |token: &str| -> Vec<u16> {
            let ask = |server| client_with(server, token).send("{ channel { code } }", json!({})).status;
            servers.iter().map(|server| ask(server.address)).collect()
        };
        let (all_in, all_out) = (vec![200; servers.len()], vec![401; servers.len()]);
        for token in [&lost, &kept, &dismissed] {
            assert_eq!(statuses(token), all_in);
        }
        let said = site.succeed(&["revoke", "--jti", &jti(&lost), "--sub", "teller-2"]);
        assert_eq!(said.lines().count(), 2, "{said}");
        let seen = wait_until("the revocation", SEEN_WITHIN, || {
            statuses(&lost) == all_out && statuses(&dismissed) == all_out
        });
        println!("a revocation is seen after {seen:?}");
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
    use base64::Engine as _;
    let claims = token.split('.').nth(1).expect("three parts");
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).expect("base64");
    let claims: serde_json::Value = serde_json::from_slice(&claims).expect("JSON");
    claims["jti"].as_str().expect("a number").to_owned()
}
