//! F10: clients that lose patience after 200 ms and try five times, ten times as many as the server can serve. It goes
//! on serving, and is itself again soon after.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::row::{Trial, runs};
use super::wire::{exchange, post_request};
use crate::processes::alone;
use crate::processes::load::Book;
use crate::processes::site::{BANK, Site, client_with};
use crate::support::backends::for_each_backend;

const PATIENCE: Duration = Duration::from_millis(200);
const TRIES: usize = 5;
/// Clients that keep the server busy, without making it late.
const FEW: usize = 24;
const MANY: usize = 10 * FEW;
const CALM: Duration = Duration::from_secs(3);
const STORM: Duration = Duration::from_secs(5);
/// Answers are counted in stretches of this length to see when the rate is back.
const STRETCH: Duration = Duration::from_millis(500);
const NORMAL_WITHIN: Duration = Duration::from_secs(5);
/// The rate counts as normal again at so many per cent of that before.
const NORMAL_PERCENT: u64 = 80;
/// Less than this many per cent of the calm rate would be a collapse; the machine also carries the storm's makers.
const GOODPUT_PERCENT_MIN: u64 = 25;

#[test]
fn a_storm_of_impatient_clients_is_served_and_soon_over() {
    for_each_backend(|database| {
        let _alone = alone();
        let mut trial = Trial::begin("F10", "retry storm, ten times the clients", database.name());
        let site = Site::new(&database.url, 200);
        let mut server = site.serve();
        let mut crowd = Crowd::new(&site, server.address);
        let mut percents = Vec::new();
        for _ in 0..runs(1) {
            let calm = crowd.at_work(FEW, None, CALM).rate(CALM);
            let goodput = crowd.at_work(MANY, Some(PATIENCE), STORM).rate(STORM);
            let after = crowd.at_work(FEW, None, NORMAL_WITHIN);
            let normal = after.first_stretch_of(calm * NORMAL_PERCENT / 100).or_else(|| {
                // Then a new process says what the machine can do by now.
                server.kill();
                server = site.serve();
                crowd.go_to(server.address);
                let calm = crowd.at_work(FEW, None, CALM).rate(CALM);
                println!("{calm}/s by a new process");
                after.first_stretch_of(calm * NORMAL_PERCENT / 100)
            });
            trial.back_after(normal.unwrap_or_else(|| panic!("not normal {NORMAL_WITHIN:?} after a storm")));
            let percent = goodput * 100 / calm.max(1);
            println!("{calm}/s before, {goodput}/s in time meanwhile");
            percents.push(percent);
            assert!(percent >= GOODPUT_PERCENT_MIN, "only {percent} % of {calm}/s in the storm");
            trial.made();
        }
        let (least, most) = (percents.iter().min().unwrap_or(&0), percents.iter().max().unwrap_or(&0));
        trial.note(format!("in time meanwhile: {least} to {most} % of the rate before, by fewer clients"));
        let book = crowd.ask_for_all(&site);
        trial.conclude(&site, &site.client(&server, BANK), &book);
    });
}

/// Clients, what they have sent, and what they heard.
struct Crowd {
    shared: Arc<Shared>,
}

struct Shared {
    address: SocketAddr,
    token: String,
    accounts: Vec<String>,
    next_key: AtomicU64,
    sent: Mutex<Vec<Value>>,
    unknown: AtomicU64,
}

/// Answers by the time at which they came, since the start.
struct Answers(Vec<Duration>);

impl Answers {
    fn rate(&self, duration: Duration) -> u64 {
        self.0.len() as u64 * 1_000 / u64::try_from(duration.as_millis()).expect("a short time")
    }

    /// The end of the first stretch with at least this rate.
    fn first_stretch_of(&self, per_second: u64) -> Option<Duration> {
        let mut times: VecDeque<Duration> = self.0.iter().copied().collect();
        times.make_contiguous().sort_unstable();
        (1..).map(|number| STRETCH * number).take_while(|end| *end <= NORMAL_WITHIN).find(|end| {
            let within = times.iter().filter(|time| **time <= *end && **time > *end - STRETCH).count();
            within as u64 * 1_000 / 500 >= per_second
        })
    }
}

impl Crowd {
    fn new(site: &Site, address: SocketAddr) -> Self {
        let shared = Shared {
            address,
            token: site.token(BANK),
            accounts: site.accounts.clone(),
            next_key: AtomicU64::new(0),
            sent: Mutex::default(),
            unknown: AtomicU64::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Posts to a server at this address from now on.
    fn go_to(&mut self, address: SocketAddr) {
        let shared = Arc::get_mut(&mut self.shared).expect("no client is at work");
        shared.address = address;
    }

    /// Has clients post for a while, each one payment after the other.
    fn at_work(&self, clients: usize, patience: Option<Duration>, duration: Duration) -> Answers {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let answers = Arc::new(Mutex::new(Vec::new()));
        let is_over = Arc::new(AtomicBool::new(false));
        let started = Instant::now();
        runtime.block_on(async {
            let client = |_| {
                let (shared, answers, is_over) = (self.shared.clone(), answers.clone(), is_over.clone());
                tokio::spawn(async move {
                    while !is_over.load(Ordering::Relaxed) {
                        if shared.post(patience).await {
                            answers.lock().expect("no client died").push(started.elapsed());
                        }
                    }
                })
            };
            let clients: Vec<_> = (0..clients).map(client).collect();
            tokio::time::sleep(duration).await;
            is_over.store(true, Ordering::Relaxed);
            for client in clients {
                client.await.expect("a client ends well");
            }
        });
        let answers = std::mem::take(&mut *answers.lock().expect("no client died"));
        Answers(answers.into_iter().filter(|time| *time <= duration).collect())
    }

    /// Sends all again that was ever sent, so that every key has a definite answer.
    fn ask_for_all(&self, site: &Site) -> Book {
        let sent = std::mem::take(&mut *self.shared.sent.lock().expect("no client died"));
        let client = client_with(self.shared.address, &site.token(BANK));
        let mut book = Book::default();
        for inputs in sent.chunks(250) {
            book.post_all(&client, inputs.to_vec(), false);
        }
        book.unknown = self.shared.unknown.load(Ordering::Relaxed);
        book
    }
}

impl Shared {
    /// Posts one payment, in as many tries as a client makes; says whether it was acknowledged in time.
    async fn post(&self, patience: Option<Duration>) -> bool {
        let number = self.next_key.fetch_add(1, Ordering::Relaxed);
        let account = &self.accounts[usize::try_from(number).expect("few") % self.accounts.len()];
        let input = json!({ "idempotencyKey": format!("storm-{number}"), "accountNumber": account, "amount": "0.01" });
        self.sent.lock().expect("no client died").push(input.clone());
        let request = post_request(&self.token, &input);
        let mut is_unknown = false;
        for _ in 0..TRIES {
            let answer = match patience {
                Some(patience) => tokio::time::timeout(patience, exchange(self.address, &request)).await,
                None => Ok(exchange(self.address, &request).await),
            };
            match answer {
                Ok(Ok(answer)) if answer.contains("\"payment\":{") => {
                    self.unknown.fetch_add(u64::from(is_unknown), Ordering::Relaxed);
                    return true;
                }
                Ok(Ok(answer)) => assert!(answer.starts_with("HTTP/1.1 503"), "{answer}"),
                Ok(Err(_)) | Err(_) => is_unknown = true,
            }
        }
        self.unknown.fetch_add(u64::from(is_unknown), Ordering::Relaxed);
        false
    }
}
