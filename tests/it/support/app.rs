//! The real server on a port of its own, with a clock handed in. When it is dropped the audit runs,
//! so every test checks the invariants.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use granary::access::budget::{Allowance, Allowances};
use granary::access::claims::TokenRules;
use granary::access::tokens::{Claims, Mint, Verifier};
use granary::domain::base::clock::Clock;
use granary::domain::base::line::LineOutcome;
use granary::domain::book::Command;
use granary::domain::channel::{Channel, ChannelChange, ChannelKind, ChannelMode};
use granary::engine::{Engine, EngineSettings, Priority};
use granary::graphql::base::limits::ANSWER_BYTES_MAX;
use granary::http::{
    ANSWERS_BYTES_MAX, BODY_TIMEOUT, HttpSettings, Listening, REQUESTS_MAX, UNREAD_TIMEOUT, serve_until,
};
use granary::store::audit;
use granary::store::base::check::Verdict;
use serde_json::Value;

use super::backends::TestDatabase;
use super::client::Client;
use super::commands::NOON_MS;

/// More connections than any test opens.
const CONNECTIONS_MAX: usize = 2_000;
/// Every right there is.
pub const ALL_SCOPES: &str = "bills:read payments:post payments:reverse pii:read ops:read";
/// Signs the tests' tokens; drawn for each run.
fn secret() -> String {
    format!("{:032}{:032}", std::process::id(), NOON_MS)
}

/// A clock that stands until it is moved.
pub struct TestClock {
    now_ms: AtomicI64,
    passed_ms: AtomicU64,
}

impl TestClock {
    /// Stands at [`NOON_MS`].
    pub fn at_noon() -> Arc<Self> {
        Arc::new(Self { now_ms: AtomicI64::new(NOON_MS), passed_ms: AtomicU64::new(0) })
    }

    /// Sets it to this instant, milliseconds UTC, as an administrator does: no time passes.
    pub fn set(&self, now_ms: i64) {
        self.now_ms.store(now_ms, Ordering::SeqCst);
    }

    /// Lets time pass, in milliseconds.
    pub fn pass(&self, ms: u32) {
        self.now_ms.fetch_add(i64::from(ms), Ordering::SeqCst);
        self.passed_ms.fetch_add(u64::from(ms), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    fn passed(&self) -> Duration {
        Duration::from_millis(self.passed_ms.load(Ordering::SeqCst))
    }
}

/// A running engine over a migrated database.
pub fn engine(database: &TestDatabase, settings: &EngineSettings, clock: Arc<TestClock>) -> Engine {
    let on_storage_failure = Arc::new(|error: &_| panic!("the storage failed: {error}"));
    Engine::start(&database.database, settings, clock, on_storage_failure).expect("the engine starts")
}

/// A running server over a database.
pub struct TestApp<'a> {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where the operator asks, if anywhere.
    pub admin: Option<SocketAddr>,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// Its engine.
    pub engine: Arc<Engine>,
    mint: Mint,
    database: &'a TestDatabase,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl<'a> TestApp<'a> {
    /// Starts it with channels COUNTER-1 (asking) and WECHAT (reporting), and what `commands` set up.
    pub fn start(database: &'a TestDatabase, commands: Vec<Command>) -> Self {
        Self::start_with(database, commands, |_| {})
    }

    /// As [`TestApp::start`], with other settings.
    pub fn start_with(
        database: &'a TestDatabase,
        commands: Vec<Command>,
        change: impl FnOnce(&mut HttpSettings),
    ) -> Self {
        let clock = TestClock::at_noon();
        let settings = EngineSettings::default();
        let start = || engine(database, &settings, clock.clone());
        let mut setup = vec![
            Command::ChannelChange(ChannelChange::Add(Channel::new(
                "COUNTER-1".to_owned(),
                ChannelKind::Counter,
                ChannelMode::Asking,
            ))),
            Command::ChannelChange(ChannelChange::Add(Channel::new(
                "BANK-1".to_owned(),
                ChannelKind::Bank,
                ChannelMode::Asking,
            ))),
            Command::ChannelChange(ChannelChange::Add(Channel::new(
                "WECHAT".to_owned(),
                ChannelKind::Mobile,
                ChannelMode::Reporting,
            ))),
            Command::ChannelChange(ChannelChange::Add(Channel::new(
                "APP".to_owned(),
                ChannelKind::App,
                ChannelMode::Asking,
            ))),
        ];
        setup.extend(commands);
        let first = start();
        submit_all(&first, setup);
        first.close();
        let engine = Arc::new(start());
        let mint = Mint::new(&secret(), TokenRules::default()).expect("a secret that is long enough");
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (tell, told) = mpsc::channel();
        let verifier =
            Verifier::from_secret(&secret(), TokenRules::default()).expect("a secret that is long enough");
        let (served, unbounded) = (engine.clone(), Allowance::UNBOUNDED);
        let mut settings = HttpSettings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            admin_listen: None,
            tls: None,
            workers: 2,
            connections_max: CONNECTIONS_MAX,
            unread_timeout: UNREAD_TIMEOUT,
            body_timeout: BODY_TIMEOUT,
            requests_max: REQUESTS_MAX,
            answer_bytes_max: ANSWER_BYTES_MAX,
            answers_bytes_max: ANSWERS_BYTES_MAX,
            allowances: Allowances { customers: unbounded, channels: unbounded },
            log_counts: Arc::default(),
            request_id_prefix: 1,
        };
        change(&mut settings);
        let thread = std::thread::spawn(move || {
            let stop = async move {
                let _either_way_it_stops = stopped.await;
            };
            let on_listening = move |address: Listening| tell.send(address).expect("the test waits");
            serve_until(settings, move || Ok(served.clone()), verifier, stop, on_listening)
                .expect("the server runs");
        });
        let Listening { api: address, admin } = told.recv().expect("the server listens");
        Self { address, admin, clock, engine, mint, database, stop: Some(stop), thread: Some(thread) }
    }

    /// A client with a token of this channel and scope.
    pub fn client(&self, channel: &str, scope: &str) -> Client {
        Client::new(self.address, self.token(channel, scope, None))
    }

    /// A client of this channel with every right.
    pub fn channel(&self, channel: &str) -> Client {
        self.client(channel, ALL_SCOPES)
    }

    /// A customer bound to these accounts, through the app.
    pub fn customer(&self, accounts: &[&str]) -> Client {
        let accounts = accounts.iter().map(|&number| number.to_owned()).collect();
        Client::new(self.address, self.token("APP", ALL_SCOPES, Some(accounts)))
    }

    /// A token valid for an hour of the app's clock.
    pub fn token(&self, channel: &str, scope: &str, accounts: Option<Vec<String>>) -> String {
        self.mint(&Claims { accounts, ..self.claims(channel, scope) })
    }

    /// What a token valid for an hour of the app's clock says.
    pub fn claims(&self, channel: &str, scope: &str) -> Claims {
        let now_s = self.clock.now_ms() / 1_000;
        Claims {
            sub: "tester".to_owned(),
            channel: channel.to_owned(),
            scope: scope.to_owned(),
            accounts: None,
            iat: now_s,
            nbf: now_s,
            exp: now_s + 3_600,
            jti: "test-token".to_owned(),
        }
    }

    /// A token with these claims.
    pub fn mint(&self, claims: &Claims) -> String {
        self.mint.mint(claims).expect("claims can be signed")
    }

    /// Has commands decided beside the server.
    pub fn submit(&self, commands: Vec<Command>) {
        submit_all(&self.engine, commands);
    }
}

fn submit_all(engine: &Engine, commands: Vec<Command>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    for answer in runtime.block_on(engine.submit_all(Priority::Normal, commands)).expect("definite answers") {
        if let Ok(LineOutcome::Refused { column, reason }) = answer.into_line() {
            panic!("{column}: {reason}");
        }
    }
}

impl Drop for TestApp<'_> {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.expect("the server ends well");
            }
        }
        self.engine.close();
        if std::thread::panicking() {
            return;
        }
        for finding in audit::run(&mut self.database.reader()).expect("the audit runs") {
            assert!(!matches!(finding.verdict, Verdict::Broken { .. }), "{finding:?}");
        }
    }
}

/// The value at a path such as `data.paymentPost.payment`.
pub fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(value, |value, part| match part.parse::<usize>() {
        Ok(index) => &value[index],
        Err(_) => &value[part],
    })
}
