//! Channels under load: threads that post payments with keys known before the first try, and send
//! each again until a definite answer comes. What they were told is written down.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::site::{BANK, Site};
use crate::support::client::{Client, Reply};
use crate::support::wait::{POLL_EVERY, wait_until};

/// What of a payment never changes once it is answered.
pub const RECORDED: &str = "id number receiptNumber channel amount paidAt postedAt toAdvance toSuspense \
    allocations { bill { number } amount part remainingAfter }";
/// A key that has no definite answer for this long is a failure of the test.
const PATIENCE: Duration = Duration::from_secs(60);

/// A payment that was acknowledged.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// As it was sent.
    pub input: Value,
    /// As it was answered.
    pub payment: Value,
    /// When it was sent first.
    pub sent_at: Instant,
    /// When its answer was there.
    pub answered_at: Instant,
}

/// What the clients saw.
#[derive(Debug, Default)]
pub struct Book {
    /// In the order of their answers.
    pub acknowledged: Vec<Acknowledged>,
    /// Answers BUSY.
    pub busy: u64,
    /// Answers TIMEOUT.
    pub timeout: u64,
    /// Tries without any answer.
    pub unanswered: u64,
    /// Keys of which a try was answered TIMEOUT, or not at all.
    pub unknown: u64,
    /// Of those, the ones that turned out to be posted already.
    pub found_posted: u64,
    /// Answers that should never be.
    pub surprises: Vec<String>,
}

/// Posts payments in one request, again and again until they have definite answers. Returns these, and how many tries
/// were answered BUSY and TIMEOUT.
pub fn post_all(client: &Client, inputs: &[Value]) -> (Vec<Value>, u64, u64) {
    let document = format!(
        "mutation($payments: [PaymentPostInput!]!) {{ paymentBatchPost(input: {{ payments: $payments }}) {{ \
         results {{ replayed userErrors {{ code }} payment {{ {RECORDED} }} }} }} }}"
    );
    let started = Instant::now();
    let (mut busy, mut timeout) = (0, 0);
    loop {
        let reply = client.send(&document, json!({ "payments": inputs }));
        let code = reply.body["errors"][0]["extensions"]["code"].as_str();
        match (reply.body["data"]["paymentBatchPost"]["results"].as_array(), code) {
            (Some(results), None) => {
                assert_eq!(results.len(), inputs.len());
                return (results.clone(), busy, timeout);
            }
            (_, Some("BUSY")) => busy += 1,
            (_, Some("TIMEOUT")) => timeout += 1,
            _ => panic!("{reply:?}"),
        }
        assert!(started.elapsed() < PATIENCE, "no definite answer in {PATIENCE:?}: {reply:?}");
    }
}

impl Book {
    /// Brings payments to definite answers and writes these down. Those that were `tried` before may be posted already.
    pub fn post_all(&mut self, client: &Client, inputs: Vec<Value>, tried: bool) {
        let sent_at = Instant::now();
        let (results, busy, timeout) = post_all(client, &inputs);
        let (is_unknown, answered_at) = (tried || timeout > 0, Instant::now());
        self.busy += busy;
        self.timeout += timeout;
        for (input, result) in inputs.into_iter().zip(results) {
            assert!(result["payment"].is_object(), "{input}: {result}");
            self.unknown += u64::from(is_unknown);
            self.found_posted += u64::from(is_unknown && result["replayed"] == true);
            let payment = result["payment"].clone();
            self.acknowledged.push(Acknowledged { input, payment, sent_at, answered_at });
        }
    }

    /// Adds what another has written down.
    pub fn add(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.surprises.extend(other.surprises);
        self.busy += other.busy;
        self.timeout += other.timeout;
        self.unanswered += other.unanswered;
        self.unknown += other.unknown;
        self.found_posted += other.found_posted;
    }
}

const RUNNING: u8 = 0;
/// Each thread brings the key it has to a definite answer.
const FINISHING: u8 = 1;
const ABANDONED: u8 = 2;

struct Shared {
    standing: AtomicU8,
    address: Mutex<SocketAddr>,
    book: Mutex<Book>,
    acknowledged: AtomicU64,
    accounts: Vec<String>,
    token: String,
    name: String,
}

/// Clients at work.
pub struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts clients of the server at `address`, whose keys begin with `name`.
    pub fn start(site: &Site, name: &str, address: SocketAddr, client_count: usize) -> Self {
        let shared = Arc::new(Shared {
            standing: AtomicU8::new(RUNNING),
            address: Mutex::new(address),
            book: Mutex::default(),
            acknowledged: AtomicU64::new(0),
            accounts: site.accounts.clone(),
            token: site.token(BANK),
            name: name.to_owned(),
        });
        let start = |index| {
            let shared = shared.clone();
            std::thread::spawn(move || Clerk { shared: &shared, client: None }.work(index))
        };
        let threads = (0..client_count).map(start).collect();
        Self { shared, threads }
    }

    /// Tells the clients where the server is now.
    pub fn turn_to(&self, address: SocketAddr) {
        *self.shared.address() = address;
    }

    /// How many payments were acknowledged so far.
    pub fn acknowledged(&self) -> u64 {
        self.shared.acknowledged.load(Ordering::SeqCst)
    }

    /// Waits until so many more payments are acknowledged than now, at most this long; says how long it took.
    pub fn wait_for_more(&self, what: &str, count: u64, at_most: Duration) -> Duration {
        let wanted = self.acknowledged() + count;
        wait_until(what, at_most, || self.acknowledged() >= wanted)
    }

    /// What the clients saw so far.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.shared.book()
    }

    /// Every `step`-th of what was acknowledged so far.
    pub fn sample(&self, len_max: usize) -> Vec<Acknowledged> {
        let book = self.book();
        let step = book.acknowledged.len().div_ceil(len_max).max(1);
        book.acknowledged.iter().rev().step_by(step).cloned().collect()
    }

    /// Lets every client bring its last key to a definite answer, and returns what they saw.
    pub fn finish(mut self) -> Book {
        self.shared.standing.store(FINISHING, Ordering::SeqCst);
        for thread in std::mem::take(&mut self.threads) {
            thread.join().expect("a client ends well");
        }
        let book = std::mem::take(&mut *self.book());
        assert!(book.surprises.is_empty(), "{:#?}", book.surprises);
        book
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.standing.store(ABANDONED, Ordering::SeqCst);
        for thread in std::mem::take(&mut self.threads) {
            let _the_test_failed_already = thread.join();
        }
    }
}

impl Shared {
    fn address(&self) -> MutexGuard<'_, SocketAddr> {
        self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is(&self, standing: u8) -> bool {
        self.standing.load(Ordering::SeqCst) == standing
    }
}

/// One client.
struct Clerk<'a> {
    shared: &'a Shared,
    client: Option<(SocketAddr, Client)>,
}

impl Clerk<'_> {
    fn work(&mut self, index: usize) {
        for number in 0_usize.. {
            if !self.shared.is(RUNNING) {
                return;
            }
            let account = &self.shared.accounts[(index * 7 + number * 13) % self.shared.accounts.len()];
            let fen = 101 + (number * 37 + index * 11) % 700;
            self.settle(json!({
                "idempotencyKey": format!("{}-{index}-{number}", self.shared.name),
                "accountNumber": account,
                "amount": format!("{}.{:02}", fen / 100, fen % 100),
            }));
        }
    }

    /// Sends the same until there is a definite answer.
    fn settle(&mut self, input: Value) {
        let started = Instant::now();
        let mut is_unknown = false;
        while !self.shared.is(ABANDONED) {
            match self.try_post(&input) {
                Ok(reply) if is_answered(&reply) => return self.note(input, &reply, started, is_unknown),
                Ok(reply) => is_unknown |= self.note_refusal(&reply),
                Err(_) => {
                    is_unknown = true;
                    self.shared.book().unanswered += 1;
                }
            }
            if started.elapsed() > PATIENCE {
                let surprise = format!("no definite answer in {PATIENCE:?}: {input}");
                return self.shared.book().surprises.push(surprise);
            }
            std::thread::sleep(POLL_EVERY);
        }
    }

    fn try_post(&mut self, input: &Value) -> Result<Reply, ureq::Error> {
        let address = *self.shared.address();
        if self.client.as_ref().is_none_or(|(current, _)| *current != address) {
            let client = super::site::client_with(address, &self.shared.token);
            self.client = Some((address, client));
        }
        let (_, client) = self.client.as_ref().expect("just set");
        let document = format!(
            "mutation($input: PaymentPostInput!) {{ paymentPost(input: $input) {{ replayed \
             userErrors {{ code message }} payment {{ {RECORDED} }} }} }}"
        );
        client.try_send(&document, json!({ "input": input }))
    }

    fn note(&self, input: Value, reply: &Reply, sent_at: Instant, was_unknown: bool) {
        let payload = &reply.body["data"]["paymentPost"];
        let mut book = self.shared.book();
        if payload["payment"].is_null() {
            return book.surprises.push(format!("{input}: {}", reply.body));
        }
        book.unknown += u64::from(was_unknown);
        book.found_posted += u64::from(was_unknown && payload["replayed"] == true);
        let (payment, answered_at) = (payload["payment"].clone(), Instant::now());
        book.acknowledged.push(Acknowledged { input, payment, sent_at, answered_at });
        self.shared.acknowledged.fetch_add(1, Ordering::SeqCst);
    }

    /// Only BUSY and TIMEOUT may be, and both must say that the same may be sent again. Says whether the
    /// outcome is unknown.
    fn note_refusal(&self, reply: &Reply) -> bool {
        let extensions = &reply.body["errors"][0]["extensions"];
        let mut book = self.shared.book();
        match (reply.status, extensions["code"].as_str()) {
            (503, Some("BUSY")) if reply.retry_after.is_some() && extensions["retryable"] == true => {
                book.busy += 1;
                return false;
            }
            // Posted, but a look-up for the answer failed: 200, and the answer is lost all the same.
            (200 | 504, Some("TIMEOUT")) if extensions["retryable"] == true => book.timeout += 1,
            _ => book.surprises.push(format!("{reply:?}")),
        }
        true
    }
}

fn is_answered(reply: &Reply) -> bool {
    reply.status == 200 && reply.body.get("errors").is_none()
}
