//! Tokens: JSON Web Tokens signed with HS256. Verified once, then remembered by their digest until
//! they expire.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::caller::{Caller, Scope};

/// Bytes of the shared secret at least.
const SECRET_LEN_MIN: usize = 32;
/// Length of a token at most.
const TOKEN_LEN_MAX: usize = 8 * 1024;
/// Clocks may differ by this much.
const SKEW_S: i64 = 60;
/// Verified tokens remembered.
const CACHE_LEN_MAX: u64 = 10_000;
/// `iss` and `aud` of every token.
const GRANARY: &str = "granary";

/// What a token says, less `iss` and `aud`. Instants are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who it was given to.
    pub sub: String,
    /// Channel they come through.
    pub channel: String,
    /// Rights, separated by spaces.
    pub scope: String,
    /// Of a customer: the only accounts they may see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    iss: &'static str,
    aud: &'static str,
    #[serde(flatten)]
    claims: &'a Claims,
}

/// Why a token is refused, or can't be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// The secret is shorter than 32 bytes.
    SecretTooShort,
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
            Self::SecretTooShort => "the secret must be 32 bytes or longer",
            Self::Invalid => "the token is not valid",
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not valid yet",
        })
    }
}

impl std::error::Error for TokenError {}

/// The key that signs and verifies tokens.
pub struct TokenKey {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    verified: Cache<[u8; 32], Arc<Verified>>,
}

/// A token whose signature was found right.
struct Verified {
    caller: Arc<Caller>,
    nbf: i64,
    exp: i64,
}

impl TokenKey {
    /// A key from a shared secret of at least 32 bytes.
    ///
    /// # Errors
    /// [`TokenError::SecretTooShort`].
    pub fn from_secret(secret: &str) -> Result<Self, TokenError> {
        if secret.len() < SECRET_LEN_MIN {
            return Err(TokenError::SecretTooShort);
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[GRANARY]);
        validation.set_audience(&[GRANARY]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // Time is checked here, by the clock that everything else goes by.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Ok(Self {
            encoding: EncodingKey::from_secret(secret.as_bytes()),
            decoding: DecodingKey::from_secret(secret.as_bytes()),
            validation,
            verified: Cache::new(CACHE_LEN_MAX),
        })
    }

    /// Signs a token.
    ///
    /// # Errors
    /// [`TokenError::Invalid`] where the claims can't be written.
    pub fn mint(&self, claims: &Claims) -> Result<String, TokenError> {
        let minted = Minted { iss: GRANARY, aud: GRANARY, claims };
        encode(&Header::new(Algorithm::HS256), &minted, &self.encoding).map_err(|_| TokenError::Invalid)
    }

    /// Verifies a token as of `now_ms` (milliseconds since 1970).
    ///
    /// # Errors
    /// Not ours, expired, or not valid yet.
    pub fn verify(&self, token: &str, now_ms: i64) -> Result<Arc<Caller>, TokenError> {
        if token.len() > TOKEN_LEN_MAX {
            return Err(TokenError::Invalid);
        }
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let verified = match self.verified.get(&digest) {
            Some(verified) => verified,
            None => {
                let verified = Arc::new(self.verify_signature(token)?);
                self.verified.insert(digest, verified.clone());
                verified
            }
        };
        let now_s = now_ms.div_euclid(1_000);
        if now_s >= verified.exp.saturating_add(SKEW_S) {
            Err(TokenError::Expired)
        } else if now_s < verified.nbf.saturating_sub(SKEW_S) {
            Err(TokenError::NotYetValid)
        } else {
            Ok(verified.caller.clone())
        }
    }

    fn verify_signature(&self, token: &str) -> Result<Verified, TokenError> {
        let claims = decode::<Claims>(token, &self.decoding, &self.validation)
            .map_err(|_| TokenError::Invalid)?
            .claims;
        let caller = Caller {
            subject: claims.sub,
            token_id: claims.jti,
            channel_code: claims.channel,
            scopes: claims.scope.split(' ').filter_map(Scope::from_word).collect(),
            accounts: claims.accounts,
        };
        Ok(Verified { caller: Arc::new(caller), nbf: claims.nbf, exp: claims.exp })
    }
}
