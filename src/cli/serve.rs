//! `granary serve`.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;

use super::config::{Configuration, Flags};
use super::outcome::Outcome;
use super::output::announce;
use super::serve_lock::ServeLock;
use super::session::engine_start;
use super::token_rules::TokenSettings;
use crate::engine::{Engine, close_within};
use crate::http::{self, Listener, Listening, ServeError};

/// With the time that connections may take to drain, less than the 10 s in which a server ends.
const CLOSE_WITHIN: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where to listen, such as 0.0.0.0:8080; also GRANARY_LISTEN [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// Where to answer /livez, /readyz and /metrics, without tokens; also GRANARY_ADMIN_LISTEN; nowhere unless set
    #[arg(long, value_name = "ADDR:PORT")]
    admin_listen: Option<String>,
    /// The public keys of tokens, a JWK Set; read again when it changes; also GRANARY_JWKS
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    #[command(flatten)]
    tokens: TokenSettings,
    /// The certificate with its chain, in PEM; also GRANARY_TLS_CERT
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM; also GRANARY_TLS_KEY
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
}

impl Arguments {
    /// Puts what was said into the flags.
    pub(super) fn fill(&self, flags: &mut Flags) {
        flags.listen.clone_from(&self.listen);
        flags.admin_listen.clone_from(&self.admin_listen);
        flags.jwks.clone_from(&self.jwks);
        flags.tokens.clone_from(&self.tokens);
        flags.tls_cert.clone_from(&self.tls_cert);
        flags.tls_key.clone_from(&self.tls_key);
    }
}

/// Serves once the database is there and until the process is told to stop, then lets the engine finish what it has taken in.
pub(super) fn run(configuration: &Configuration) -> anyhow::Result<Outcome> {
    let settings = configuration.http_settings()?;
    let (verifier, database) = (configuration.verifier()?, configuration.database()?);
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let _lock = ServeLock::take(&database)?;
    let (start, started) = (engine_start(configuration, &database)?, Arc::new(OnceLock::new()));
    let keep = started.clone();
    let start = move || start().inspect(|engine| drop(keep.set(engine.clone())));
    let served = http::serve(settings, start, verifier, |Listening { api, .. }| {
        announce(format!("listening on {scheme}://{api}/graphql"));
        tracing::info!(address = %api, version = env!("CARGO_PKG_VERSION"), "listening");
    });
    if let Some(engine) = started.get() {
        close(Arc::clone(engine));
    }
    served.map_err(could_not_run)?;
    tracing::info!("stopped");
    Ok(Outcome::Done)
}

/// Lets the engine finish what it has taken in, as long as whoever stops the process waits.
pub(super) fn close(engine: Arc<Engine>) {
    if !close_within(engine, CLOSE_WITHIN) {
        tracing::warn!("stopped before the database took everything; nothing of it was acknowledged");
    }
}

/// Why there is no server, with the way out.
pub(super) fn could_not_run(error: ServeError) -> anyhow::Error {
    let (listener, address, cause) = match &error {
        ServeError::Listen { listener, address, error } => (listener, address, error),
        ServeError::Run(_) => return anyhow!("the server could not run: {error}"),
        ServeError::Database(_) => return error.into(),
    };
    let setting = match listener {
        Listener::Api => "--listen ADDR:PORT (or GRANARY_LISTEN)",
        Listener::Admin => "GRANARY_ADMIN_LISTEN (serve: --admin-listen ADDR:PORT)",
    };
    match cause.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "{address} is taken: another program listens there. Choose another address by {setting}, or see who holds it: \
             ss -ltnp 'sport = :{}'",
            address.port()
        ),
        _ => anyhow!("{error}. Choose another address by {setting}"),
    }
}
