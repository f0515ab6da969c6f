//! `granary revoke`: tokens that hold no longer, though they have not expired.

use anyhow::bail;
use clap::Args;

use super::config::Configuration;
use super::outcome::Outcome;
use super::output::print_line;
use super::session::Session;
use crate::domain::access::{AccessChange, Revocation, TOKEN_TEXT_LEN_MAX, is_token_text};

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct Arguments {
    /// Number of a token (its claim jti); may be repeated
    #[arg(long = "jti", value_name = "NUMBER")]
    tokens: Vec<String>,
    /// A subject (claim sub), all of whose tokens given up to now hold no longer; may be repeated
    #[arg(long = "sub", value_name = "NAME")]
    subjects: Vec<String>,
}

/// Revokes all of them, or none.
pub(super) fn run(configuration: &Configuration, arguments: Arguments) -> anyhow::Result<Outcome> {
    let Arguments { tokens, subjects } = arguments;
    if let Some(text) = tokens.iter().chain(&subjects).find(|text| !is_token_text(text)) {
        bail!(
            "{text:?} is in no token: 1 to {TOKEN_TEXT_LEN_MAX} characters, none of them a control character"
        );
    }
    let lines: Vec<String> = tokens
        .iter()
        .map(|token| format!("token {token} revoked"))
        .chain(subjects.iter().map(|subject| format!("tokens of {subject} up to now revoked")))
        .collect();
    let tokens = tokens.into_iter().map(Revocation::Token);
    let revocations = tokens.chain(subjects.into_iter().map(Revocation::Subject));
    let commands: Vec<AccessChange> = revocations.map(AccessChange::Revoke).collect();
    Session::start(configuration, &configuration.database()?)?.submit_all(&commands)?;
    for line in lines {
        print_line(&line)?;
    }
    Ok(Outcome::Done)
}
