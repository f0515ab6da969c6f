//! What tokens must say, as it is set: an identity provider has names of its own for what granary asks for. It reads no
//! token.

use anyhow::{anyhow, bail};
use clap::Args;

use super::times::parse_time_s;
use crate::access::claims::{ClaimNames, TokenRules};

/// How far ahead `exp` may ever be, in seconds: ten years.
const LIFE_S_MAX: i64 = 3_660 * 86_400;

/// What is said of tokens on the command line or, after it, in the environment or the file.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct TokenSettings {
    /// The iss of tokens; also GRANARY_JWT_ISSUER [default: granary]
    #[arg(long, value_name = "TEXT")]
    pub(super) jwt_issuer: Option<String>,
    /// The aud of tokens, or one of several; also GRANARY_JWT_AUDIENCE [default: granary]
    #[arg(long, value_name = "TEXT")]
    pub(super) jwt_audience: Option<String>,
    /// Claims that have other names, such as channel=azp,role=realm_access.roles; also GRANARY_JWT_CLAIM
    ///
    /// Of channel, scope, accounts and role. A name is looked for as it stands, then as a path. What a role is called
    /// counts as a word of scope.
    #[arg(long, value_name = "WHAT=NAME,…")]
    pub(super) jwt_claim: Option<String>,
    /// How far ahead the exp of tokens may be, such as 12h; also GRANARY_JWT_LIFE_MAX [default: 366d]
    #[arg(long, value_name = "TIME")]
    pub(super) jwt_life_max: Option<String>,
}

impl TokenSettings {
    /// The rules of tokens, of which the usual ones hold where nothing else is set.
    pub(super) fn rules(self) -> anyhow::Result<TokenRules> {
        let usual = TokenRules::default();
        let text = |name: &str, set: Option<String>, usual: String| match set {
            Some(text) if text.is_empty() => bail!("{name} is empty"),
            set => Ok(set.unwrap_or(usual)),
        };
        Ok(TokenRules {
            issuer: text("the issuer of tokens", self.jwt_issuer, usual.issuer)?,
            audience: text("the audience of tokens", self.jwt_audience, usual.audience)?,
            life_s_max: self.jwt_life_max.map_or(Ok(usual.life_s_max), |text| life(&text))?,
            names: self.jwt_claim.map_or(Ok(usual.names), |text| claim_names(&text))?,
        })
    }
}

fn life(text: &str) -> anyhow::Result<i64> {
    let life_s = parse_time_s(text).filter(|life_s| (1..=LIFE_S_MAX).contains(life_s));
    life_s.ok_or_else(|| anyhow!("--jwt-life-max is a number and s, m, h or d, up to 3660d: 15m, 12h, 366d"))
}

fn claim_names(text: &str) -> anyhow::Result<ClaimNames> {
    let (mut channel, mut scope, mut accounts, mut role) = (None, None, None, None);
    for pair in text.split(',') {
        let (what, name) = pair.split_once('=').unwrap_or((pair, ""));
        let place = match what.trim() {
            "channel" => &mut channel,
            "scope" => &mut scope,
            "accounts" => &mut accounts,
            "role" => &mut role,
            other => bail!("--jwt-claim doesn't know {other:?}; it names channel, scope, accounts and role"),
        };
        let name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        if name.is_none() || place.is_some() {
            bail!("--jwt-claim names the claim of {what} once: {what}=NAME");
        }
        *place = name;
    }
    let usual = ClaimNames::default();
    Ok(ClaimNames {
        channel: channel.unwrap_or(usual.channel),
        scope,
        accounts: accounts.unwrap_or(usual.accounts),
        role,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_named_once_each() {
        let names =
            claim_names("channel=azp, role=resource_access.granary.roles,accounts=https://granary/a=b");
        let expected = ClaimNames {
            channel: "azp".to_owned(),
            scope: None,
            accounts: "https://granary/a=b".to_owned(),
            role: Some("resource_access.granary.roles".to_owned()),
        };
        assert_eq!(names.ok(), Some(expected));
        for text in ["", "channel", "channel=", "subject=x", "channel=a,channel=b", "channel=a,"] {
            assert!(claim_names(text).is_err(), "{text:?}");
        }
    }
}
