//! `granary serve`.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::Outcome;
use super::config::Configuration;
use super::output::print_line;
use super::serve_lock::ServeLock;
use super::session::start_engine;
use crate::engine::{Engine, close_within};
use crate::http::{self, HttpSettings};

/// With the time that connections may take to drain, less than the 10 s in which a server ends.
const CLOSE_WITHIN: Duration = Duration::from_secs(3);

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
    close(engine);
    served.map_err(|error| anyhow::anyhow!("the server could not run: {error}"))?;
    tracing::info!("stopped");
    Ok(Outcome::Done)
}

/// Lets the engine finish what it has taken in, as long as whoever stops the process waits.
pub(super) fn close(engine: Arc<Engine>) {
    if !close_within(engine, CLOSE_WITHIN) {
        tracing::warn!("stopped before the database took everything; nothing of it was acknowledged");
    }
}
