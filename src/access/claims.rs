//! What a token must say, and under which names its issuer says it. It knows no keys and no clock, and never repeats
//! what a claim says: a fault names the claim alone.

use serde_json::{Map, Value};

use super::caller::Scope;
use crate::domain::access::is_token_text;

/// `iss` and `aud` of every token, unless set otherwise.
pub const GRANARY: &str = "granary";
/// How far ahead `exp` may be unless set otherwise, in seconds: a year and a day.
pub const LIFE_S_MAX_DEFAULT: i64 = 366 * 86_400;

/// What tokens must say to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// Their `iss`.
    pub issuer: String,
    /// Their `aud`, or one of them.
    pub audience: String,
    /// How far ahead their `exp` may be, in seconds.
    pub life_s_max: i64,
    /// Under which names they say what only granary asks for.
    pub names: ClaimNames,
}

impl Default for TokenRules {
    fn default() -> Self {
        Self {
            issuer: GRANARY.to_owned(),
            audience: GRANARY.to_owned(),
            life_s_max: LIFE_S_MAX_DEFAULT,
            names: ClaimNames::default(),
        }
    }
}

/// Names of claims: each is looked for as it stands, and then as a path, its steps separated by dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimNames {
    /// Of the channel's code.
    pub channel: String,
    /// Of the rights; `scope` and `scp` unless set.
    pub scope: Option<String>,
    /// Of a customer's accounts.
    pub accounts: String,
    /// Of roles, which are taken as rights where they have their names; none unless set.
    pub role: Option<String>,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self { channel: "channel".to_owned(), scope: None, accounts: "accounts".to_owned(), role: None }
    }
}

impl ClaimNames {
    /// Where rights may stand.
    fn of_scopes(&self) -> impl Iterator<Item = &str> {
        let usual = if self.scope.is_none() { &["scope", "scp"][..] } else { &[] };
        usual.iter().copied().chain(self.scope.as_deref()).chain(self.role.as_deref())
    }
}

/// What a token made anywhere says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Presented {
    pub(super) subject: String,
    pub(super) token_id: Option<String>,
    pub(super) channel_code: String,
    pub(super) scopes: Vec<Scope>,
    pub(super) accounts: Option<Vec<String>>,
    /// Seconds since 1970, as the following; the least where the token isn't dated at all.
    pub(super) issued_at_s: i64,
    pub(super) nbf_s: Option<i64>,
    pub(super) exp_s: i64,
}

/// Which claim keeps a token from being taken, in words for the log.
pub(super) type Fault = String;

impl Presented {
    /// Reads the claims, each of its kind. One may be absent where that is said, but never null: a customer's token
    /// that names no accounts by `null` must not become a channel's.
    pub(super) fn read(claims: &Map<String, Value>, rules: &TokenRules) -> Result<Self, Fault> {
        let names = &rules.names;
        if text(claims, "iss")? != Some(rules.issuer.as_str()) {
            return fault("iss", "is not the issuer that is set");
        }
        if !words(claims, "aud", Words::Whole)?.is_some_and(|all| all.contains(&rules.audience.as_str())) {
            return fault("aud", "is not the audience that is set, and doesn't list it");
        }
        let subject = needed("sub", text(claims, "sub")?)?;
        let token_id = text(claims, "jti")?;
        for (name, text) in [("sub", Some(subject)), ("jti", token_id)] {
            if !text.is_none_or(is_token_text) {
                return fault(name, "is empty, too long or holds a control character");
            }
        }
        let channel = needed(&names.channel, text(claims, &names.channel)?)?;
        let accounts = accounts(claims, &names.accounts)?;
        let (issued_at_s, nbf_s) = (instant(claims, "iat")?, instant(claims, "nbf")?);
        Ok(Self {
            subject: subject.to_owned(),
            token_id: token_id.map(str::to_owned),
            channel_code: channel.to_owned(),
            scopes: scopes(claims, names)?,
            accounts,
            issued_at_s: issued_at_s.or(nbf_s).unwrap_or(i64::MIN),
            nbf_s,
            exp_s: needed("exp", instant(claims, "exp")?)?,
        })
    }
}

fn fault<T>(name: &str, words: &str) -> Result<T, Fault> {
    Err(format!("{name} {words}"))
}

fn needed<T>(name: &str, value: Option<T>) -> Result<T, Fault> {
    value.map_or_else(|| fault(name, "is absent"), Ok)
}

/// The claim of this name or, where there is none, the one that the name leads to. A name that ends in something
/// that has no claims is a fault: the claim isn't absent, it can't be found.
fn find<'a>(claims: &'a Map<String, Value>, name: &str) -> Result<Option<&'a Value>, Fault> {
    if let Some(value) = claims.get(name) {
        return if value.is_null() { fault(name, "is null") } else { Ok(Some(value)) };
    }
    for (dot, _) in name.match_indices('.') {
        let (step, rest) = (&name[..dot], &name[dot + 1..]);
        match claims.get(step) {
            Some(Value::Object(inner)) => {
                return find(inner, rest).map_err(|fault| format!("{step}.{fault}"));
            }
            Some(_) => return fault(step, "has no claims in it"),
            None => {}
        }
    }
    Ok(None)
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Fault> {
    let Some(value) = find(claims, name)? else { return Ok(None) };
    value.as_str().map_or_else(|| fault(name, "is no text"), |text| Ok(Some(text)))
}

/// Whether a text is one word or several with spaces between them.
#[derive(Clone, Copy)]
enum Words {
    Whole,
    Separated,
}

/// The words of a claim: a text, or a list of texts.
fn words<'a>(claims: &'a Map<String, Value>, name: &str, form: Words) -> Result<Option<Vec<&'a str>>, Fault> {
    let Some(value) = find(claims, name)? else { return Ok(None) };
    let texts: Option<Vec<&str>> = match value {
        Value::String(text) => Some(vec![text.as_str()]),
        Value::Array(texts) => texts.iter().map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    };
    let Some(texts) = texts else { return fault(name, "is neither a text nor a list of texts") };
    Ok(Some(match form {
        Words::Whole => texts,
        Words::Separated => texts.into_iter().flat_map(|text| text.split(' ')).collect(),
    }))
}

/// All rights that the token names anywhere; words that are none are left out.
fn scopes(claims: &Map<String, Value>, names: &ClaimNames) -> Result<Vec<Scope>, Fault> {
    let (mut scopes, mut is_any_there) = (Vec::new(), false);
    for name in names.of_scopes() {
        let Some(words) = words(claims, name, Words::Separated)? else { continue };
        is_any_there = true;
        for scope in words.into_iter().filter_map(Scope::from_word) {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
    }
    match is_any_there {
        true => Ok(scopes),
        false => fault(&names.of_scopes().collect::<Vec<_>>().join(", "), "is absent"),
    }
}

fn accounts(claims: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, Fault> {
    let Some(value) = find(claims, name)? else { return Ok(None) };
    let own = value.as_array().and_then(|all| {
        all.iter().map(|number| number.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
    });
    own.map_or_else(|| fault(name, "is no list of texts"), |own| Ok(Some(own)))
}

/// Seconds since 1970, fractions cut off (RFC 7519, section 2).
fn instant(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, Fault> {
    let Some(value) = find(claims, name)? else { return Ok(None) };
    let Value::Number(number) = value else { return fault(name, "is no number") };
    let whole = number.to_string();
    let whole = whole.split_once('.').map_or(whole.as_str(), |(whole, _)| whole);
    let whole = whole.parse().ok().filter(|seconds| *seconds >= 0);
    whole.map_or_else(|| fault(name, "counts no seconds since 1970"), |seconds| Ok(Some(seconds)))
}
