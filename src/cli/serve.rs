//! `granary serve`.

use clap::Args;

use super::Outcome;
use super::config::Configuration;
use super::output::print_line;
use super::serve_lock::ServeLock;
use super::session::start_engine;
use crate::http::{self, HttpSettings};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where to listen, such as 0.0.0.0:8080; also GRANARY_LISTEN [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    pub(super) listen: Option<String>,
}

/// Serves until the process is told to stop, then lets the engine finish what it has taken in.
pub(super) fn run(configuration: &Configuration) -> anyhow::Result<Outcome> {
    let settings = HttpSettings { listen: configuration.listen()?, workers: configuration.http_workers() };
    let (key, database) = (configuration.token_key()?, configuration.database()?);
    let _lock = ServeLock::take(&database)?;
    let engine = start_engine(configuration, &database)?;
    let served = http::serve(settings, engine.clone(), key, |address| {
        let line = print_line(&format!("listening on http://{address}/graphql"));
        if let Err(error) = line {
            tracing::warn!(%error, "standard output is closed");
        }
        tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "listening");
    });
    engine.close();
    served.map_err(|error| anyhow::anyhow!("the server could not run: {error}"))?;
    tracing::info!("stopped");
    Ok(Outcome::Done)
}
