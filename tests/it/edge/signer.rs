//! Those who sign tokens elsewhere: keys of their own, written without any library of tokens, and the JWK Set that they
//! publish.

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
use granary::access::claims::TokenRules;
use granary::access::tokens::Verifier;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::processes::site::BANK;
use crate::support::commands::NOON_MS;
use crate::support::scratch::scratch_folder;

/// Now, in seconds since 1970.
pub const NOW_S: i64 = NOON_MS / 1_000;

/// Base64url without padding.
pub fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key that signs, written without any library of tokens.
pub enum Signer {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Secret(Vec<u8>),
    None,
}

impl Signer {
    pub fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().expect("a key"))
    }

    pub fn p256() -> Self {
        Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key"))
    }

    pub fn rsa() -> Self {
        Self::Rsa(rsa::KeyPair::generate(KeySize::Rsa2048).expect("a key"))
    }

    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
            Self::Rsa(_) => "RS256",
            Self::Secret(_) => "HS256",
            Self::None => "none",
        }
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
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

    pub fn jwk(&self, kid: &str) -> Value {
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

/// Modulus and exponent.
pub fn rsa_parts(pair: &RsaKeyPair) -> (Vec<u8>, Vec<u8>) {
    let public = pair.public_key();
    (
        public.modulus().big_endian_without_leading_zero().to_vec(),
        public.exponent().big_endian_without_leading_zero().to_vec(),
    )
}

/// What a good token says.
pub fn claims() -> Value {
    json!({
        "iss": "granary", "aud": "granary", "sub": "debit-processor", "channel": BANK, "jti": "t1",
        "scope": "bills:read payments:post", "iat": NOW_S, "nbf": NOW_S, "exp": NOW_S + 600,
    })
}

/// A token of this header and these claims.
pub fn token_of(signer: &Signer, header: &Value, claims: &str) -> String {
    let message = format!("{}.{}", base64(header.to_string().as_bytes()), base64(claims.as_bytes()));
    format!("{message}.{}", base64(&signer.sign(message.as_bytes())))
}

/// A token of this key and these claims.
pub fn token(signer: &Signer, kid: &str, claims: &Value) -> String {
    token_of(signer, &json!({ "alg": signer.algorithm(), "typ": "JWT", "kid": kid }), &claims.to_string())
}

/// An issuer with a key of each kind, and the file that it publishes them in.
pub struct Issuer {
    folder: TempDir,
    pub ed25519: Signer,
    pub p256: Signer,
    pub rsa: Signer,
}

impl Issuer {
    pub fn new() -> Self {
        let folder = scratch_folder("granary-jwks-");
        let issuer = Self { folder, ed25519: Signer::ed25519(), p256: Signer::p256(), rsa: Signer::rsa() };
        issuer.publish(&[issuer.ed25519.jwk("ed"), issuer.p256.jwk("p256"), issuer.rsa.jwk("rsa")]);
        issuer
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("jwks.json")
    }

    pub fn publish(&self, keys: &[Value]) {
        fs::write(self.path(), json!({ "keys": keys }).to_string()).expect("a file");
    }

    pub fn verifier(&self) -> Verifier {
        Verifier::from_jwks_file(self.path(), TokenRules::default()).expect("a set of keys")
    }
}
