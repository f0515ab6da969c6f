//! `granary demo`: a sample district, served, with commands to try. Every run may follow another:
//! what is loaded already is replayed and stays as it is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{bail, ensure};
use clap::Args;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::config::{Configuration, Flags};
use super::district::{self, APP, BANK, COUNTER, District, MOBILE};
use super::outcome::Outcome;
use super::output::{announce, progress_bar};
use super::serve::{close, could_not_run};
use super::serve_lock::ServeLock;
use super::session::{Session, start_engine};
use super::system::random_hex;
use super::token::{Bearer, mint};
use crate::access::claims::TokenRules;
use crate::access::tokens::{Mint, Verifier};
use crate::domain::base::calendar::day_of;
use crate::domain::book::Answer;
use crate::domain::keyed::Answered;
use crate::engine::{Engine, Priority};
use crate::http::{self, HttpSettings, Listening};
use crate::store::base::migrations;
use crate::store::bill::read::{BillOrder, BillPage};

/// Commands in one list to the engine.
const CHUNK_LEN: usize = 500;
/// Life of the printed tokens, in seconds: a day.
const TTL_S: i64 = 86_400;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where to listen, such as 127.0.0.1:8081; also GRANARY_LISTEN [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
}

impl Arguments {
    /// Puts what was said into the flags.
    pub(super) fn fill(&self, flags: &mut Flags) {
        flags.listen.clone_from(&self.listen);
    }
}

/// Where the secret of the printed tokens comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SecretOrigin {
    Configured,
    MadeForThisRun,
}

/// Migrates, loads the district, serves it and prints commands, until Ctrl-C.
pub(super) fn run(configuration: &Configuration) -> anyhow::Result<Outcome> {
    let settings = HttpSettings { tls: None, ..configuration.http_settings()? };
    let database = configuration.database()?;
    let (secret, origin) = match configuration.find_secret()? {
        Some(secret) => (secret, SecretOrigin::Configured),
        None => (random_hex::<32>()?.into(), SecretOrigin::MadeForThisRun),
    };
    let verifier = Verifier::from_secret(secret.expose_secret(), TokenRules::default())?;
    let key = Mint::new(secret.expose_secret(), TokenRules::default())?;
    http::try_listen(&settings).map_err(could_not_run)?;
    drop(database.connect_or_create()?);
    let _lock = ServeLock::take(&database)?;
    migrations::migrate(&database)?;
    load(&start_engine(configuration, &database)?)?;
    // One that has found the district's channels at its start, so that the printed tokens are good at once.
    let engine = start_engine(configuration, &database)?;
    // Whatever can go wrong with the commands goes wrong before anybody is served.
    let tokens = Tokens::mint(&key)?;
    let run = random_hex::<4>()?;
    let started = engine.clone();
    let served = http::serve(
        settings,
        move || Ok(started.clone()),
        verifier,
        |Listening { api, .. }| {
            announce(introduction(api, &tokens, origin, &run));
        },
    );
    close(engine);
    served.map_err(could_not_run)?;
    Ok(Outcome::Done)
}

fn load(engine: &Arc<Engine>) -> anyhow::Result<()> {
    let session = Session::on(engine.clone())?;
    refuse_foreign_database(engine)?;
    let zone = engine.rules().utility.zone;
    let first_account = district::first_account();
    let look_ups = engine.look_ups(Priority::Normal);
    let oldest = session.wait(|| {
        let account_number = first_account.clone();
        look_ups.look_up(BillPage {
            account_number,
            statuses: Vec::new(),
            period: None,
            order: BillOrder::OldestFirst,
            after: None,
            limit: 1,
        })
    })?;
    let earlier = oldest.found.first().and_then(|bill| district::month_from_oldest_issue(bill.issued_on));
    let day = earlier.unwrap_or_else(|| day_of(engine.now_ms(), zone));
    let phases = District::new(day, zone).phases();
    let len: usize = phases.iter().map(Vec::len).sum();
    let bar = progress_bar(Some(len as u64), "sample district {bar:40} {pos}/{len}");
    for commands in phases.iter().flat_map(|phase| phase.chunks(CHUNK_LEN)) {
        let answers = session.submit_all(commands)?;
        let is_lost = |answer: &Answer| matches!(answer, Answer::PostPayment(Answered::UnknownChannel));
        ensure!(!answers.iter().any(is_lost), "a channel of the sample district is missing");
        bar.inc(commands.len() as u64);
    }
    bar.finish_and_clear();
    Ok(())
}

/// The sample district must not get among the accounts of a real one.
fn refuse_foreign_database(engine: &Engine) -> anyhow::Result<()> {
    let rules = engine.rules();
    let is_ours = district::CHANNEL_CODES.iter().all(|code| rules.channels.contains_key(*code));
    if !is_ours && !rules.channels.is_empty() {
        bail!("this database has channels of its own; the demo needs an empty one or its own from before");
    }
    Ok(())
}

/// One token for each caller that is shown.
struct Tokens {
    counter: String,
    bank: String,
    customer: String,
    provider: String,
    operator: String,
}

impl Tokens {
    fn mint(key: &Mint) -> anyhow::Result<Self> {
        let bearer = |channel, subject, scope, accounts| Bearer { channel, subject, scope, accounts };
        let of_bank = "bills:read payments:post payments:reverse";
        let own = Some(vec![district::shown_account()]);
        Ok(Self {
            counter: mint(key, bearer(COUNTER, "teller-1", "bills:read pii:read", None), TTL_S)?,
            bank: mint(key, bearer(BANK, "debit-processor", of_bank, None), TTL_S)?,
            provider: mint(key, bearer(MOBILE, "callbacks", "payments:post payments:reverse", None), TTL_S)?,
            operator: mint(key, bearer(COUNTER, "operator-1", "bills:read ops:read", None), TTL_S)?,
            customer: mint(key, bearer(APP, "customer-1", "bills:read pii:read", own), TTL_S)?,
        })
    }
}

fn introduction(address: SocketAddr, tokens: &Tokens, origin: SecretOrigin, run: &str) -> String {
    let url = format!("http://{}/graphql", reachable(address));
    let account = district::shown_account();
    let (payment_key, reversal_key) = (format!("DEMO-{run}-PAY"), format!("DEMO-{run}-UNDO"));
    let post = json!({ "query": POST, "variables": { "input": {
        "idempotencyKey": payment_key, "accountNumber": account, "amount": "20.00",
    } } });
    let reverse = json!({ "query": REVERSE, "variables": { "input": {
        "idempotencyKey": reversal_key, "paymentIdempotencyKey": payment_key, "reason": "demo",
    } } });
    let report = json!({ "query": REPORT, "variables": { "input": {
        "idempotencyKey": format!("DEMO-{run}-TOLD"), "accountNumber": district::unknown_account(), "amount": "20.00",
    } } });
    let ask = json!({ "query": ASK, "variables": { "number": account } });
    let own = json!({ "query": OWN, "variables": { "numbers": [account] } });
    let look_after = json!({ "query": LOOK_AFTER });
    let commands = [
        ("A counter asks what an account owes:", &tokens.counter, &ask),
        ("A bank posts a payment:", &tokens.bank, &post),
        (
            "The bank never got the answer and sends the same again - it is replayed, not paid twice:",
            &tokens.bank,
            &post,
        ),
        ("The bank takes the payment back:", &tokens.bank, &reverse),
        (
            "A mobile-payment provider tells of money taken already, for an account that isn't there - it is kept in suspense:",
            &tokens.provider,
            &report,
        ),
        ("An operator sees what a person must resolve:", &tokens.operator, &look_after),
        ("The customer reads their own bills in the app:", &tokens.customer, &own),
    ];
    let commands = commands.map(|(title, token, body)| format!("# {title}\n{}", curl(&url, token, body)));
    format!(
        "granary serves a sample district at {url} (Ctrl-C ends it). {}\nTry, in another terminal:\n\n{}\n",
        about_secret(origin),
        commands.join("\n\n")
    )
}

/// What becomes of the secret, so that nobody wonders why yesterday's tokens hold no longer.
fn about_secret(origin: SecretOrigin) -> &'static str {
    match origin {
        SecretOrigin::Configured => {
            "The tokens below are signed with your secret (GRANARY_JWT_SECRET) and hold for a day."
        }
        SecretOrigin::MadeForThisRun => {
            "The tokens below hold for a day at most: their secret was made for this run, is kept in its memory alone, and \
             ends with it. With a secret of your own in GRANARY_JWT_SECRET or GRANARY_JWT_SECRET_FILE they outlive it, and \
             `granary token` makes more."
        }
    }
}

const ASK: &str = "query($number: String!) { account(number: $number) { number name status customerClass amountDue \
    bills(first: 3, filter: {status: [OPEN, PARTLY_PAID]}) { nodes { number period dueOn status principal penalty amountDue } } } }";
const POST: &str = "mutation($input: PaymentPostInput!) { paymentPost(input: $input) { replayed \
    payment { receiptNumber amount status allocations { bill { number } part amount remainingAfter } toAdvance } \
    userErrors { code message retryable } } }";
const REVERSE: &str = "mutation($input: PaymentReverseInput!) { paymentReverse(input: $input) { replayed outcome \
    payment { receiptNumber amount status } userErrors { code message retryable } } }";
const OWN: &str = "query($numbers: [String!]!) { accounts(numbers: $numbers) { number name address amountDue advanceBalance \
    bills(first: 5) { nodes { number period dueOn status amountDue } } } }";

const REPORT: &str = "mutation($input: PaymentPostInput!) { paymentPost(input: $input) { replayed \
    payment { receiptNumber amount status toAdvance toSuspense } userErrors { code message retryable } } }";
const LOOK_AFTER: &str = "{ exceptions(first: 5) { nodes { number kind detail channel accountNumber idempotencyKey \
    payment { receiptNumber amount toSuspense } } pageInfo { hasNextPage endCursor } } \
    channel { code totals { posted reversed count reversedCount } } }";

/// No string of ours holds a single quote, so the shell takes each argument as it stands.
fn curl(url: &str, token: &str, body: &Value) -> String {
    format!(
        "curl -s {url} \\\n  -H 'Authorization: Bearer {token}' \\\n  -H 'Content-Type: application/json' \\\n  \
         -w '\\n' \\\n  -d '{body}'"
    )
}

/// Where a client on this machine reaches a server that listens there.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
