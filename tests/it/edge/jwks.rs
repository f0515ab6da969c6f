//! Tokens signed by others: keys of a JWK Set, and every way known to forge one.

use std::fs;
use std::path::PathBuf;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use aws_lc_rs::{hmac, rsa};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use granary::access::tokens::{ISSUER_DEFAULT, TokenError, Verifier};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::processes::server::wait_until;
use crate::processes::site::{BANK, Site, client_with};
use crate::support::backends::TestDatabase;
use crate::support::commands::NOON_MS;
use crate::support::scratch::scratch_folder;

const NOW_S: i64 = NOON_MS / 1_000;

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key that signs, written without any library of tokens.
enum Signer {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Secret(Vec<u8>),
    None,
}

impl Signer {
    fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().expect("a key"))
    }

    fn p256() -> Self {
        Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"))
    }

    fn rsa() -> Self {
        Self::Rsa(rsa::KeyPair::generate(KeySize::Rsa2048).expect("a key"))
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
            Self::Rsa(_) => "RS256",
            Self::Secret(_) => "HS256",
            Self::None => "none",
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Self::P256(pair) => pair.sign(&random, message).expect("a signature").as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).expect("a signature");
                signature
            }
            Self::Secret(secret) => {
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref().to_vec()
            }
            Self::None => Vec::new(),
        }
    }

    fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Ed25519(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": base64(pair.public_key().as_ref()) })
            }
            Self::P256(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = (base64(&point[1..33]), base64(&point[33..]));
                json!({ "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "alg": "ES256", "x": x, "y": y })
            }
            Self::Rsa(pair) => {
                let (modulus, exponent) = rsa_parts(pair);
                json!({ "kty": "RSA", "kid": kid, "alg": "RS256", "n": base64(&modulus), "e": base64(&exponent) })
            }
            Self::Secret(secret) => json!({ "kty": "oct", "kid": kid, "k": base64(secret) }),
            Self::None => json!({}),
        }
    }
}

fn rsa_parts(pair: &RsaKeyPair) -> (Vec<u8>, Vec<u8>) {
    let public = pair.public_key();
    (
        public.modulus().big_endian_without_leading_zero().to_vec(),
        public.exponent().big_endian_without_leading_zero().to_vec(),
    )
}

fn claims() -> Value {
    json!({
        "iss": "granary", "aud": "granary", "sub": "debit-processor", "channel": BANK, "jti": "t1",
        "scope": "bills:read payments:post", "iat": NOW_S, "nbf": NOW_S, "exp": NOW_S + 600,
    })
}

/// A token of this header and these claims.
fn token_of(signer: &Signer, header: &Value, claims: &str) -> String {
    let message = format!("{}.{}", base64(header.to_string().as_bytes()), base64(claims.as_bytes()));
    format!("{message}.{}", base64(&signer.sign(message.as_bytes())))
}

fn token(signer: &Signer, kid: &str, claims: &Value) -> String {
    token_of(signer, &json!({ "alg": signer.algorithm(), "typ": "JWT", "kid": kid }), &claims.to_string())
}

struct Issuer {
    folder: TempDir,
    ed25519: Signer,
    p256: Signer,
    rsa: Signer,
}

impl Issuer {
    fn new() -> Self {
        let folder = scratch_folder("granary-jwks-");
        let issuer = Self { folder, ed25519: Signer::ed25519(), p256: Signer::p256(), rsa: Signer::rsa() };
        issuer.publish(&[issuer.ed25519.jwk("ed"), issuer.p256.jwk("p256"), issuer.rsa.jwk("rsa")]);
        issuer
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("jwks.json")
    }

    fn publish(&self, keys: &[Value]) {
        fs::write(self.path(), json!({ "keys": keys }).to_string()).expect("a file");
    }

    fn verifier(&self) -> Verifier {
        Verifier::from_jwks_file(self.path(), ISSUER_DEFAULT).expect("a set of keys")
    }
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
        assert_eq!(verifier.verify(token, NOON_MS).err(), Some(TokenError::Invalid), "{name}");
    }
}

#[test]
fn claims_are_required_of_the_right_kind_and_in_time() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier();
    let verify = |claims: &Value| verifier.verify(&token(&issuer.p256, "p256", claims), NOON_MS).err();
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        claims
    };
    for name in ["exp", "nbf", "iss", "aud", "sub", "jti", "channel", "scope"] {
        let mut claims = claims();
        claims.as_object_mut().expect("an object").remove(name);
        assert_eq!(verify(&claims), Some(TokenError::Invalid), "without {name}");
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
        ("scope", json!(["bills:read"])),
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
        ("exp", i64::MAX, None),
        ("nbf", NOW_S + 60, None),
        ("nbf", NOW_S + 61, Some(TokenError::NotYetValid)),
        ("nbf", 0, None),
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
    let at = |seconds: i64| verifier.verify(&token, NOON_MS + seconds * 1_000).err();
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
        ("a kid twice", vec![ed.clone(), ed.clone()]),
        ("no kid", vec![kidless]),
        ("a short RSA key", vec![with(rsa.clone(), "n", json!(short))]),
        ("keys for other uses only", vec![with(rsa.clone(), "use", json!("enc"))]),
        ("other algorithms only", vec![with(rsa, "alg", json!("PS256"))]),
        ("half a key", vec![with(ed, "x", json!("AAAA"))]),
    ];
    for (name, keys) in bad {
        issuer.publish(&keys);
        let verifier = Verifier::from_jwks_file(issuer.path(), ISSUER_DEFAULT);
        // A key of the wrong length is found out at the latest when a token is verified.
        let is_useless =
            |verifier: Verifier| verifier.verify(&token(&issuer.ed25519, "ed", &claims()), NOON_MS).is_err();
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
