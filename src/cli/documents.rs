//! `granary documents`: the list of trusted documents, which channels with `--documents trusted` are
//! bound to. Running servers take a change within a minute.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::config::{Configuration, read_file};
use super::escape::escape_control;
use super::outcome::Outcome;
use super::output::print_line;
use super::session::Session;
use crate::domain::access::{AccessChange, TrustedDocument, sha256_of_name};
use crate::engine;
use crate::graphql::prepared::Prepared;
use crate::graphql::validation::Validator;
use crate::graphql::validator;
use crate::store::access::read::{self, DocumentText};
use crate::store::base::look_up::LookUp;

/// Length of a file at most, in bytes.
const FILE_LEN_MAX: u64 = 64 << 20;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Trust documents; the same again changes nothing
    Add(AddArguments),
    /// List the trusted documents
    List,
    /// Trust a document no longer
    Remove(RemoveArguments),
}

#[derive(Debug, Args)]
pub(super) struct AddArguments {
    /// A file with one GraphQL document, or a manifest: a JSON object of SHA-256 and document, as
    /// graphql-codegen writes it (persistedDocuments with hashAlgorithm sha256)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct RemoveArguments {
    /// The document's SHA-256, with or without sha256: before it
    #[arg(value_name = "SHA256")]
    sha256: String,
}

/// Runs one of the subcommands.
pub(super) fn run(configuration: &Configuration, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Add(arguments) => add(configuration, &arguments.files),
        Command::List => list(configuration),
        Command::Remove(arguments) => remove(configuration, &arguments.sha256),
    }
}

/// All files are read and checked before anything is added.
fn add(configuration: &Configuration, files: &[PathBuf]) -> anyhow::Result<Outcome> {
    let validator = validator();
    let mut documents = Vec::new();
    for file in files {
        let text = read_file(file, FILE_LEN_MAX).with_context(|| file.display().to_string())?;
        let read = documents_of(&text, &validator).with_context(|| file.display().to_string())?;
        documents.extend(read);
    }
    let trust = |document: &TrustedDocument| AccessChange::Trust(document.clone());
    let session = Session::start(configuration, &configuration.database()?)?;
    session.submit_all(&documents.iter().map(trust).collect::<Vec<_>>())?;
    for document in &documents {
        print_line(&line(document))?;
    }
    Ok(Outcome::Done)
}

fn list(configuration: &Configuration) -> anyhow::Result<Outcome> {
    let documents = engine::read_once(&configuration.database()?, read::trusted_documents)?;
    for document in &documents {
        print_line(&line(document))?;
    }
    Ok(Outcome::Done)
}

fn remove(configuration: &Configuration, name: &str) -> anyhow::Result<Outcome> {
    let Some(sha256) = sha256_of_name(name) else {
        bail!("{name:?} names no document; a name is sha256: and 64 hexadecimal digits");
    };
    let database = configuration.database()?;
    if engine::read_once(&database, |connection| DocumentText(sha256.clone()).run(connection))?.is_none() {
        bail!("there is no trusted document {sha256:?}; see `granary documents list`");
    }
    Session::start(configuration, &database)?.submit(AccessChange::Distrust(sha256.clone()))?;
    print_line(&format!("sha256:{sha256} removed"))?;
    Ok(Outcome::Done)
}

/// The document's name outside, and its first line.
fn line(document: &TrustedDocument) -> String {
    let first: String =
        document.text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(60).collect();
    format!("sha256:{} {}", document.sha256, escape_control(&first, false))
}

/// A file's documents: those of a manifest, or the file itself. No document is a JSON object.
fn documents_of(text: &str, validator: &Validator) -> anyhow::Result<Vec<TrustedDocument>> {
    let Ok(manifest) = serde_json::from_str::<BTreeMap<String, String>>(text) else {
        return Ok(vec![trusted(text, validator)?]);
    };
    if manifest.is_empty() {
        bail!("the manifest holds no document");
    }
    let entry = |(name, text): (String, String)| {
        let document = trusted(&text, validator).with_context(|| name.clone())?;
        if sha256_of_name(&name).as_ref() != Some(&document.sha256) {
            bail!(
                "{name:?} is not the SHA-256 of its document; graphql-codegen writes it with hashAlgorithm sha256"
            );
        }
        Ok(document)
    };
    manifest.into_iter().map(entry).collect()
}

/// The document, if it passes what every request must and is valid.
fn trusted(text: &str, validator: &Validator) -> anyhow::Result<TrustedDocument> {
    let prepared = match Prepared::new(text, validator) {
        Ok(prepared) => prepared,
        Err(objection) => bail!("{}", objection.message),
    };
    if let Some(error) = prepared.errors().first() {
        let at = error.locations.first().map(|at| format!("line {}, column {}: ", at.line, at.column));
        bail!("{}{}", at.unwrap_or_default(), error.message);
    }
    Ok(TrustedDocument::new(text.to_owned()))
}
