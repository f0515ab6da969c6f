//! Tokens signed by others: keys of a JWK Set, and every way known to forge one.

use std::fs;

use granary::access::claims::TokenRules;
use granary::access::tokens::{TokenError, Verifier};
use serde_json::{Value, json};

use super::signer::{Issuer, NOW_S, Signer, base64, claims, rsa_parts, token, token_of};
use crate::processes::site::{BANK, Site, client_with};
use crate::support::backends::TestDatabase;
use crate::support::commands::NOON_MS;
use crate::support::wait::wait_until;

/// What the bearer hears.
fn refused(verifier: &Verifier, token: &str) -> Option<TokenError> {
    verifier.verify(token, NOON_MS).err().map(|refused| refused.error)
}

#[test]
fn tokens_of_each_algorithm_are_taken() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier();
    for (signer, kid) in [(&issuer.ed25519, "ed"), (&issuer.p256, "p256"), (&issuer.rsa, "rsa")] {
        let caller = verifier.verify(&token(signer, kid, &claims()), NOON_MS).expect("a good token");
        assert_eq!((caller.channel_code.as_str(), caller.token_id.as_str()), (BANK, "t1"), "{kid}");
    }
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        claims
    };
    let good = [
        with("exp", json!(NOW_S as f64 + 600.5)),
        with("aud", json!(["billing", "granary"])),
        with("aud", json!(["granary"])),
        with("accounts", json!(["0000000001"])),
        with("accounts", json!([])),
        with("scope", json!("bills:read unheard:of")),
        with("scope", json!(["bills:read", "unheard:of"])),
        with("extra", json!({ "anything": [1, 2, 3] })),
    ];
    for claims in good {
        assert!(verifier.verify(&token(&issuer.ed25519, "ed", &claims), NOON_MS).is_ok(), "{claims}");
    }
    let without_iat = {
        let mut claims = claims();
        claims.as_object_mut().expect("an object").remove("iat");
        claims
    };
    let caller = verifier.verify(&token(&issuer.ed25519, "ed", &without_iat), NOON_MS).expect("a good token");
    assert_eq!(caller.issued_at_s, NOW_S, "what isn't dated counts from when it holds");
}

#[test]
fn no_forged_token_is_taken() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier();
    let (foreign, none) = (Signer::ed25519(), Signer::None);
    let Signer::Rsa(pair) = &issuer.rsa else { panic!("an RSA key") };
    let (modulus, _) = rsa_parts(pair);
    let jwk_text = issuer.rsa.jwk("rsa").to_string().into_bytes();
    let good = claims().to_string();
    let header = |alg: &str, kid: &str| json!({ "alg": alg, "typ": "JWT", "kid": kid });
    let with = |mut header: Value, name: &str, value: Value| {
        header[name] = value;
        header
    };
    let ed = || header("EdDSA", "ed");
    let spliced = {
        let token = token(&issuer.ed25519, "ed", &claims());
        let mut parts: Vec<&str> = token.split('.').collect();
        let other = base64(good.replace("bills:read", "bills:read pii:read").as_bytes());
        parts[1] = &other;
        parts.join(".")
    };
    let signature_gone = {
        let token = token(&issuer.ed25519, "ed", &claims());
        token.rsplit_once('.').map(|(message, _)| format!("{message}.")).expect("three parts")
    };
    let forged = [
        ("none", token_of(&none, &header("none", "ed"), &good)),
        ("None", token_of(&none, &header("None", "ed"), &good)),
        ("no algorithm", token_of(&issuer.ed25519, &json!({ "kid": "ed" }), &good)),
        ("a foreign key", token(&foreign, "ed", &claims())),
        ("a foreign kid", token(&foreign, "foreign", &claims())),
        ("no kid", token_of(&issuer.ed25519, &json!({ "alg": "EdDSA" }), &good)),
        ("a kid that is no text", token_of(&issuer.ed25519, &json!({ "alg": "EdDSA", "kid": 1 }), &good)),
        ("a path as kid", token(&issuer.ed25519, "../../dev/null", &claims())),
        ("another key's kid", token(&issuer.ed25519, "p256", &claims())),
        ("another key's algorithm", token_of(&issuer.ed25519, &header("ES256", "ed"), &good)),
        ("RS256 to HS256, the modulus", token_of(&Signer::Secret(modulus), &header("HS256", "rsa"), &good)),
        ("RS256 to HS256, the JWK", token_of(&Signer::Secret(jwk_text), &header("HS256", "rsa"), &good)),
        ("HS256 with no secret", token_of(&Signer::Secret(Vec::new()), &header("HS256", "ed"), &good)),
        ("RS512", token_of(&issuer.rsa, &header("RS512", "rsa"), &good)),
        ("PS256", token_of(&issuer.rsa, &header("PS256", "rsa"), &good)),
        ("a jwk of its own", token_of(&foreign, &with(ed(), "jwk", foreign.jwk("ed")), &good)),
        (
            "a jwk beside a good signature",
            token_of(&issuer.ed25519, &with(ed(), "jwk", issuer.ed25519.jwk("ed")), &good),
        ),
        ("a jku", token_of(&issuer.ed25519, &with(ed(), "jku", json!("https://example.org/jwks")), &good)),
        ("an x5u", token_of(&issuer.ed25519, &with(ed(), "x5u", json!("https://example.org/x")), &good)),
        ("an x5c", token_of(&issuer.ed25519, &with(ed(), "x5c", json!(["MIIB"])), &good)),
        ("a crit", token_of(&issuer.ed25519, &with(ed(), "crit", json!(["b64"])), &good)),
        ("another type", token_of(&issuer.ed25519, &with(ed(), "typ", json!("logout+jwt")), &good)),
        ("spliced claims", spliced),
        ("no signature", signature_gone),
        ("four parts", format!("{}.x", token(&issuer.ed25519, "ed", &claims()))),
        ("two parts", "eyJhbGciOiJFZERTQSJ9.e30".to_owned()),
        ("nothing", String::new()),
        ("dots", "..".to_owned()),
        ("9 KiB", format!("{}{}", token(&issuer.ed25519, "ed", &claims()), "A".repeat(9 * 1024))),
        ("claims that are no JSON", token_of(&issuer.ed25519, &ed(), "claims")),
        ("claims twice", token_of(&issuer.ed25519, &ed(), &good.replacen('{', "{\"exp\":9999999999,", 1))),
    ];
    for (name, token) in &forged {
        assert_eq!(refused(&verifier, token), Some(TokenError::Invalid), "{name}");
    }
}

#[test]
fn claims_are_required_of_the_right_kind_and_in_time() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier();
    let verify = |claims: &Value| refused(&verifier, &token(&issuer.p256, "p256", claims));
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        claims
    };
    for name in ["exp", "nbf", "iss", "aud", "sub", "jti", "iat", "channel", "scope"] {
        let mut claims = claims();
        claims.as_object_mut().expect("an object").remove(name);
        let is_needed = !["nbf", "jti", "iat"].contains(&name);
        assert_eq!(verify(&claims), is_needed.then_some(TokenError::Invalid), "without {name}");
        assert_eq!(verify(&with(name, Value::Null)), Some(TokenError::Invalid), "{name} null");
    }
    let invalid = [
        ("exp", json!((NOW_S + 600).to_string())),
        ("exp", json!(true)),
        ("exp", json!(1e300)),
        ("exp", json!([NOW_S + 600])),
        ("nbf", json!("0")),
        ("nbf", json!("2026-11-25")),
        ("iat", json!("now")),
        ("iat", Value::Null),
        ("iss", json!("somebody")),
        ("iss", json!("granary ")),
        ("aud", json!("somebody")),
        ("aud", json!(["somebody"])),
        ("aud", json!([])),
        ("aud", json!("GRANARY")),
        ("sub", json!("")),
        ("sub", json!("teller\n7")),
        ("sub", json!("teller\u{0}7")),
        ("sub", json!("x".repeat(257))),
        ("sub", json!(7)),
        ("jti", json!("")),
        ("scope", json!(["bills:read", 1])),
        ("scope", json!({ "bills:read": true })),
        ("accounts", Value::Null),
        ("accounts", json!("0000000001")),
        ("accounts", json!([1])),
    ];
    for (name, value) in invalid {
        assert_eq!(verify(&with(name, value.clone())), Some(TokenError::Invalid), "{name}: {value}");
    }
    let timed = [
        ("exp", NOW_S - 59, None),
        ("exp", NOW_S - 60, Some(TokenError::Expired)),
        ("exp", 1, Some(TokenError::Expired)),
        ("exp", -1, Some(TokenError::Invalid)),
        ("exp", NOW_S + 366 * 86_400 + 60, None),
        ("exp", NOW_S + 366 * 86_400 + 61, Some(TokenError::Invalid)),
        ("exp", i64::MAX, Some(TokenError::Invalid)),
        ("nbf", NOW_S + 60, None),
        ("nbf", NOW_S + 61, Some(TokenError::NotYetValid)),
        ("nbf", 0, None),
        ("nbf", -1, Some(TokenError::Invalid)),
    ];
    for (name, instant, expected) in timed {
        assert_eq!(verify(&with(name, json!(instant))), expected, "{name} {}", instant - NOW_S);
    }
}

#[test]
fn a_token_seen_before_still_expires_and_dies_with_its_key() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier();
    let token = token(&issuer.rsa, "rsa", &claims());
    let at =
        |seconds: i64| verifier.verify(&token, NOON_MS + seconds * 1_000).err().map(|refused| refused.error);
    assert_eq!(at(0), None);
    assert_eq!(at(659), None);
    assert_eq!(at(660), Some(TokenError::Expired));
    assert_eq!(at(-61), Some(TokenError::NotYetValid));
    assert_eq!(at(0), None);
    assert_eq!(verifier.reload(), Ok(false));
    issuer.publish(&[issuer.ed25519.jwk("ed")]);
    assert_eq!(at(0), None, "until the file is read again");
    assert_eq!(verifier.reload(), Ok(true));
    assert_eq!(at(0), Some(TokenError::Invalid));
    fs::write(issuer.path(), "{ half a file").expect("a file");
    assert!(verifier.reload().is_err());
    let still = self::token(&issuer.ed25519, "ed", &claims());
    assert!(verifier.verify(&still, NOON_MS).is_ok(), "a file that can't be used changes nothing");
}

#[test]
fn a_set_that_cannot_be_meant_is_refused() {
    let issuer = Issuer::new();
    let (ed, rsa) = (issuer.ed25519.jwk("ed"), issuer.rsa.jwk("rsa"));
    let with = |mut jwk: Value, name: &str, value: Value| {
        jwk[name] = value;
        jwk
    };
    let kidless = {
        let mut jwk = ed.clone();
        jwk.as_object_mut().expect("an object").remove("kid");
        jwk
    };
    let short = base64(&[0xff; 128]);
    let bad = [
        ("no keys", vec![]),
        ("a private key", vec![with(ed.clone(), "d", json!("AAAA"))]),
        ("a secret", vec![Signer::Secret(vec![1; 32]).jwk("s")]),
        ("no kid", vec![kidless]),
        ("a short RSA key", vec![with(rsa.clone(), "n", json!(short))]),
        ("keys for other uses only", vec![with(rsa.clone(), "use", json!("enc"))]),
        ("other algorithms only", vec![with(rsa, "alg", json!("PS256"))]),
        ("half a key", vec![with(ed, "x", json!("AAAA"))]),
    ];
    for (name, keys) in bad {
        issuer.publish(&keys);
        let verifier = Verifier::from_jwks_file(issuer.path(), TokenRules::default());
        // A key of the wrong length is found out at the latest when a token is verified.
        let is_useless =
            |verifier: Verifier| refused(&verifier, &token(&issuer.ed25519, "ed", &claims())).is_some();
        assert!(verifier.map_or(true, is_useless), "{name}");
    }
}

#[test]
fn a_server_takes_new_keys_and_never_a_secret_beside_them() {
    let database = TestDatabase::sqlite();
    let site = Site::new(&database.url, 1);
    let issuer = Issuer::new();
    let path = issuer.path();
    let path = path.to_str().expect("UTF-8");
    let both = site.run(&["serve", "--listen", "127.0.0.1:0", "--jwks", path]);
    assert_eq!(both.status.code(), Some(1), "{both:?}");
    assert!(String::from_utf8_lossy(&both.stderr).contains("unset one of them"), "{both:?}");
    let mut command = site.command(&["serve", "--listen", "127.0.0.1:0", "--jwks", path]);
    command.env_remove("GRANARY_JWT_SECRET");
    let server = site.start(command);
    let now_s =
        i64::try_from(std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a clock after 1970").as_secs())
            .expect("seconds");
    let mut now = claims();
    for (name, at_s) in [("iat", now_s), ("nbf", now_s), ("exp", now_s + 600)] {
        now[name] = json!(at_s);
    }
    let ask = |token: &str| client_with(server.address, token).send("{ channel { code } }", json!({})).status;
    let (old, new) = (token(&issuer.ed25519, "ed", &now), Signer::p256());
    let renewed = token(&new, "new", &now);
    assert_eq!((ask(&old), ask(&renewed), ask(&site.token(BANK))), (200, 401, 401));
    issuer.publish(&[new.jwk("new")]);
    let seen = wait_until("the new key", std::time::Duration::from_secs(20), || ask(&renewed) == 200);
    println!("a new key is taken after {seen:?}");
    assert_eq!(ask(&old), 401, "the old key is gone");
}
