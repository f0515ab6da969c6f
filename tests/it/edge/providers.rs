//! Tokens and key sets as identity providers write them, and what the operator hears of those that can't be taken.

use granary::access::caller::Scope;
use granary::access::claims::{ClaimNames, TokenRules};
use granary::access::tokens::{TokenError, Verifier};
use granary::domain::access::CLOCK_SKEW_S_MAX;
use serde_json::{Value, json};

use super::signer::{Issuer, NOW_S, Signer, base64, claims, rsa_parts, token, token_of};
use crate::processes::site::{BANK, Site, client_with};
use crate::support::backends::for_each_backend;
use crate::support::commands::NOON_MS;
use crate::support::wait::wait_until;

const SUBJECT: &str = "f1c4f64e-2c0c-4cda-8c9f-9f3f8f3a2b0e";

/// A provider with its settings, and what it says of a caller.
struct Provider {
    name: &'static str,
    issuer: &'static str,
    audience: &'static str,
    names: ClaimNames,
    claims: Value,
}

fn providers() -> [Provider; 3] {
    let role = |name: &str| Some(name.to_owned());
    [
        // Roles of the client, a channel by a mapper; neither `nbf` nor `scope` of ours.
        Provider {
            name: "Keycloak",
            issuer: "https://sso.example/realms/utility",
            audience: "granary",
            names: ClaimNames { role: role("resource_access.granary.roles"), ..ClaimNames::default() },
            claims: json!({
                "exp": NOW_S + 300, "iat": NOW_S, "jti": "trtcc:312ee6c1", "iss": "https://sso.example/realms/utility",
                "aud": ["granary", "account"], "sub": SUBJECT, "typ": "Bearer", "azp": "bank", "acr": "1",
                "allowed-origins": ["/*"], "realm_access": { "roles": ["offline_access", "uma_authorization"] },
                "resource_access": {
                    "granary": { "roles": ["bills:read", "payments:post"] },
                    "account": { "roles": ["manage-account", "pii:read"] },
                },
                "scope": "email profile", "email_verified": false, "channel": BANK,
            }),
        },
        // Claims of its customer's own have URLs for names; no `jti`, no `nbf`.
        Provider {
            name: "Auth0",
            issuer: "https://utility.auth0.example/",
            audience: "https://granary.example/graphql",
            names: ClaimNames {
                channel: "https://granary.example/channel".to_owned(),
                role: role("permissions"),
                ..ClaimNames::default()
            },
            claims: json!({
                "iss": "https://utility.auth0.example/", "sub": SUBJECT,
                "aud": ["https://granary.example/graphql", "https://utility.auth0.example/userinfo"],
                "iat": NOW_S, "exp": NOW_S + 86_400, "azp": "K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja",
                "scope": "openid bills:read", "permissions": ["payments:post"],
                "https://granary.example/channel": BANK,
            }),
        },
        // `scp` for people, `roles` for programs; `aio` and `rh` are its own; no `jti`.
        Provider {
            name: "Entra",
            issuer: "https://login.microsoftonline.com/7bcbb7a0/v2.0",
            audience: "6e74172b-be56-4843-9ff4-e66a39bb12e3",
            names: ClaimNames {
                channel: "extn.channel".to_owned(),
                role: role("roles"),
                ..ClaimNames::default()
            },
            claims: json!({
                "aud": "6e74172b-be56-4843-9ff4-e66a39bb12e3",
                "iss": "https://login.microsoftonline.com/7bcbb7a0/v2.0", "iat": NOW_S, "nbf": NOW_S,
                "exp": NOW_S + 3_600, "aio": "E2RgYLh0y", "azp": "bank", "azpacr": "1", "rh": "0.A", "ver": "2.0",
                "sub": SUBJECT, "tid": "7bcbb7a0", "uti": "bank", "scp": "bills:read", "roles": ["payments:post"],
                "extn.channel": BANK,
            }),
        },
    ]
}

fn rules_of(provider: &Provider) -> TokenRules {
    TokenRules {
        issuer: provider.issuer.to_owned(),
        audience: provider.audience.to_owned(),
        names: provider.names.clone(),
        ..TokenRules::default()
    }
}

/// Claims of the usual kind but for these; null takes one out.
fn changed(changes: &Value) -> Value {
    let mut claims = claims();
    let members = claims.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        match value {
            Value::Null => drop(members.remove(name)),
            value => drop(members.insert(name.clone(), value.clone())),
        }
    }
    claims
}

#[test]
fn tokens_of_keycloak_auth0_and_entra_are_taken_as_they_write_them() {
    let issuer = Issuer::new();
    for provider in providers() {
        let name = provider.name;
        let verifier = Verifier::from_jwks_file(issuer.path(), rules_of(&provider)).expect("keys");
        let text = token(&issuer.rsa, "rsa", &provider.claims);
        let caller = verifier.verify(&text, NOON_MS).unwrap_or_else(|refused| panic!("{name}: {refused:?}"));
        assert_eq!((caller.channel_code.as_str(), caller.subject.as_str()), (BANK, SUBJECT), "{name}");
        let mut scopes = caller.scopes.clone();
        scopes.sort();
        assert_eq!(scopes, [Scope::BillsRead, Scope::PaymentsPost], "{name}");
        assert!(!caller.is_customer() && caller.issued_at_s == NOW_S, "{name}");
        // The same under the names of another is no token of anybody's.
        let usual = issuer.verifier().verify(&text, NOON_MS);
        assert_eq!(usual.err().map(|refused| refused.error), Some(TokenError::Invalid), "{name}");
    }
}

#[test]
fn a_claim_is_looked_for_by_its_whole_name_and_then_by_its_path() {
    let issuer = Issuer::new();
    let names = ClaimNames {
        channel: "a.b.c".to_owned(),
        accounts: "own.accounts".to_owned(),
        role: Some("r.s".to_owned()),
        scope: Some("granted".to_owned()),
    };
    let rules = TokenRules { names, ..TokenRules::default() };
    let verifier = Verifier::from_jwks_file(issuer.path(), rules).expect("keys");
    let verify = |changes: &Value| {
        let text = token(&issuer.ed25519, "ed", &changed(changes));
        verifier.verify(&text, NOON_MS).map_err(|refused| refused.why)
    };
    let good = [
        json!({ "a.b.c": "X", "a": { "b": { "c": "Y" } }, "granted": "bills:read" }),
        json!({ "a": { "b": { "c": "X" }, "b.c": "X" }, "granted": "bills:read" }),
        json!({ "a": { "b.c": "X", "b": { "c": "Y" } }, "granted": ["bills:read"] }),
        json!({ "a.b": { "c": "X" }, "r": { "s": ["bills:read"] } }),
        json!({ "a.b": { "c": "X" }, "r": { "s": "bills:read" }, "granted": "email" }),
    ];
    for changes in good {
        let caller = verify(&changes).unwrap_or_else(|why| panic!("{changes}: {why}"));
        assert_eq!(
            (caller.channel_code.as_str(), &caller.scopes[..]),
            ("X", &[Scope::BillsRead][..]),
            "{changes}"
        );
        assert!(!caller.is_customer(), "{changes}");
    }
    // What leads nowhere is a fault and not an absence: a customer's token must not become a channel's.
    let bad = [
        (json!({ "granted": "" }), "a.b.c is absent"),
        (json!({ "a": "X", "granted": "" }), "a has no claims in it"),
        (json!({ "a": { "b": ["X"] }, "granted": "" }), "a.b has no claims in it"),
        (json!({ "a.b.c": "X", "scp": "bills:read" }), "granted, r.s is absent"),
        (json!({ "a.b.c": "X", "granted": "", "own": [] }), "own has no claims in it"),
        (
            json!({ "a.b.c": "X", "granted": "", "own": { "accounts": "1" } }),
            "own.accounts is no list of texts",
        ),
        (json!({ "a.b.c": "X", "granted": "", "r": 1 }), "r has no claims in it"),
    ];
    for (changes, expected) in bad {
        assert_eq!(verify(&changes).err().as_deref(), Some(expected), "{changes}");
    }
    let customer = json!({ "a.b.c": "X", "granted": "bills:read", "own": { "accounts": ["1"] } });
    assert!(verify(&customer).is_ok_and(|caller| caller.is_customer()));
}

#[test]
fn the_claim_that_is_wrong_is_named_and_never_quoted() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier();
    let cases = [
        (json!({ "iss": "https://sso.example/secret" }), "iss is not"),
        (json!({ "iss": ["granary"] }), "iss is no text"),
        (json!({ "aud": ["secret", "account"] }), "aud is not"),
        (json!({ "aud": "secret" }), "aud is not"),
        (json!({ "aud": 7 }), "aud is neither"),
        (json!({ "sub": null }), "sub is absent"),
        (json!({ "sub": "secret\n" }), "sub is empty, too long or"),
        (json!({ "jti": "" }), "jti is empty"),
        (json!({ "channel": null, "azp": "secret" }), "channel is absent"),
        (json!({ "channel": ["secret"] }), "channel is no text"),
        (json!({ "scope": null }), "scope, scp is absent"),
        (json!({ "accounts": "secret" }), "accounts is no list"),
        (json!({ "nbf": "secret" }), "nbf is no number"),
        (json!({ "nbf": NOW_S + 61 }), "nbf is yet to come"),
        (json!({ "iat": NOW_S + 61 }), "iat is yet to come"),
        (json!({ "exp": NOW_S - 61 }), "exp is past"),
        (json!({ "exp": NOW_S + 400 * 86_400 }), "exp is further ahead than"),
        (json!({ "exp": 1e300 }), "exp counts no seconds"),
    ];
    for (changes, words) in cases {
        let refused = verifier.verify(&token(&issuer.p256, "p256", &changed(&changes)), NOON_MS);
        let why = refused.expect_err("a token to refuse").why;
        assert!(why.starts_with(words) && !why.contains("secret"), "{changes}: {why}");
    }
    let of_header = [
        (json!({ "alg": "EdDSA" }), "its header names no kid"),
        (json!({ "alg": "EdDSA", "kid": "other" }), "its header's kid is none of the JWK Set's"),
        (json!({ "alg": "EdDSA", "kid": "rsa" }), "its header's alg isn't its key's"),
        (json!({ "alg": "EdDSA", "kid": "ed", "jku": "https://x.example" }), "its header brings a key"),
    ];
    for (header, words) in of_header {
        let text = token_of(&issuer.ed25519, &header, &claims().to_string());
        assert_eq!(verifier.verify(&text, NOON_MS).err().map(|refused| refused.why).as_deref(), Some(words));
    }
}

#[test]
fn a_life_that_is_set_is_the_longest() {
    let issuer = Issuer::new();
    let rules = TokenRules { life_s_max: 600, ..TokenRules::default() };
    let verifier = Verifier::from_jwks_file(issuer.path(), rules).expect("keys");
    for (ahead_s, is_taken) in [(600, true), (660, true), (661, false)] {
        let text = token(&issuer.p256, "p256", &changed(&json!({ "exp": NOW_S + ahead_s })));
        assert_eq!(verifier.verify(&text, NOON_MS).is_ok(), is_taken, "{ahead_s} s ahead");
    }
}

#[test]
fn keys_that_cannot_be_used_are_left_out_of_a_set_and_the_others_taken() {
    let issuer = Issuer::new();
    let Signer::Rsa(pair) = &issuer.rsa else { panic!("an RSA key") };
    let (modulus, exponent) = rsa_parts(pair);
    let with = |mut jwk: Value, name: &str, value: Value| {
        jwk[name] = value;
        jwk
    };
    let rsa = |kid: &str| {
        json!({ "kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": base64(&modulus), "e": base64(&exponent),
                "x5c": ["MIIC"], "x5t": "t" })
    };
    let without_alg = |mut jwk: Value| {
        jwk.as_object_mut().expect("an object").remove("alg");
        jwk
    };
    let zero_first = base64(&[vec![0], modulus.clone()].concat());
    let taken = [
        (rsa("keycloak"), &issuer.rsa),
        (with(rsa("zero"), "n", json!(zero_first)), &issuer.rsa),
        (with(rsa("padded"), "n", json!(format!("{}==", base64(&modulus)))), &issuer.rsa),
        (without_alg(rsa("entra")), &issuer.rsa),
        (without_alg(issuer.p256.jwk("curve")), &issuer.p256),
        (with(issuer.ed25519.jwk("edwards"), "alg", json!("EdDSA")), &issuer.ed25519),
        (with(issuer.p256.jwk("ops"), "key_ops", json!(["verify"])), &issuer.p256),
    ];
    let left_out = [
        with(with(rsa("enc"), "use", json!("enc")), "alg", json!("RSA-OAEP")),
        with(rsa("pss"), "alg", json!("PS256")),
        with(rsa("hmac"), "alg", json!("HS256")),
        with(rsa("none"), "alg", json!("none")),
        with(rsa("number"), "alg", json!(256)),
        with(rsa("null"), "alg", Value::Null),
        with(rsa("short"), "n", json!(base64(&[0xff; 128]))),
        with(rsa("zeros"), "n", json!(base64(&[vec![0; 200], vec![0xff; 100]].concat()))),
        with(rsa("one"), "e", json!("AQ")),
        with(rsa("ops"), "key_ops", json!(["encrypt"])),
        with(rsa("private"), "d", json!("AAAA")),
        with(issuer.p256.jwk("p384"), "crv", json!("P-384")),
        with(issuer.ed25519.jwk("x25519"), "crv", json!("X25519")),
        with(issuer.ed25519.jwk("half"), "x", json!("AAAA")),
        with(rsa("mldsa"), "kty", json!("AKP")),
        with(rsa("words"), "n", json!("not base64!")),
        Signer::Secret(vec![1; 32]).jwk("oct"),
        issuer.p256.jwk(""),
        json!("a text"),
        // Another key of a name that is taken.
        issuer.ed25519.jwk("keycloak"),
    ];
    let all: Vec<Value> = taken.iter().map(|(jwk, _)| jwk.clone()).chain(left_out.iter().cloned()).collect();
    issuer.publish(&all);
    let verifier = issuer.verifier();
    for (jwk, signer) in &taken {
        let kid = jwk["kid"].as_str().expect("a name");
        let verified = verifier.verify(&token(signer, kid, &claims()), NOON_MS);
        assert!(verified.is_ok(), "{kid}: {verified:?}");
    }
    for jwk in &left_out {
        let kid = jwk["kid"].as_str().unwrap_or_default();
        for signer in [&issuer.rsa, &issuer.p256, &issuer.ed25519, &Signer::Secret(vec![1; 32])] {
            let is_taken = verifier.verify(&token(signer, kid, &claims()), NOON_MS).is_ok();
            let is_of_the_first =
                taken.iter().any(|(jwk, own)| jwk["kid"] == kid && own.algorithm() == signer.algorithm());
            assert_eq!(is_taken, is_of_the_first, "{kid}, signed by {}", signer.algorithm());
        }
    }
    for jwk in left_out.iter().rev().skip(1) {
        issuer.publish(std::slice::from_ref(jwk));
        let set = Verifier::from_jwks_file(issuer.path(), TokenRules::default());
        let reason = set.err().map(|error| error.to_string()).unwrap_or_else(|| panic!("taken alone: {jwk}"));
        assert!(reason.contains("key 0: "), "{jwk}: {reason}");
    }
}

/// Seconds since 1970, by the clock that the server reads too.
fn seconds_now() -> i64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("after 1970");
    i64::try_from(since.as_secs()).expect("seconds")
}

#[test]
fn a_server_with_the_keys_of_others_takes_their_tokens_and_says_in_the_log_what_is_wrong() {
    for_each_backend(|database| {
        let _alone = crate::processes::alone();
        let site = Site::new(&database.url, 1);
        let issuer = Issuer::new();
        let encrypts =
            json!({ "kty": "RSA", "use": "enc", "alg": "RSA-OAEP", "kid": "e", "n": "AQAB", "e": "AQAB" });
        issuer.publish(&[encrypts, issuer.rsa.jwk("rsa")]);
        let path = issuer.path();
        let mut command = site.command(&["serve", "--listen", "127.0.0.1:0", "--jwks"]);
        command.arg(path).args([
            "--jwt-audience",
            "the-api",
            "--jwt-claim",
            "channel=azp,role=realm_access.roles",
        ]);
        command.env_remove("GRANARY_JWT_SECRET").env("RUST_LOG", "granary=debug");
        command.env("GRANARY_JWT_ISSUER", "https://sso.example").env("GRANARY_JWT_AUDIENCE", "another");
        let server = site.start(command);
        let now_s = seconds_now();
        let said = |changes: Value| {
            let usual = json!({
                "iss": "https://sso.example", "aud": ["account", "the-api"], "azp": BANK, "sub": SUBJECT,
                "iat": now_s, "exp": now_s + 300, "realm_access": { "roles": ["bills:read"] },
            });
            let mut claims = usual;
            for (name, value) in changes.as_object().expect("an object") {
                claims[name] = value.clone();
            }
            token(&issuer.rsa, "rsa", &claims)
        };
        let ask = |token: &str| client_with(server.address, token).send("{ channel { code } }", json!({}));
        let good = said(json!({}));
        assert_eq!(ask(&good).status, 200);
        let answer = ask(&said(json!({ "aud": "https://private.example" })));
        let text = format!("{:?}", answer.body);
        assert!(
            answer.status == 401 && text.contains("the token is not valid") && !text.contains("aud"),
            "{text}"
        );
        let log = || server.log();
        wait_until("the reason", std::time::Duration::from_secs(20), || {
            log().contains("aud is not the audience")
        });
        let log = log();
        assert!(
            log.contains("a key of the JWK Set isn't used") && log.contains("key 0: its use is"),
            "{log}"
        );
        assert!(!log.contains("private.example") && !log.contains(SUBJECT), "{log}");
        // What has no number, and isn't dated, ends with its subject.
        site.succeed(&["revoke", "--sub", SUBJECT]);
        wait_until("the revocation", std::time::Duration::from_secs(20), || ask(&good).status == 401);
        let from_ahead = said(json!({ "iat": now_s + 30 }));
        assert_eq!(ask(&from_ahead).status, 401, "one that was given before by a clock that is ahead");
        wait_until("a token that was given later", std::time::Duration::from_secs(20), || {
            let renewed = said(json!({ "iat": seconds_now() + CLOCK_SKEW_S_MAX }));
            ask(&renewed).status == 200
        });
        let undated = token(&issuer.rsa, "rsa", &{
            let mut claims =
                json!({ "iss": "https://sso.example", "aud": "the-api", "azp": BANK, "sub": SUBJECT });
            claims["exp"] = json!(now_s + 300);
            claims["scope"] = json!("bills:read");
            claims
        });
        assert_eq!(ask(&undated).status, 401, "what isn't dated was given before");
    });
}
