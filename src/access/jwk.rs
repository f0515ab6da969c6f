//! One key of a JWK Set (RFC 7517, 7518, 8037), read as providers write it. Of a key that can't be used it says why; it
//! never takes one that could also sign.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

/// Bits of an RSA key, up to the next byte.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;
/// Bytes of an RSA key's exponent; mostly three.
const EXPONENT_LEN_MAX: usize = 5;
/// Bytes of a coordinate on P-256, and of an Ed25519 key.
const POINT_LEN: usize = 32;
/// Members that only a private or a symmetric key has.
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
/// Characters of a value that are shown.
const SHOWN_LEN: usize = 40;

/// Why keys can't be used, in words for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError(pub String);

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeyError {}

/// A kind of key: its one algorithm, the names under which a set may say so, and how it is read.
type Kind = (Algorithm, &'static [&'static str], fn(&Value) -> Result<DecodingKey, KeyError>);

const ED25519: Kind = (Algorithm::EdDSA, &["EdDSA", "Ed25519"], ed25519);
const P256: Kind = (Algorithm::ES256, &["ES256"], p256);
const RSA: Kind = (Algorithm::RS256, &["RS256"], rsa);

/// The key and the only algorithm it may be used with.
pub(super) fn public_key(jwk: &Value) -> Result<(Algorithm, DecodingKey), KeyError> {
    let refuse = |words: String| Err(KeyError(words));
    let word = |name: &str| jwk[name].as_str().unwrap_or_default();
    if PRIVATE_MEMBERS.iter().any(|member| jwk.get(member).is_some()) {
        return refuse("it is a private or symmetric key; only public keys belong here".to_owned());
    }
    if let Some(purpose) = jwk.get("use").filter(|purpose| *purpose != "sig") {
        return refuse(format!("its use is {}, not \"sig\"", shown(purpose)));
    }
    let verifies = |uses: &Value| uses.as_array().is_some_and(|uses| uses.iter().any(|one| one == "verify"));
    if let Some(uses) = jwk.get("key_ops").filter(|uses| !verifies(uses)) {
        return refuse(format!("its key_ops are {}, without \"verify\"", shown(uses)));
    }
    let (algorithm, names, read) = match (word("kty"), word("crv")) {
        ("OKP", "Ed25519") => ED25519,
        ("EC", "P-256") => P256,
        ("RSA", _) => RSA,
        _ => {
            let (kind, curve) = (shown(&jwk["kty"]), shown(&jwk["crv"]));
            return refuse(format!(
                "its kty is {kind} and its crv {curve}; Ed25519, P-256 and RSA are taken"
            ));
        }
    };
    let is_another = |alg: &Value| !alg.as_str().is_some_and(|alg| names.contains(&alg));
    if let Some(alg) = jwk.get("alg").filter(|alg| is_another(alg)) {
        return refuse(format!("its alg is {}; of its kind {} is taken", shown(alg), names[0]));
    }
    Ok((algorithm, read(jwk)?))
}

fn ed25519(jwk: &Value) -> Result<DecodingKey, KeyError> {
    let key = octets(jwk, "x")?;
    if key.len() != POINT_LEN {
        return Err(KeyError(format!("its x has {} bytes, not {POINT_LEN}", key.len())));
    }
    built(DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(key)))
}

fn p256(jwk: &Value) -> Result<DecodingKey, KeyError> {
    let coordinate = |name: &str| {
        let number = without_zeros(octets(jwk, name)?);
        let missing = POINT_LEN.checked_sub(number.len());
        let missing =
            missing.ok_or_else(|| KeyError(format!("its {name} has more than {POINT_LEN} bytes")))?;
        Ok(URL_SAFE_NO_PAD.encode([vec![0; missing], number].concat()))
    };
    built(DecodingKey::from_ec_components(&coordinate("x")?, &coordinate("y")?))
}

fn rsa(jwk: &Value) -> Result<DecodingKey, KeyError> {
    let (modulus, exponent) = (without_zeros(octets(jwk, "n")?), without_zeros(octets(jwk, "e")?));
    let bits = 8 * modulus.len();
    if !RSA_BITS.contains(&bits) {
        let (least, most) = RSA_BITS.into_inner();
        return Err(KeyError(format!("an RSA key must have {least} to {most} bits, and it has {bits}")));
    }
    let is_odd = exponent.last().is_some_and(|last| last % 2 == 1);
    if !is_odd || exponent == [1] || exponent.len() > EXPONENT_LEN_MAX {
        return Err(KeyError("its e is no exponent of an RSA key".to_owned()));
    }
    Ok(DecodingKey::from_rsa_raw_components(&modulus, &exponent))
}

fn built(key: jsonwebtoken::errors::Result<DecodingKey>) -> Result<DecodingKey, KeyError> {
    key.map_err(|error| KeyError(format!("it can't be read: {error}")))
}

/// The bytes of a member in base64url, padded or not.
fn octets(jwk: &Value, name: &str) -> Result<Vec<u8>, KeyError> {
    let text = jwk[name].as_str().map(|text| text.trim_end_matches('='));
    let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    bytes.ok_or_else(|| KeyError(format!("it has no {name} in base64url")))
}

/// A number as it must be written: some libraries put a zero octet before one whose first bit is set.
fn without_zeros(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    number.drain(..zeros);
    number
}

/// A value of the set as a message shows it.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN_LEN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
