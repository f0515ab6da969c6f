//! The keys that tokens are verified with: one shared secret (HS256), or the public keys of a JWK Set
//! (RFC 7517) by their `kid`. Each key has one algorithm, and a token that names another is refused.

use std::collections::HashMap;
use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde_json::Value;

/// Bytes of the shared secret at least.
const SECRET_LEN_MIN: usize = 32;
/// Bits of an RSA key at least.
const RSA_BITS_MIN: usize = 2_048;
/// `aud` of every token.
pub(super) const AUDIENCE: &str = "granary";
/// Members that only a private or a symmetric key has.
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Why keys can't be used, in words for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError(pub String);

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeyError {}

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
    fn new(algorithm: Algorithm, decoding: DecodingKey, issuer: &str) -> Self {
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // Time is checked by the clock that everything else goes by, on each use of the token.
        validation.validate_exp = false;
        validation.validate_nbf = false;
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
    pub(super) fn from_secret(secret: &str, issuer: &str) -> Result<Self, KeyError> {
        check_secret(secret)?;
        let decoding = DecodingKey::from_secret(secret.as_bytes());
        Ok(Self::Secret(Box::new(VerifyingKey::new(Algorithm::HS256, decoding, issuer))))
    }

    /// Reads a JWK Set. Keys for other uses or algorithms are left out.
    pub(super) fn from_jwks(text: &str, issuer: &str) -> Result<Self, KeyError> {
        let set: Value =
            serde_json::from_str(text).map_err(|error| KeyError(format!("not JSON: {error}")))?;
        let members = set["keys"]
            .as_array()
            .ok_or_else(|| KeyError("no list of `keys`; it must be a JWK Set".into()))?;
        let mut keys = HashMap::new();
        for (index, member) in members.iter().enumerate() {
            let in_place = |error: KeyError| KeyError(format!("key {index}: {error}"));
            let Some((algorithm, decoding)) = public_key(member).map_err(in_place)? else { continue };
            let kid = member["kid"].as_str().filter(|kid| !kid.is_empty());
            let kid = kid.ok_or_else(|| in_place(KeyError("it has no `kid`".to_owned())))?;
            if keys.insert(kid.to_owned(), VerifyingKey::new(algorithm, decoding, issuer)).is_some() {
                return Err(in_place(KeyError("another key has the same `kid`".to_owned())));
            }
        }
        if keys.is_empty() {
            return Err(KeyError("no key for EdDSA, ES256 or RS256 signatures".to_owned()));
        }
        Ok(Self::Set(keys))
    }

    /// The key that a token with this header must be verified with. Keys that the token brings or
    /// points to are not looked at: such a token is refused.
    pub(super) fn find(&self, header: &Header) -> Option<&VerifyingKey> {
        let brings_keys =
            header.jku.is_some() || header.jwk.is_some() || header.x5u.is_some() || header.x5c.is_some();
        let is_typed_otherwise = header.typ.as_ref().is_some_and(|typ| {
            !["JWT", "at+jwt", "application/at+jwt"].iter().any(|known| known.eq_ignore_ascii_case(typ))
        });
        if brings_keys || header.crit.is_some() || is_typed_otherwise {
            return None;
        }
        let key = match self {
            Self::Secret(key) => key,
            Self::Set(keys) => keys.get(header.kid.as_ref()?)?,
        };
        key.validation.algorithms.contains(&header.alg).then_some(key)
    }
}

/// The key of a JWK and its algorithm; `None` for a key of another use or algorithm.
fn public_key(jwk: &Value) -> Result<Option<(Algorithm, DecodingKey)>, KeyError> {
    if PRIVATE_MEMBERS.iter().any(|member| jwk.get(member).is_some()) {
        return Err(KeyError("it is a private or symmetric key; only public keys belong here".to_owned()));
    }
    let word = |name: &str| jwk[name].as_str().unwrap_or_default();
    let is_for_signatures = jwk.get("use").is_none_or(|purpose| purpose == "sig");
    let algorithm = match (word("kty"), word("crv"), word("alg")) {
        ("OKP", "Ed25519", "" | "EdDSA" | "Ed25519") => Algorithm::EdDSA,
        ("EC", "P-256", "" | "ES256") => Algorithm::ES256,
        ("RSA", _, "" | "RS256") => Algorithm::RS256,
        _ => return Ok(None),
    };
    if !is_for_signatures {
        return Ok(None);
    }
    if algorithm == Algorithm::RS256 && rsa_bits(word("n")) < RSA_BITS_MIN {
        return Err(KeyError(format!("an RSA key must have {RSA_BITS_MIN} bits or more")));
    }
    let decoding = match algorithm {
        Algorithm::EdDSA => DecodingKey::from_ed_components(word("x")),
        Algorithm::ES256 => DecodingKey::from_ec_components(word("x"), word("y")),
        _ => DecodingKey::from_rsa_components(word("n"), word("e")),
    };
    let decoding = decoding.map_err(|error| KeyError(format!("it can't be read: {error}")))?;
    Ok(Some((algorithm, decoding)))
}

/// Bits of a modulus in base64url, up to the nearest byte.
fn rsa_bits(modulus: &str) -> usize {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(modulus).unwrap_or_default();
    8 * bytes.iter().skip_while(|byte| **byte == 0).count()
}
