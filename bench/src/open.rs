//! A generator that keeps to a schedule: requests start when they are meant to, however slow the
//! answers are, and their latency counts from that instant (Poisson arrivals, no coordinated omission).
//! It can also run closed, each client sending its next request when the last is answered, to find
//! out how much a server can do.
//!
//! One thread does all sending and receiving, on plain HTTP/1.1 connections that are kept; another
//! does nothing but keep time. A request that finds every connection busy waits, and its wait counts.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::process::{getpriority_process, setpriority_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::task::LocalSet;

use crate::draw::Draw;
use crate::tally::{Outcome, Said};

/// How often the time-keeper looks up, at most: what is due within this goes out together. Each look takes a
/// processor from the server: every 100 µs they were a quarter of what the generator took at twice the capacity.
const TICK: Duration = Duration::from_millis(1);

/// Makes the bytes of a request.
pub type Request = Box<dyn FnMut(&mut Draw) -> Vec<u8>>;

/// A kind of request.
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// How many of a hundred, or any other measure: shares are taken relative to their sum.
    pub share: f64,
    /// Makes the bytes of one.
    pub request: Request,
}

/// When requests start.
#[derive(Debug, Clone)]
pub enum Pace {
    /// So many a second for so long, one such stretch after another.
    Open(Vec<(f64, Duration)>),
    /// So many clients, each as fast as it is answered.
    Closed(usize, Duration),
}

/// What to send, where and when.
pub struct Load {
    /// Host and port.
    pub address: String,
    /// What.
    pub kinds: Vec<Kind>,
    /// When.
    pub pace: Pace,
    /// Connections at once; more requests wait.
    pub connections_max: usize,
    /// Whoever has no answer by then, counted from when it should have started, goes away.
    pub give_up: Duration,
    /// Where chance starts.
    pub seed: u64,
    /// Ends an open run early.
    pub until: Arc<AtomicBool>,
}

/// A request that is due.
struct Job {
    kind: usize,
    intended: Instant,
}

struct Shared {
    address: String,
    kinds: RefCell<Vec<Kind>>,
    draw: RefCell<Draw>,
    jobs: RefCell<VecDeque<Job>>,
    arrived: Notify,
    idle: Cell<usize>,
    is_over: Cell<bool>,
    give_up: Duration,
    started: Instant,
    outcome: RefCell<Outcome>,
}

impl Load {
    /// Runs it to its end, until the last answer is in or given up.
    pub fn run(self) -> anyhow::Result<Outcome> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let local = LocalSet::new();
        local.block_on(&runtime, self.send())
    }

    async fn send(self) -> anyhow::Result<Outcome> {
        let _precedence = Precedence::take();
        let shares: Vec<f64> = self.kinds.iter().map(|kind| kind.share).collect();
        let names: Vec<&'static str> = self.kinds.iter().map(|kind| kind.name).collect();
        let stretches = match &self.pace {
            Pace::Open(stretches) => stretches.iter().map(|(_, duration)| *duration).collect(),
            Pace::Closed(_, duration) => vec![*duration],
        };
        let shared = Rc::new(Shared {
            address: self.address,
            kinds: RefCell::new(self.kinds),
            draw: RefCell::new(Draw::new(self.seed)),
            jobs: RefCell::default(),
            arrived: Notify::new(),
            idle: Cell::new(0),
            is_over: Cell::new(false),
            give_up: self.give_up,
            started: Instant::now(),
            outcome: RefCell::new(Outcome::new(&names, stretches)),
        });
        match self.pace {
            Pace::Open(stretches) => {
                let keeper = Keeper {
                    started: shared.started,
                    stretches,
                    shares,
                    draw: Draw::new(!self.seed),
                    until: self.until,
                };
                open(&shared, keeper, self.connections_max).await?;
            }
            Pace::Closed(clients, duration) => closed(&shared, clients, duration, &shares).await?,
        }
        let shared = Rc::into_inner(shared).context("a client outlived the run")?;
        Ok(shared.outcome.into_inner())
    }
}

async fn open(shared: &Rc<Shared>, keeper: Keeper, connections_max: usize) -> anyhow::Result<()> {
    let (tell, mut told) = mpsc::unbounded_channel();
    let keeper = std::thread::spawn(move || keeper.keep_time(&tell));
    let mut clients = Vec::new();
    while let Some(due) = told.recv().await {
        let due_count = due.len();
        shared.jobs.borrow_mut().extend(due);
        for _ in 0..due_count {
            if shared.idle.get() > 0 {
                shared.idle.set(shared.idle.get() - 1);
                shared.arrived.notify_one();
            } else if clients.len() < connections_max {
                clients.push(tokio::task::spawn_local(work_off(shared.clone())));
            }
        }
    }
    shared.is_over.set(true);
    shared.arrived.notify_waiters();
    for client in clients {
        client.await?;
    }
    keeper.join().map_err(|_| anyhow::anyhow!("the time-keeper panicked"))
}

/// While it lives, its thread and those it starts go before others: where the generator waits for a processor,
/// requests are late that a generator on a machine of its own would have sent. Only root may.
struct Precedence {
    before: i32,
}

impl Precedence {
    const NICE: i32 = -10;

    fn take() -> Option<Self> {
        let before = getpriority_process(None).ok()?;
        setpriority_process(None, Self::NICE).ok()?;
        Some(Self { before })
    }
}

impl Drop for Precedence {
    fn drop(&mut self) {
        if let Err(error) = setpriority_process(None, self.before) {
            eprintln!("the generator's precedence stays: {error}");
        }
    }
}

/// Says when requests are due, and of which kind.
struct Keeper {
    started: Instant,
    stretches: Vec<(f64, Duration)>,
    shares: Vec<f64>,
    draw: Draw,
    until: Arc<AtomicBool>,
}

impl Keeper {
    fn keep_time(mut self, tell: &mpsc::UnboundedSender<Vec<Job>>) {
        let mut begins = Duration::ZERO;
        for (per_second, duration) in std::mem::take(&mut self.stretches) {
            let ends = begins + duration;
            let mut next = begins + self.gap(per_second);
            while next < ends && !self.until.load(Ordering::Acquire) {
                let mut due = Vec::new();
                let now = self.started.elapsed();
                while next <= now && next < ends {
                    due.push(Job {
                        kind: choose(&self.shares, &mut self.draw),
                        intended: self.started + next,
                    });
                    next += self.gap(per_second);
                }
                if !due.is_empty() && tell.send(due).is_err() {
                    return;
                }
                std::thread::sleep(next.saturating_sub(self.started.elapsed()).max(TICK));
            }
            begins = ends;
        }
    }

    fn gap(&mut self, per_second: f64) -> Duration {
        Duration::from_secs_f64(self.draw.gap_s(per_second))
    }
}

fn choose(shares: &[f64], draw: &mut Draw) -> usize {
    let mut left = draw.share() * shares.iter().sum::<f64>();
    for (index, share) in shares.iter().enumerate() {
        left -= share;
        if left < 0.0 {
            return index;
        }
    }
    shares.len() - 1
}

/// A client of the open kind: takes what is due, and waits where nothing is.
async fn work_off(shared: Rc<Shared>) {
    let mut connection = None;
    loop {
        let job = shared.jobs.borrow_mut().pop_front();
        match job {
            Some(job) => ask(&shared, &mut connection, job).await,
            None if shared.is_over.get() => return,
            None => {
                shared.idle.set(shared.idle.get() + 1);
                shared.arrived.notified().await;
            }
        }
    }
}

async fn closed(
    shared: &Rc<Shared>,
    clients: usize,
    duration: Duration,
    shares: &[f64],
) -> anyhow::Result<()> {
    let client = |_| {
        let (shared, shares) = (shared.clone(), shares.to_vec());
        tokio::task::spawn_local(async move {
            let mut connection = None;
            while shared.started.elapsed() < duration {
                let kind = choose(&shares, &mut shared.draw.borrow_mut());
                ask(&shared, &mut connection, Job { kind, intended: Instant::now() }).await;
            }
        })
    };
    let clients: Vec<_> = (0..clients).map(client).collect();
    for client in clients {
        client.await?;
    }
    Ok(())
}

/// Sends one request and notes what was said to it.
async fn ask(shared: &Shared, connection: &mut Option<TcpStream>, job: Job) {
    let left = shared.give_up.saturating_sub(job.intended.elapsed());
    let said = if left.is_zero() {
        Said::Unsent
    } else {
        let request = shared
            .kinds
            .borrow_mut()
            .get_mut(job.kind)
            .map_or_else(Vec::new, |kind| (kind.request)(&mut shared.draw.borrow_mut()));
        let answer = tokio::time::timeout(left, exchange(&shared.address, connection, &request)).await;
        if !matches!(answer, Ok(Ok(_))) {
            *connection = None;
        }
        match answer {
            Ok(Ok(answer)) => Said::of(&answer),
            Ok(Err(_)) => Said::Else,
            Err(_) => Said::Nothing,
        }
    };
    let latency = job.intended.elapsed();
    shared.outcome.borrow_mut().note(job.kind, job.intended - shared.started, latency, said);
}

async fn exchange(
    address: &str,
    connection: &mut Option<TcpStream>,
    request: &[u8],
) -> std::io::Result<Vec<u8>> {
    let stream = match connection {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            connection.insert(stream)
        }
    };
    stream.write_all(request).await?;
    let mut answer = Vec::with_capacity(2_048);
    loop {
        if stream.read_buf(&mut answer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if answer_len(&answer).is_some_and(|len| answer.len() >= len) {
            return Ok(answer);
        }
    }
}

/// How long the answer will be in all, once its head is there.
pub fn answer_len(answer: &[u8]) -> Option<usize> {
    let head_len = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(answer.get(..head_len)?).ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Some(head_len + length?)
}
