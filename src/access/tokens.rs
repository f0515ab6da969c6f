//! Tokens: JSON Web Tokens (RFC 7519). Verified once, then remembered by their digest until they
//! expire or the keys change.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jsonwebtoken::{Algorithm, EncodingKey, Header, decode, decode_header, encode};
use moka::sync::Cache;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::caller::Caller;
use super::claims::{Fault, Presented, TokenRules};
use super::jwk::KeyError;
use super::keys::{Keys, check_secret};
use super::payload::Payload;
use crate::domain::access::CLOCK_SKEW_S_MAX;
use crate::domain::base::text::sha256;

/// Length of a token at most.
const TOKEN_LEN_MAX: usize = 8 * 1024;
/// Verified tokens remembered.
const CACHE_LEN_MAX: u64 = 10_000;
/// Bytes of a JWK Set at most.
const JWKS_LEN_MAX: u64 = 1 << 20;

/// What a token made here says, less `iss` and `aud`. Instants are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who it was given to.
    pub sub: String,
    /// Channel they come through.
    pub channel: String,
    /// Rights, separated by spaces.
    pub scope: String,
    /// Of a customer: the only accounts they may see.
    pub accounts: Option<Vec<String>>,
    /// When it was given.
    pub iat: i64,
    /// From when it holds.
    pub nbf: i64,
    /// Until when it holds.
    pub exp: i64,
    /// Its number.
    pub jti: String,
}

/// What a caller hears of a token that is refused, or can't be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// Not a token of ours.
    Invalid,
    /// It holds no longer.
    Expired,
    /// It doesn't hold yet.
    NotYetValid,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "the token is not valid",
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not valid yet",
        })
    }
}

impl std::error::Error for TokenError {}

/// A token that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What its bearer hears.
    pub error: TokenError,
    /// For the log: which claim it is or what else, and nothing of what the token says.
    pub why: String,
}

impl Refused {
    fn new(error: TokenError, why: impl Into<String>) -> Self {
        Self { error, why: why.into() }
    }
}

/// Makes tokens with a shared secret.
pub struct Mint {
    key: EncodingKey,
    rules: TokenRules,
}

impl Mint {
    /// With a secret of at least 32 bytes; of tokens that are taken where these rules hold.
    ///
    /// # Errors
    /// A secret that is shorter.
    pub fn new(secret: &str, rules: TokenRules) -> Result<Self, KeyError> {
        check_secret(secret)?;
        Ok(Self { key: EncodingKey::from_secret(secret.as_bytes()), rules })
    }

    /// How long a token may live, in seconds.
    pub fn life_s_max(&self) -> i64 {
        self.rules.life_s_max
    }

    /// Signs a token.
    ///
    /// # Errors
    /// [`TokenError::Invalid`] where the claims can't be written.
    pub fn mint(&self, claims: &Claims) -> Result<String, TokenError> {
        let TokenRules { issuer, audience, names, .. } = &self.rules;
        let scope = names.scope.as_deref().unwrap_or("scope");
        let mut said: Map<String, Value> = [
            ("iss", issuer.as_str().into()),
            ("aud", audience.as_str().into()),
            ("sub", claims.sub.as_str().into()),
            (names.channel.as_str(), claims.channel.as_str().into()),
            (scope, claims.scope.as_str().into()),
            ("iat", claims.iat.into()),
            ("nbf", claims.nbf.into()),
            ("exp", claims.exp.into()),
            ("jti", claims.jti.as_str().into()),
        ]
        .map(|(name, value): (&str, Value)| (name.to_owned(), value))
        .into_iter()
        .collect();
        if let Some(accounts) = &claims.accounts {
            said.insert(names.accounts.clone(), accounts.as_slice().into());
        }
        encode(&Header::new(Algorithm::HS256), &said, &self.key).map_err(|_| TokenError::Invalid)
    }
}

/// Turns tokens into callers.
pub struct Verifier {
    current: RwLock<Arc<Current>>,
    rules: TokenRules,
    jwks: Option<JwksFile>,
    verified: Cache<[u8; 32], Arc<Verified>>,
}

/// The keys in use.
struct Current {
    keys: Keys,
    generation: u64,
}

/// A JWK Set in a file.
struct JwksFile {
    path: PathBuf,
    text: Mutex<String>,
}

/// A token whose signature was found right.
struct Verified {
    caller: Arc<Caller>,
    nbf_s: Option<i64>,
    exp_s: i64,
    generation: u64,
}

impl Verifier {
    /// Verifies tokens signed with a shared secret (HS256) of at least 32 bytes.
    ///
    /// # Errors
    /// A secret that is shorter.
    pub fn from_secret(secret: &str, rules: TokenRules) -> Result<Self, KeyError> {
        Ok(Self::new(Keys::from_secret(secret)?, rules, None))
    }

    /// Verifies tokens signed with keys of a JWK Set in a file (EdDSA, ES256, RS256). Warns of keys that can't be used.
    ///
    /// # Errors
    /// A file that can't be read, or that has no usable public key.
    pub fn from_jwks_file(path: PathBuf, rules: TokenRules) -> Result<Self, KeyError> {
        let text = read(&path)?;
        let keys = keys_of(&text)?;
        Ok(Self::new(keys, rules, Some(JwksFile { path, text: Mutex::new(text) })))
    }

    fn new(keys: Keys, rules: TokenRules, jwks: Option<JwksFile>) -> Self {
        let current = RwLock::new(Arc::new(Current { keys, generation: 0 }));
        Self { current, rules, jwks, verified: Cache::new(CACHE_LEN_MAX) }
    }

    /// Takes the file's keys if it has changed; those in use stay where it can't be used. Says whether
    /// they are new.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn reload(&self) -> Result<bool, KeyError> {
        let Some(file) = &self.jwks else { return Ok(false) };
        let text = read(&file.path)?;
        let mut known = file.text.lock().unwrap_or_else(PoisonError::into_inner);
        if *known == text {
            return Ok(false);
        }
        let keys = keys_of(&text)?;
        *known = text;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(Current { keys, generation: current.generation + 1 });
        Ok(true)
    }

    /// Verifies a token as of `now_ms` (milliseconds since 1970).
    ///
    /// # Errors
    /// Not ours, expired, or not valid yet.
    pub fn verify(&self, token: &str, now_ms: i64) -> Result<Arc<Caller>, Refused> {
        if token.len() > TOKEN_LEN_MAX {
            return Err(Refused::new(TokenError::Invalid, "it is longer than any token"));
        }
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let known = self.verified.get(&digest).filter(|known| known.generation == current.generation);
        let verified = match known {
            Some(verified) => verified,
            None => {
                let verified = current.verify_signature(token, &self.rules);
                let verified = Arc::new(verified.map_err(|why| Refused::new(TokenError::Invalid, why))?);
                self.verified.insert(digest, verified.clone());
                verified
            }
        };
        let (now_s, exp_s) = (now_ms.div_euclid(1_000), verified.exp_s);
        let is_ahead = |at_s: i64| now_s < at_s.saturating_sub(CLOCK_SKEW_S_MAX);
        if now_s >= exp_s.saturating_add(CLOCK_SKEW_S_MAX) {
            Err(Refused::new(TokenError::Expired, "exp is past"))
        } else if verified.nbf_s.is_some_and(is_ahead) {
            Err(Refused::new(TokenError::NotYetValid, "nbf is yet to come"))
        } else if is_ahead(verified.caller.issued_at_s) {
            // What claims to be given later than any clock can say would outlive a revocation of its subject.
            Err(Refused::new(TokenError::NotYetValid, "iat is yet to come"))
        } else if exp_s > now_s.saturating_add(self.rules.life_s_max).saturating_add(CLOCK_SKEW_S_MAX) {
            Err(Refused::new(TokenError::Invalid, "exp is further ahead than is set"))
        } else {
            Ok(verified.caller.clone())
        }
    }
}

impl Current {
    fn verify_signature(&self, token: &str, rules: &TokenRules) -> Result<Verified, Fault> {
        let header =
            decode_header(token).map_err(|_| "it is no signed token, or its header's alg is unknown")?;
        let key = self.keys.find(&header)?;
        let payload = decode::<Payload>(token, &key.decoding, &key.validation);
        let payload =
            payload.map_err(|_| "its signature isn't its key's, or its claims are no JSON object")?;
        let said = Presented::read(&payload.claims.0, rules)?;
        let caller = Caller {
            subject: said.subject,
            // A number of the token itself, so that what it did can be told from what others did.
            token_id: said.token_id.unwrap_or_else(|| format!("sha256:{}", sha256(token))),
            issued_at_s: said.issued_at_s,
            channel_code: said.channel_code,
            scopes: said.scopes,
            accounts: said.accounts,
        };
        let (nbf_s, exp_s) = (said.nbf_s, said.exp_s);
        Ok(Verified { caller: Arc::new(caller), nbf_s, exp_s, generation: self.generation })
    }
}

/// The keys of a set. Whoever runs the server hears of those left out: a token of theirs would be refused.
fn keys_of(text: &str) -> Result<Keys, KeyError> {
    let (keys, left_out) = Keys::from_jwks(text)?;
    for reason in left_out {
        tracing::warn!(%reason, "a key of the JWK Set isn't used");
    }
    Ok(keys)
}

fn read(path: &Path) -> Result<String, KeyError> {
    let failed = |error: std::io::Error| KeyError(format!("{}: {error}", path.display()));
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    let len = file.take(JWKS_LEN_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    if len as u64 > JWKS_LEN_MAX {
        return Err(KeyError(format!("{}: longer than {JWKS_LEN_MAX} bytes", path.display())));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::access::{Revocation, Revocations};

    const SECRET: &str = "a secret of more than thirty-two bytes";

    fn token(claims: &Value) -> String {
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        encode(&Header::new(Algorithm::HS256), claims, &key).expect("a token")
    }

    #[test]
    fn a_token_that_was_given_later_than_any_clock_says_does_not_hold_yet() {
        let verifier = Verifier::from_secret(SECRET, TokenRules::default()).expect("a secret");
        for (given_s, expected) in
            [(1_000, Ok(1_000)), (1_060, Ok(1_060)), (1_061, Err(TokenError::NotYetValid))]
        {
            let claims = json!({
                "iss": "granary", "aud": "granary", "sub": "s", "jti": "1", "channel": "C", "scope": "",
                "iat": given_s, "nbf": 0, "exp": 9_000,
            });
            let verified = verifier.verify(&token(&claims), 1_000_000);
            let verified = verified.map(|caller| caller.issued_at_s).map_err(|refused| refused.error);
            assert_eq!(verified, expected, "{given_s}");
        }
    }

    #[test]
    fn a_token_that_is_not_dated_holds_and_counts_as_given_before_all_others() {
        let verifier = Verifier::from_secret(SECRET, TokenRules::default()).expect("a secret");
        let claims = json!({
            "iss": "granary", "aud": "granary", "sub": "s", "channel": "C", "scope": "", "exp": 9_000,
        });
        let caller = verifier.verify(&token(&claims), 1_000_000).expect("a token that holds");
        let mut revocations = Revocations::default();
        assert!(!revocations.has(&caller.token_id, &caller.subject, caller.issued_at_s));
        revocations.insert(Revocation::Subject("s".to_owned()), 0);
        assert!(revocations.has(&caller.token_id, &caller.subject, caller.issued_at_s));
    }

    #[test]
    fn the_issuer_is_one_and_no_list() {
        let verifier = Verifier::from_secret(SECRET, TokenRules::default()).expect("a secret");
        let cases = [
            (json!("granary"), true),
            (json!("other"), false),
            (json!(["granary"]), false),
            (json!(["other", "granary"]), false),
            (Value::Null, false),
        ];
        for (issuer, is_taken) in cases {
            let claims = json!({
                "iss": issuer, "aud": "granary", "sub": "s", "jti": "1", "channel": "C", "scope": "",
                "nbf": 0, "exp": 10,
            });
            assert_eq!(verifier.verify(&token(&claims), 5_000).is_ok(), is_taken, "{issuer}");
        }
    }
}
