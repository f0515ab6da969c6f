//! actix only: the listeners, the route of the GraphQL door, its media types, bounds and status codes,
//! and what the operator asks.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::{App, HttpServer, web};
use rustls::ServerConfig;

use crate::access::budget::{Allowances, Budgets};
use crate::access::tokens::Verifier;
use crate::engine::Engine;
use crate::graphql::Schemas;
use crate::graphql::base::answer::AnswersUnderWay;
use crate::store::StoreError;

mod admin;
mod awaiting;
mod body_room;
mod connections;
mod cpu_affinity;
mod documents;
mod form;
mod in_flight;
mod incoming;
mod listen;
mod log;
mod loop_lag;
mod metrics;
mod negotiation;
mod outgoing;
mod parameters;
mod reply;
mod request_id;
mod route;
mod shared;
mod signals;
mod tls;
mod trace;

pub use listen::{Listener, ServeError};
pub use log::{LogCounts, STRANGERS};
pub use tls::TlsFiles;

use admin::Opened;
use connections::Connections;
use listen::Bound;
use shared::Shared;

/// How long connections may take to drain once the server is told to stop.
const DRAIN_S: u64 = 5;
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client may take to send a request's head, or to shake hands.
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection is still read after an answer that closes it. actix counts it from an instant that may be
/// half a second old; of a shorter time it would miss the end, and keep the connection for as long as its client does.
const LINGER: Duration = Duration::from_secs(2);
/// How often the keys of tokens are looked at, and idle callers forgotten.
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(5);

/// Connections of one thread that serves requests.
pub const CONNECTIONS_OF_WORKER_MAX: usize = 25_600;
/// Connections of the operator.
const ADMIN_CONNECTIONS_MAX: usize = 64;
/// How long a client may leave what it was sent unread, unless set otherwise.
pub const UNREAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take to send a body that didn't come with its head, unless set otherwise.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(5);
/// Requests under way at once, unless set otherwise: what a slow machine answers in a fifth of a second.
pub const REQUESTS_MAX: usize = 640;
/// Bytes of all answers under way, unless set otherwise. While it is built an answer takes some four times as much
/// memory.
pub const ANSWERS_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How the server is built.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where the operator asks; nowhere unless set.
    pub admin_listen: Option<SocketAddr>,
    /// Certificate and key; without them it speaks plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Threads that serve requests.
    pub workers: usize,
    /// Connections at once, but no more than [`CONNECTIONS_OF_WORKER_MAX`] for each thread. Of those that are idle the
    /// longest idle ones give way before there are so many.
    pub connections_max: usize,
    /// How long a client may leave what it was sent unread.
    pub unread_timeout: Duration,
    /// How long a client may take to send a body that didn't come with its head.
    pub body_timeout: Duration,
    /// Requests under way at once; one more is answered BUSY.
    pub requests_max: usize,
    /// Bytes of one answer.
    pub answer_bytes_max: usize,
    /// Bytes of all answers that are being built or wait to be taken.
    pub answers_bytes_max: usize,
    /// What callers may ask for in a while.
    pub allowances: Allowances,
    /// Lines of the log that nobody will read.
    pub log_counts: Arc<LogCounts>,
    /// Begins the numbers of requests; another for each process.
    pub request_id_prefix: u32,
}

/// Where a server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listening {
    /// The API.
    pub api: SocketAddr,
    /// The operator's listener.
    pub admin: Option<SocketAddr>,
}

/// Fails where an address can't be listened on now, so that nothing need be done before that is known.
///
/// # Errors
/// The first address that can't be listened on.
pub fn try_listen(settings: &HttpSettings) -> Result<(), ServeError> {
    Bound::take(settings.listen, settings.unread_timeout)?.listen()?;
    settings.admin_listen.map_or(Ok(()), |address| listen::listen(Listener::Admin, address).map(drop))
}

/// Serves until SIGTERM, SIGINT or SIGHUP, then drains and returns. While `start` says that the database isn't there
/// yet, it is tried again, and only the operator is answered. Calls `on_listening` once requests are answered.
///
/// # Errors
/// See [`ServeError`].
pub fn serve(
    settings: HttpSettings,
    start: impl FnMut() -> Result<Arc<Engine>, StoreError> + Send + 'static,
    verifier: Verifier,
    on_listening: impl FnOnce(Listening),
) -> Result<(), ServeError> {
    serve_until(settings, start, verifier, signals::stop(), on_listening)
}

/// As [`serve`], until `stop` is ready.
///
/// # Errors
/// See [`ServeError`].
pub fn serve_until(
    settings: HttpSettings,
    start: impl FnMut() -> Result<Arc<Engine>, StoreError> + Send + 'static,
    verifier: Verifier,
    stop: impl Future<Output = ()> + 'static,
    on_listening: impl FnOnce(Listening),
) -> Result<(), ServeError> {
    let tls = settings.tls.as_ref().map(tls::server_config).transpose()?;
    let bound = Bound::take(settings.listen, settings.unread_timeout)?;
    let admin_listener =
        settings.admin_listen.map(|address| listen::listen(Listener::Admin, address)).transpose()?;
    let listening = Listening {
        api: bound.address(),
        admin: admin_listener.as_ref().map(TcpListener::local_addr).transpose()?,
    };
    actix_web::rt::System::new().block_on(async move {
        let opened = web::Data::new(Opened::new());
        let admin = admin_listener.map(|listener| serve_admin(listener, opened.clone())).transpose()?;
        let mut stop = Box::pin(stop);
        let engine = tokio::select! {
            engine = awaiting::engine(start) => engine.map_err(ServeError::Database)?,
            () = &mut stop => return Ok(()),
        };
        let door = Door::build(settings, engine, verifier);
        let _only_once = opened.set(door.shared.clone());
        let housekeeping = actix_web::rt::spawn(keep_house(door.shared.clone(), door.connections.clone()));
        let server = door.server(bound.listen()?, tls)?;
        let handle = server.handle();
        actix_web::rt::spawn(async move {
            stop.await;
            tracing::info!("draining");
            handle.stop(true).await;
        });
        on_listening(listening);
        let served = server.await;
        housekeeping.abort();
        if let Some(admin) = admin {
            admin.stop(false).await;
        }
        Ok(served?)
    })
}

/// What serves the API.
struct Door {
    shared: web::Data<Shared>,
    connections: Arc<Connections>,
    workers: usize,
    connections_of_worker: usize,
}

impl Door {
    fn build(settings: HttpSettings, engine: Arc<Engine>, verifier: Verifier) -> Self {
        let workers = settings.workers.max(1);
        let connections_of_worker = (settings.connections_max / workers).clamp(1, CONNECTIONS_OF_WORKER_MAX);
        let connections = Arc::new(Connections::new(connections_of_worker * workers));
        let in_flight = Arc::new(in_flight::InFlight::new(settings.requests_max));
        let bodies = Arc::<body_room::Bodies>::default();
        let answers = AnswersUnderWay::new(settings.answers_bytes_max);
        let documents = Arc::new(documents::Documents::new());
        let load = metrics::DoorLoad {
            inside: in_flight.clone(),
            outside: bodies.clone(),
            answers: answers.clone(),
            documents: documents.clone(),
            connections: connections.clone(),
            log: settings.log_counts,
        };
        let shared = web::Data::new(Shared {
            schemas: Schemas::new(&engine, settings.answer_bytes_max, answers),
            verifier,
            budgets: Arc::new(Budgets::new(settings.allowances, engine.clock())),
            documents,
            metrics: metrics::Metrics::new(engine.clone(), load),
            in_flight,
            bodies,
            body_timeout: settings.body_timeout,
            request_ids: request_id::RequestIds::new(settings.request_id_prefix),
            engine,
        });
        Self { shared, connections, workers, connections_of_worker }
    }

    fn server(self, listener: TcpListener, tls: Option<ServerConfig>) -> io::Result<Server> {
        let Self { shared, connections, workers, connections_of_worker } = self;
        let spread = cpu_affinity::CpuAffinity::over(workers);
        let app = move || {
            actix_web::rt::spawn(loop_lag::watch(shared.clone(), spread.seat()));
            App::new().app_data(shared.clone()).configure(route::configure)
        };
        let server = HttpServer::new(app)
            .workers(workers)
            .max_connections(connections_of_worker)
            .on_connect(move |io, beside_it| connections.seat(io, beside_it))
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(REQUEST_HEAD_TIMEOUT)
            .tls_handshake_timeout(REQUEST_HEAD_TIMEOUT)
            .client_disconnect_timeout(LINGER)
            .shutdown_timeout(DRAIN_S)
            .disable_signals();
        let server = match tls {
            Some(tls) => server.listen_rustls_0_23(listener, tls)?,
            None => server.listen(listener)?,
        };
        Ok(server.run())
    }
}

/// Starts the operator's listener beside the API's: before that one, and it goes on while that one drains.
fn serve_admin(listener: TcpListener, opened: web::Data<Opened>) -> io::Result<ServerHandle> {
    let address = listener.local_addr()?;
    let app = move || App::new().app_data(opened.clone()).configure(admin::configure);
    let server = HttpServer::new(app)
        .workers(1)
        .max_connections(ADMIN_CONNECTIONS_MAX)
        .client_request_timeout(REQUEST_HEAD_TIMEOUT)
        .disable_signals()
        .listen(listener)?
        .run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    tracing::info!(%address, "listening for the operator: /livez, /readyz, /metrics");
    Ok(handle)
}

async fn keep_house(shared: web::Data<Shared>, connections: Arc<Connections>) {
    tokio::select! {
        () = connections.make_room_when_crowded() => {}
        () = look_around(shared) => {}
    }
}

async fn look_around(shared: web::Data<Shared>) {
    loop {
        tokio::time::sleep(HOUSEKEEPING_EVERY).await;
        match shared.verifier.reload() {
            Ok(true) => tracing::info!("the keys of tokens have changed"),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the keys of tokens stay as they were"),
        }
        shared.budgets.forget_idle();
    }
}
