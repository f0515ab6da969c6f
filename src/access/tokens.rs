//! Tokens: JSON Web Tokens (RFC 7519). Verified once, then remembered by their digest until they
//! expire or the keys change.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jsonwebtoken::{Algorithm, EncodingKey, Header, decode, decode_header, encode};
use moka::sync::Cache;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use super::caller::{Caller, Scope};
use super::keys::{AUDIENCE, KeyError, Keys, check_secret};
use crate::domain::access::{CLOCK_SKEW_S_MAX, is_token_text};

/// `iss` of every token, unless set otherwise.
pub const ISSUER_DEFAULT: &str = "granary";
/// Length of a token at most.
const TOKEN_LEN_MAX: usize = 8 * 1024;
/// Verified tokens remembered.
const CACHE_LEN_MAX: u64 = 10_000;

/// What a token made here says, less `iss` and `aud`. Instants are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// Who it was given to.
    pub sub: String,
    /// Channel they come through.
    pub channel: String,
    /// Rights, separated by spaces.
    pub scope: String,
    /// Of a customer: the only accounts they may see.
    #[serde(skip_serializing_if = "Option::is_none")]
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

#[derive(Serialize)]
struct Minted<'a> {
    iss: &'a str,
    aud: &'static str,
    #[serde(flatten)]
    claims: &'a Claims,
}

/// What a token made anywhere says.
#[derive(Deserialize)]
struct Presented {
    /// Compared by the library, which would take a list that contains the right one too.
    #[serde(rename = "iss")]
    _issuer: String,
    sub: String,
    channel: String,
    scope: String,
    #[serde(default, deserialize_with = "present")]
    accounts: Option<Vec<String>>,
    #[serde(default, deserialize_with = "present")]
    iat: Option<NumericDate>,
    nbf: NumericDate,
    exp: NumericDate,
    jti: String,
}

/// A claim that may be absent but not null: a customer's token that names no accounts by `null` must
/// not become a channel's.
fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Seconds since 1970, fractions cut off (RFC 7519, section 2).
#[derive(Deserialize)]
#[serde(try_from = "serde_json::Number")]
struct NumericDate(i64);

impl TryFrom<serde_json::Number> for NumericDate {
    type Error = &'static str;

    fn try_from(number: serde_json::Number) -> Result<Self, Self::Error> {
        let whole = number.to_string();
        let whole = whole.split_once('.').map_or(whole.as_str(), |(whole, _)| whole);
        whole.parse().map(Self).map_err(|_| "an instant counts seconds since 1970")
    }
}

/// Why a token is refused, or can't be made.
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

/// Makes tokens with a shared secret.
pub struct Mint {
    key: EncodingKey,
    issuer: String,
}

impl Mint {
    /// With a secret of at least 32 bytes.
    ///
    /// # Errors
    /// A secret that is shorter.
    pub fn new(secret: &str, issuer: &str) -> Result<Self, KeyError> {
        check_secret(secret)?;
        Ok(Self { key: EncodingKey::from_secret(secret.as_bytes()), issuer: issuer.to_owned() })
    }

    /// Signs a token.
    ///
    /// # Errors
    /// [`TokenError::Invalid`] where the claims can't be written.
    pub fn mint(&self, claims: &Claims) -> Result<String, TokenError> {
        let minted = Minted { iss: &self.issuer, aud: AUDIENCE, claims };
        encode(&Header::new(Algorithm::HS256), &minted, &self.key).map_err(|_| TokenError::Invalid)
    }
}

/// Turns tokens into callers.
pub struct Verifier {
    current: RwLock<Arc<Current>>,
    issuer: String,
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
    /// The later of `nbf` and `iat`.
    from: i64,
    exp: i64,
    generation: u64,
}

impl Verifier {
    /// Verifies tokens signed with a shared secret (HS256) of at least 32 bytes.
    ///
    /// # Errors
    /// A secret that is shorter.
    pub fn from_secret(secret: &str, issuer: &str) -> Result<Self, KeyError> {
        Ok(Self::new(Keys::from_secret(secret, issuer)?, issuer, None))
    }

    /// Verifies tokens signed with keys of a JWK Set in a file (EdDSA, ES256, RS256).
    ///
    /// # Errors
    /// A file that can't be read, or that isn't a set of usable public keys.
    pub fn from_jwks_file(path: PathBuf, issuer: &str) -> Result<Self, KeyError> {
        let text = read(&path)?;
        let keys = Keys::from_jwks(&text, issuer)?;
        Ok(Self::new(keys, issuer, Some(JwksFile { path, text: Mutex::new(text) })))
    }

    fn new(keys: Keys, issuer: &str, jwks: Option<JwksFile>) -> Self {
        let current = RwLock::new(Arc::new(Current { keys, generation: 0 }));
        Self { current, issuer: issuer.to_owned(), jwks, verified: Cache::new(CACHE_LEN_MAX) }
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
        let keys = Keys::from_jwks(&text, &self.issuer)?;
        *known = text;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(Current { keys, generation: current.generation + 1 });
        Ok(true)
    }

    /// Verifies a token as of `now_ms` (milliseconds since 1970).
    ///
    /// # Errors
    /// Not ours, expired, or not valid yet.
    pub fn verify(&self, token: &str, now_ms: i64) -> Result<Arc<Caller>, TokenError> {
        if token.len() > TOKEN_LEN_MAX {
            return Err(TokenError::Invalid);
        }
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let known = self.verified.get(&digest).filter(|known| known.generation == current.generation);
        let verified = match known {
            Some(verified) => verified,
            None => {
                let verified = Arc::new(current.verify_signature(token).ok_or(TokenError::Invalid)?);
                self.verified.insert(digest, verified.clone());
                verified
            }
        };
        let now_s = now_ms.div_euclid(1_000);
        if now_s >= verified.exp.saturating_add(CLOCK_SKEW_S_MAX) {
            Err(TokenError::Expired)
        } else if now_s < verified.from.saturating_sub(CLOCK_SKEW_S_MAX) {
            Err(TokenError::NotYetValid)
        } else {
            Ok(verified.caller.clone())
        }
    }
}

impl Current {
    fn verify_signature(&self, token: &str) -> Option<Verified> {
        let key = self.keys.find(&decode_header(token).ok()?)?;
        let claims = decode::<Presented>(token, &key.decoding, &key.validation).ok()?.claims;
        if !is_token_text(&claims.sub) || !is_token_text(&claims.jti) {
            return None;
        }
        let (nbf, exp) = (claims.nbf.0, claims.exp.0);
        let issued_at_s = claims.iat.map_or(nbf, |iat| iat.0);
        let caller = Caller {
            subject: claims.sub,
            token_id: claims.jti,
            issued_at_s,
            channel_code: claims.channel,
            scopes: claims.scope.split(' ').filter_map(Scope::from_word).collect(),
            accounts: claims.accounts,
        };
        // What claims to be given later than any clock can say would outlive a revocation of its subject.
        let from = nbf.max(issued_at_s);
        Some(Verified { caller: Arc::new(caller), from, exp, generation: self.generation })
    }
}

fn read(path: &std::path::Path) -> Result<String, KeyError> {
    std::fs::read_to_string(path).map_err(|error| KeyError(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &str = "a secret of more than thirty-two bytes";

    fn token(claims: &Value) -> String {
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        encode(&Header::new(Algorithm::HS256), claims, &key).expect("a token")
    }

    #[test]
    fn a_token_that_was_given_later_than_any_clock_says_does_not_hold_yet() {
        let verifier = Verifier::from_secret(SECRET, ISSUER_DEFAULT).expect("a secret");
        for (given_s, expected) in
            [(1_000, Ok(1_000)), (1_060, Ok(1_060)), (1_061, Err(TokenError::NotYetValid))]
        {
            let claims = json!({
                "iss": "granary", "aud": AUDIENCE, "sub": "s", "jti": "1", "channel": "C", "scope": "",
                "iat": given_s, "nbf": 0, "exp": 9_000,
            });
            let verified = verifier.verify(&token(&claims), 1_000_000);
            assert_eq!(verified.map(|caller| caller.issued_at_s), expected, "{given_s}");
        }
    }

    #[test]
    fn the_issuer_is_one_and_no_list() {
        let verifier = Verifier::from_secret(SECRET, ISSUER_DEFAULT).expect("a secret");
        let cases = [
            (json!("granary"), true),
            (json!("other"), false),
            (json!(["granary"]), false),
            (json!(["other", "granary"]), false),
            (Value::Null, false),
        ];
        for (issuer, is_taken) in cases {
            let claims = json!({
                "iss": issuer, "aud": AUDIENCE, "sub": "s", "jti": "1", "channel": "C", "scope": "",
                "nbf": 0, "exp": 10,
            });
            assert_eq!(verifier.verify(&token(&claims), 5_000).is_ok(), is_taken, "{issuer}");
        }
    }
}
