//! `granary token`: mints a token for a channel, or for a customer on one.

use anyhow::{anyhow, bail};
use clap::Args;

use super::config::Configuration;
use super::outcome::Outcome;
use super::output::print_line;
use super::system::{SystemClock, random_hex};
use super::times::parse_time_s;
use crate::access::caller::Scope;
use crate::access::tokens::{Claims, Mint};
use crate::domain::account::is_account_number;
use crate::domain::base::clock::Clock;
use crate::domain::base::text::has_control;
use crate::domain::channel::is_channel_code;

const SCOPE_OF_CHANNEL: &str = "bills:read payments:post payments:reverse";
const SCOPE_OF_CUSTOMER: &str = "bills:read";
/// Longest life of a token, in seconds: a year and a day.
const TTL_S_MAX: i64 = 366 * 86_400;
/// Length of a subject, in characters.
const SUBJECT_LEN_MAX: usize = 100;
/// Accounts of one customer.
const ACCOUNTS_MAX: usize = 100;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The channel that shows it
    #[arg(long, value_name = "CODE")]
    channel: String,
    /// Who shows it (a teller, a terminal, a customer); the channel's code unless given
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,
    /// What it allows, words separated by spaces: bills:read payments:post payments:reverse pii:read ops:read
    ///
    /// Unless given: "bills:read payments:post payments:reverse", or "bills:read" with --account.
    #[arg(long, value_name = "WORDS")]
    scope: Option<String>,
    /// For a customer's token: an account it may read, and nothing else; may be repeated
    #[arg(long = "account", value_name = "NUMBER")]
    accounts: Vec<String>,
    /// How long it is good for, such as 30s, 15m, 2h or 1d
    #[arg(long, default_value = "15m", value_name = "TIME", value_parser = parse_ttl)]
    ttl: i64,
}

/// Whom a token is for.
pub(super) struct Bearer<'a> {
    pub(super) channel: &'a str,
    pub(super) subject: &'a str,
    pub(super) scope: &'a str,
    pub(super) accounts: Option<Vec<String>>,
}

/// Prints the token.
pub(super) fn run(configuration: &Configuration, arguments: Arguments) -> anyhow::Result<Outcome> {
    check(&arguments)?;
    let scope = match &arguments.scope {
        Some(scope) => normal_scope(scope)?,
        None if arguments.accounts.is_empty() => SCOPE_OF_CHANNEL.to_owned(),
        None => SCOPE_OF_CUSTOMER.to_owned(),
    };
    let bearer = Bearer {
        channel: &arguments.channel,
        subject: arguments.subject.as_deref().unwrap_or(&arguments.channel),
        scope: &scope,
        accounts: Some(arguments.accounts.clone()).filter(|accounts| !accounts.is_empty()),
    };
    let key = configuration.mint()?;
    if arguments.ttl > key.life_s_max() {
        bail!("--ttl is longer than servers take: {} s (GRANARY_JWT_LIFE_MAX)", key.life_s_max());
    }
    print_line(&mint(&key, bearer, arguments.ttl)?)?;
    Ok(Outcome::Done)
}

/// A token that begins now and ends after `ttl_s` seconds.
pub(super) fn mint(key: &Mint, bearer: Bearer<'_>, ttl_s: i64) -> anyhow::Result<String> {
    let now_s = SystemClock.now_ms().div_euclid(1_000);
    let claims = Claims {
        sub: bearer.subject.to_owned(),
        channel: bearer.channel.to_owned(),
        scope: bearer.scope.to_owned(),
        accounts: bearer.accounts,
        iat: now_s,
        nbf: now_s,
        exp: now_s + ttl_s,
        jti: random_hex::<16>()?,
    };
    Ok(key.mint(&claims)?)
}

fn check(arguments: &Arguments) -> anyhow::Result<()> {
    if !is_channel_code(&arguments.channel) {
        bail!("--channel must be 1 to 32 letters, digits, - or _");
    }
    if arguments.accounts.len() > ACCOUNTS_MAX {
        bail!("a token can name at most {ACCOUNTS_MAX} accounts");
    }
    if let Some(number) = arguments.accounts.iter().find(|number| !is_account_number(number)) {
        bail!("--account must be 1 to 20 digits, not {number:?}");
    }
    let is_subject =
        |name: &String| (1..=SUBJECT_LEN_MAX).contains(&name.chars().count()) && !has_control(name);
    if !arguments.subject.as_ref().is_none_or(is_subject) {
        bail!("--subject must be 1 to {SUBJECT_LEN_MAX} characters, none of them a control character");
    }
    Ok(())
}

fn normal_scope(text: &str) -> anyhow::Result<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.iter().find(|word| Scope::from_word(word).is_none()) {
        None => Ok(words.join(" ")),
        Some(word) => {
            let known: Vec<&str> = Scope::ALL.iter().map(|scope| scope.word()).collect();
            bail!("--scope doesn't know {word:?}; its words are {}", known.join(" "))
        }
    }
}

fn parse_ttl(text: &str) -> anyhow::Result<i64> {
    let wrong = || anyhow!("a time is a number and s, m, h or d, from 1s to 366d: 30s, 15m, 2h, 1d");
    parse_time_s(text).filter(|ttl_s| (1..=TTL_S_MAX).contains(ttl_s)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::parse_ttl;

    #[test]
    fn times_are_read_with_their_unit() {
        let cases = [
            ("30s", Some(30)),
            ("15m", Some(900)),
            ("2h", Some(7_200)),
            ("1d", Some(86_400)),
            ("366d", Some(31_622_400)),
            ("367d", None),
            ("0s", None),
            ("15", None),
            ("m", None),
            ("-1m", None),
            ("+1m", None),
            ("9223372036854775807d", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_ttl(text).ok(), expected, "{text:?}");
        }
    }
}
