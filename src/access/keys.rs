//! The keys that tokens are verified with: one shared secret (HS256), or the public keys of a JWK Set
//! (RFC 7517) by their `kid`. Each key has one algorithm, and a token that names another is refused.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde_json::Value;

use super::jwk::{KeyError, public_key};

/// Bytes of the shared secret at least.
const SECRET_LEN_MIN: usize = 32;
/// Keys of a set that are looked at.
const KEYS_MAX: usize = 100;

/// Fails where a shared secret is too short.
pub(super) fn check_secret(secret: &str) -> Result<(), KeyError> {
    if secret.len() < SECRET_LEN_MIN {
        return Err(KeyError(format!("the secret must be {SECRET_LEN_MIN} bytes or longer")));
    }
    Ok(())
}

/// A key with the only algorithm it may be used with.
pub(super) struct VerifyingKey {
    pub(super) decoding: DecodingKey,
    pub(super) validation: Validation,
}

impl VerifyingKey {
    fn new(algorithm: Algorithm, decoding: DecodingKey) -> Self {
        let mut validation = Validation::new(algorithm);
        // What the token says is looked at once the signature is found right, so that the log can name the claim. Time
        // is checked by the clock that everything else goes by, on each use of the token.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        Self { decoding, validation }
    }
}

/// All keys of this server.
pub(super) enum Keys {
    /// One shared secret.
    Secret(Box<VerifyingKey>),
    /// Public keys, by `kid`.
    Set(HashMap<String, VerifyingKey>),
}

impl Keys {
    pub(super) fn from_secret(secret: &str) -> Result<Self, KeyError> {
        check_secret(secret)?;
        let decoding = DecodingKey::from_secret(secret.as_bytes());
        Ok(Self::Secret(Box::new(VerifyingKey::new(Algorithm::HS256, decoding))))
    }

    /// Reads a JWK Set. Keys that can't be used are left out, and come with the reason.
    pub(super) fn from_jwks(text: &str) -> Result<(Self, Vec<KeyError>), KeyError> {
        let set: Value =
            serde_json::from_str(text).map_err(|error| KeyError(format!("not JSON: {error}")))?;
        let members = set["keys"]
            .as_array()
            .ok_or_else(|| KeyError("no list of `keys`; it must be a JWK Set".into()))?;
        if members.len() > KEYS_MAX {
            return Err(KeyError(format!("more than {KEYS_MAX} keys")));
        }
        let (mut keys, mut left_out) = (HashMap::new(), Vec::new());
        for (index, member) in members.iter().enumerate() {
            if let Err(error) = take_in(&mut keys, member) {
                left_out.push(KeyError(format!("key {index}: {error}")));
            }
        }
        if keys.is_empty() {
            let reasons = left_out.iter().map(|error| format!("; {error}")).collect::<String>();
            return Err(KeyError(format!("no key for EdDSA, ES256 or RS256 signatures{reasons}")));
        }
        Ok((Self::Set(keys), left_out))
    }

    /// The key that a token with this header must be verified with, or why there is none. Keys that the token brings
    /// or points to are not looked at: such a token is refused.
    pub(super) fn find(&self, header: &Header) -> Result<&VerifyingKey, &'static str> {
        if header.jku.is_some() || header.jwk.is_some() || header.x5u.is_some() || header.x5c.is_some() {
            return Err("its header brings a key");
        }
        let is_typed_otherwise = header.typ.as_ref().is_some_and(|typ| {
            !["JWT", "at+jwt", "application/at+jwt"].iter().any(|known| known.eq_ignore_ascii_case(typ))
        });
        if header.crit.is_some() || is_typed_otherwise {
            return Err("its header's typ or crit is none that is known");
        }
        let key = match self {
            Self::Secret(key) => key,
            Self::Set(keys) => {
                let kid = header.kid.as_ref().ok_or("its header names no kid")?;
                keys.get(kid).ok_or("its header's kid is none of the JWK Set's")?
            }
        };
        let is_keys = key.validation.algorithms.contains(&header.alg);
        is_keys.then_some(key).ok_or("its header's alg isn't its key's")
    }
}

fn take_in(keys: &mut HashMap<String, VerifyingKey>, member: &Value) -> Result<(), KeyError> {
    let (algorithm, decoding) = public_key(member)?;
    let kid = member["kid"].as_str().filter(|kid| !kid.is_empty());
    let kid = kid.ok_or_else(|| KeyError("it has no `kid`".to_owned()))?;
    match keys.entry(kid.to_owned()) {
        Entry::Occupied(_) => Err(KeyError("one before it has the same `kid`".to_owned())),
        Entry::Vacant(place) => {
            place.insert(VerifyingKey::new(algorithm, decoding));
            Ok(())
        }
    }
}
