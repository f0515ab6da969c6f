//! actix only: the listener, the route of the GraphQL door, its media types, bounds and status codes.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpServer, web};

use crate::access::tokens::TokenKey;
use crate::engine::Engine;
use crate::graphql;

mod documents;
mod guard;
mod reply;
mod route;

/// How long connections may take to drain once the server is told to stop.
const DRAIN_S: u64 = 5;
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client may take to send a request's head.
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How the server is built.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Threads that serve requests.
    pub workers: usize,
}

/// What every request needs.
struct Shared {
    engine: Arc<Engine>,
    schema: graphql::Schema,
    key: TokenKey,
    documents: documents::Documents,
}

/// Serves until SIGTERM or SIGINT, then drains and returns. Calls `on_listening` with the address
/// once requests are answered.
///
/// # Errors
/// The address can't be listened on.
pub fn serve(
    settings: HttpSettings,
    engine: Arc<Engine>,
    key: TokenKey,
    on_listening: impl FnOnce(SocketAddr),
) -> std::io::Result<()> {
    serve_until(settings, engine, key, stop_signal(), on_listening)
}

/// As [`serve`], until `stop` is ready.
///
/// # Errors
/// The address can't be listened on.
pub fn serve_until(
    settings: HttpSettings,
    engine: Arc<Engine>,
    key: TokenKey,
    stop: impl Future<Output = ()> + 'static,
    on_listening: impl FnOnce(SocketAddr),
) -> std::io::Result<()> {
    let listener = TcpListener::bind(settings.listen)?;
    let address = listener.local_addr()?;
    let shared = web::Data::new(Shared {
        schema: graphql::schema(engine.clone()),
        engine,
        key,
        documents: documents::Documents::new(),
    });
    actix_web::rt::System::new().block_on(async move {
        let app = move || App::new().app_data(shared.clone()).configure(route::configure);
        let server = HttpServer::new(app)
            .workers(settings.workers.max(1))
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(REQUEST_HEAD_TIMEOUT)
            .shutdown_timeout(DRAIN_S)
            .disable_signals()
            .listen(listener)?
            .run();
        let handle = server.handle();
        actix_web::rt::spawn(async move {
            stop.await;
            tracing::info!("draining");
            handle.stop(true).await;
        });
        on_listening(address);
        server.await
    })
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals can't be awaited; stop the process by force");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
