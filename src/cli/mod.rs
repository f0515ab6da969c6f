//! The composition root: reads the configuration, wires the layers together and prints. It holds the
//! system's clock and random numbers, which are handed down from here, and no rule of money.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod audit;
mod backup;
mod channel;
mod config;
mod demo;
mod district;
mod district_names;
mod documents;
mod escape;
mod import;
mod log_lines;
mod logging;
mod migrate;
mod open_files;
mod outcome;
mod output;
mod privacy;
mod revoke;
mod schema;
mod serve;
mod serve_lock;
mod session;
mod strangers;
mod system;
mod times;
mod token;
mod token_rules;

use config::{Configuration, Flags};
use outcome::Outcome;

use crate::store::base::postgres_url::may_hold_password;

/// The payment door of an electricity utility: bills asked for and payments posted, each exactly once.
///
/// `granary demo` shows it at work, with nothing to set up. For a server of your own: `granary migrate`,
/// `granary channel add`, `granary import`, then `granary serve`.
#[derive(Debug, Parser)]
#[command(name = "granary", version, after_long_help = ENVIRONMENT)]
struct Arguments {
    /// Where the database is: sqlite://relative/path, sqlite:///absolute/path or postgres://…
    ///
    /// Also DATABASE_URL; without any, sqlite://granary.db.
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// The configuration file; without it granary.toml, where there is one.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const ENVIRONMENT: &str = "\
Configuration (a flag beats the environment, that beats the file, that beats the default):
  DATABASE_URL        where the database is              [default: sqlite://granary.db]
  GRANARY_LISTEN      where to listen, ADDR:PORT         [default: 127.0.0.1:8080]
  GRANARY_JWT_SECRET  the secret of tokens (HS256), at least 32 bytes; no default
  The first three can each be kept in a file, named by DATABASE_URL_FILE and so on.
  GRANARY_JWKS        instead of the secret: a file with the public keys of tokens, a JWK Set
  GRANARY_JWT_ISSUER  the issuer (iss) of tokens            [default: granary]
  GRANARY_JWT_AUDIENCE, GRANARY_JWT_CLAIM, GRANARY_JWT_LIFE_MAX,
  GRANARY_ADMIN_LISTEN, GRANARY_TLS_CERT, GRANARY_TLS_KEY   as the flags of serve
  RUST_LOG            what to log to standard error, such as info or granary=debug
  granary.toml        database_url, listen, jwt_secret (each also with _file), jwks, jwt_issuer,
                      jwt_audience, jwt_claim, jwt_life_max, admin_listen, tls_cert, tls_key, lanes, readers, http_workers, answer_bytes_max,
                      log_format = \"pretty\" | \"json\", and in [budgets] what one caller may ask for
                      (0 = no bound): customer_requests_per_minute and customer_accounts_per_minute
                      (each 120), channel_requests_per_minute and channel_accounts_per_minute (0)

Exit status: 0 done · 1 failed, or the answer is no · 2 wrong usage · 3 imported, but for refused lines";

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer channels and customers over HTTP, at POST /graphql, until SIGTERM or Ctrl-C
    Serve(serve::Arguments),
    /// Load a sample district into granary.db, serve it, and print commands to try
    Demo(demo::Arguments),
    /// Bring the database to the version of this program; creates the SQLite file
    Migrate(migrate::Arguments),
    /// Bring accounts or bills in from CSV files, beside running servers
    #[command(subcommand)]
    Import(import::Command),
    /// Register the outside parties who bring payments
    #[command(subcommand)]
    Channel(channel::Command),
    /// Print one token (JWT) and nothing else
    Token(token::Arguments),
    /// Let no token of this number or subject hold any longer
    Revoke(revoke::Arguments),
    /// Keep the list of documents that channels may be bound to
    #[command(subcommand)]
    Documents(documents::Command),
    /// Print the schema of the API (SDL)
    Schema,
    /// Prove the database against the invariants I1 to I10, beside running servers
    Audit(audit::Arguments),
    /// Copy a SQLite database into a file, beside a running server
    Backup(backup::Arguments),
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    privacy::keep_files_private();
    open_files::raise_limit();
    let Arguments { database_url, config, command } = Arguments::try_parse().unwrap_or_else(end_with);
    let mut flags = Flags { database_url, ..Flags::default() };
    if let Command::Serve(arguments) = &command {
        arguments.fill(&mut flags);
    } else if let Command::Demo(arguments) = &command {
        arguments.fill(&mut flags);
    }
    let outcome = Configuration::load(config.as_deref(), flags)
        .and_then(|configuration| run_command(command, &configuration));
    logging::flush();
    match outcome {
        Ok(outcome) => ExitCode::from(outcome.exit_status()),
        Err(error) if output::is_reader_gone(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints help, or what is wrong with the arguments; clap quotes these, and one may be a database URL in a wrong place.
fn end_with(error: clap::Error) -> Arguments {
    let is_secret = |argument: OsString| may_hold_password(&argument.to_string_lossy());
    if error.use_stderr() && std::env::args_os().skip(1).any(is_secret) {
        output::complain(
            "the arguments can't be understood; they aren't shown, for one of them looks like a database URL, which may \
             hold a password. See `granary --help`",
        );
        std::process::exit(error.exit_code());
    }
    error.exit()
}

fn run_command(command: Command, configuration: &Configuration) -> anyhow::Result<Outcome> {
    logging::start(configuration.log_format(), matches!(command, Command::Serve(_) | Command::Demo(_)))?;
    match command {
        Command::Serve(_) => serve::run(configuration),
        Command::Demo(_) => demo::run(configuration),
        Command::Migrate(arguments) => migrate::run(configuration, &arguments),
        Command::Import(command) => import::run(configuration, command),
        Command::Channel(command) => channel::run(configuration, command),
        Command::Token(arguments) => token::run(configuration, arguments),
        Command::Revoke(arguments) => revoke::run(configuration, arguments),
        Command::Documents(command) => documents::run(configuration, command),
        Command::Schema => schema::run(),
        Command::Audit(arguments) => audit::run(configuration, &arguments),
        Command::Backup(arguments) => backup::run(configuration, &arguments),
    }
}
