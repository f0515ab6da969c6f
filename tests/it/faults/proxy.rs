//! A relay between granary and PostgreSQL that cuts connections: with a reset, with a plain end, or without a word,
//! where both sides go on believing in a peer that says nothing.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use socket2::SockRef;

/// How a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Both sides are told that the peer is gone.
    Reset,
    /// Both sides see the stream's end.
    End,
    /// Nothing passes any more, and nobody is told.
    Silence,
}

/// Where a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A COMMIT doesn't reach the server.
    BeforeCommit,
    /// A COMMIT reaches the server, its answer doesn't come back.
    AfterCommit,
    /// After so many bytes more, in either direction.
    After(u64),
}

/// As libpq sends it: a simple query.
const COMMIT: &[u8] = b"COMMIT\0";
/// How often threads look whether they shall end.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Relays until dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

struct Shared {
    upstream: SocketAddr,
    plan: Mutex<Option<(Place, Cut)>>,
    passed: AtomicU64,
    made: AtomicU64,
    is_over: AtomicBool,
}

impl Proxy {
    /// Relays to a port of the loopback.
    pub fn start(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let shared = Arc::new(Shared {
            upstream: SocketAddr::from(([127, 0, 0, 1], port)),
            plan: Mutex::new(None),
            passed: AtomicU64::new(0),
            made: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        });
        let address = listener.local_addr().expect("its address");
        let accepting = shared.clone();
        let listener = Some(std::thread::spawn(move || accepting.accept(&listener)));
        Self { address, shared, listener }
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Has one connection, whichever comes to that place first, cut.
    pub fn cut(&self, place: Place, cut: Cut) {
        let place = match place {
            Place::After(bytes) => Place::After(self.shared.passed.load(Ordering::SeqCst) + bytes),
            place => place,
        };
        *self.shared.plan() = Some((place, cut));
    }

    /// How many connections were cut.
    pub fn made(&self) -> u64 {
        self.shared.made.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        let _wakes_the_listener = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _the_test_is_over = listener.join();
        }
    }
}

impl Shared {
    fn plan(&self) -> std::sync::MutexGuard<'_, Option<(Place, Cut)>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming() {
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let (Ok(client), Ok(server)) = (client, TcpStream::connect(self.upstream)) else { continue };
            let link =
                Arc::new(Link { shared: self.clone(), client, server, fate: Mutex::new(Fate::Passes) });
            for from_client in [true, false] {
                let link = link.clone();
                std::thread::spawn(move || link.relay(from_client));
            }
        }
    }
}

/// One connection through the relay.
struct Link {
    shared: Arc<Shared>,
    client: TcpStream,
    server: TcpStream,
    fate: Mutex<Fate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Passes,
    /// The next answer of the server is the one to a COMMIT.
    AwaitsCommit(Cut),
    IsCut(Cut),
}

impl Link {
    fn relay(&self, from_client: bool) {
        let (mut from, mut to) =
            if from_client { (&self.client, &self.server) } else { (&self.server, &self.client) };
        from.set_read_timeout(Some(LOOK_EVERY)).expect("a timeout that isn't zero");
        let mut buffer = [0; 64 * 1024];
        while !self.shared.is_over.load(Ordering::SeqCst) {
            let len = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(len) => len,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => continue,
                Err(_) => break,
            };
            match self.fate_of(&buffer[..len], from_client) {
                Some(Cut::Silence) => {}
                Some(cut) => return self.end(cut),
                None if to.write_all(&buffer[..len]).is_err() => break,
                None => {}
            }
        }
        self.end(Cut::End);
    }

    /// How the connection is cut instead of passing these bytes on, if it is.
    fn fate_of(&self, bytes: &[u8], from_client: bool) -> Option<Cut> {
        let mut fate = self.fate.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = self.shared.passed.fetch_add(bytes.len() as u64, Ordering::SeqCst) + bytes.len() as u64;
        match *fate {
            Fate::IsCut(cut) => return Some(cut),
            Fate::AwaitsCommit(cut) if !from_client => *fate = Fate::IsCut(cut),
            Fate::AwaitsCommit(_) => {}
            Fate::Passes => {
                let is_commit = from_client && bytes.windows(COMMIT.len()).any(|part| part == COMMIT);
                let mut plan = self.shared.plan();
                match *plan {
                    Some((Place::BeforeCommit, cut)) if is_commit => *fate = Fate::IsCut(cut),
                    Some((Place::AfterCommit, cut)) if is_commit => *fate = Fate::AwaitsCommit(cut),
                    Some((Place::After(place), cut)) if passed >= place => *fate = Fate::IsCut(cut),
                    _ => {}
                }
                if *fate != Fate::Passes {
                    *plan = None;
                }
            }
        }
        match *fate {
            Fate::IsCut(cut) => {
                self.shared.made.fetch_add(1, Ordering::SeqCst);
                Some(cut)
            }
            Fate::Passes | Fate::AwaitsCommit(_) => None,
        }
    }

    fn end(&self, cut: Cut) {
        for stream in [&self.client, &self.server] {
            if cut == Cut::Reset {
                let _gone_already = SockRef::from(stream).set_linger(Some(Duration::ZERO));
            }
            let _gone_already = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}
