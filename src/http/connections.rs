//! Who is connected, and who leaves when it gets crowded: whoever has waited longest without a request under way, be it
//! between two requests, before a first one, or in the middle of one's head. So new clients get in however many others
//! have been here before. It counts nobody's requests and refuses nobody.

use std::any::Any;
use std::collections::HashMap;
use std::net::Shutdown;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use socket2::{SockRef, Socket};
use tokio::sync::Notify;

/// It is crowded while fewer than one of so many places is free; then as many again are made.
const SHARE_KEPT_FREE: usize = 16;
/// All that leave together are looked for at once: a look takes a moment where there are many.
const ROUND: Duration = Duration::from_millis(20);
/// In place of the instant since when a connection is idle.
const BUSY: u64 = u64::MAX;

/// All connections of a server.
pub(super) struct Connections {
    places: usize,
    begun: Instant,
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    open_len: AtomicUsize,
    next_number: AtomicU64,
    crowded: Notify,
}

/// A handle of a connection that another has in use.
struct Connection {
    socket: Socket,
    /// Microseconds since the server began, or [`BUSY`].
    idle_since: AtomicU64,
}

/// A connection's place, kept beside it until it ends.
struct Seat {
    connections: Arc<Connections>,
    connection: Arc<Connection>,
    number: u64,
}

/// A request under way on a connection, which isn't idle until this is dropped.
pub(super) struct Busy<'r>(&'r Seat);

impl Connections {
    /// For at most so many at once.
    pub(super) fn new(places: usize) -> Self {
        Self {
            places,
            begun: Instant::now(),
            open: Mutex::default(),
            open_len: AtomicUsize::new(0),
            next_number: AtomicU64::new(0),
            crowded: Notify::new(),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.open_len.load(Ordering::Relaxed)
    }

    /// Seats a new connection, given as actix gives it.
    pub(super) fn seat(self: &Arc<Self>, io: &dyn Any, beside_it: &mut Extensions) {
        let stream = match io.downcast_ref::<TcpStream>() {
            Some(stream) => Some(stream),
            None => io.downcast_ref::<TlsStream<TcpStream>>().map(|stream| stream.get_ref().0),
        };
        // Without a handle it stays as long as its client likes.
        let Some(Ok(socket)) = stream.map(|stream| SockRef::from(stream).try_clone()) else { return };
        let connection = Arc::new(Connection { socket, idle_since: AtomicU64::new(self.now()) });
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let mut open = self.open();
        open.insert(number, connection.clone());
        self.count(&open);
        drop(open);
        self.look_if_crowded();
        beside_it.insert(Seat { connections: self.clone(), connection, number });
    }

    /// Has those leave who have been idle longest, whenever it is crowded.
    pub(super) async fn make_room_when_crowded(&self) {
        loop {
            self.crowded.notified().await;
            self.make_room();
            tokio::time::sleep(ROUND).await;
        }
    }

    fn make_room(&self) {
        let mut open = self.open();
        let room = self.places - self.places.div_ceil(SHARE_KEPT_FREE / 2).min(self.places);
        let excess = open.len().saturating_sub(room);
        let idle_since = |connection: &Connection| {
            Some(connection.idle_since.load(Ordering::Relaxed)).filter(|since| *since != BUSY)
        };
        let idle = open.iter().filter_map(|(number, connection)| Some((idle_since(connection)?, *number)));
        let mut idle: Vec<(u64, u64)> = idle.collect();
        let leaving = excess.min(idle.len());
        if leaving < idle.len() {
            idle.select_nth_unstable(leaving);
        }
        for (_, number) in &idle[..leaving] {
            if let Some(connection) = open.remove(number) {
                // It ends as if its client had ended it: what is still to be sent to it is sent.
                let _gone_already = connection.socket.shutdown(Shutdown::Read);
            }
        }
        self.count(&open);
    }

    fn look_if_crowded(&self) {
        let kept_free = self.places.div_ceil(SHARE_KEPT_FREE);
        if self.len() > self.places.saturating_sub(kept_free) {
            self.crowded.notify_one();
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, open: &HashMap<u64, Arc<Connection>>) {
        self.open_len.store(open.len(), Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(BUSY - 1)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        open.remove(&self.number);
        self.connections.count(&open);
    }
}

impl<'r> Busy<'r> {
    /// The connection of a request, if it has a seat.
    pub(super) fn of(request: &'r HttpRequest) -> Option<Self> {
        let seat = request.conn_data::<Seat>()?;
        seat.connection.idle_since.store(BUSY, Ordering::Relaxed);
        Some(Self(seat))
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let Seat { connections, connection, .. } = self.0;
        connection.idle_since.store(connections.now(), Ordering::Relaxed);
        connections.look_if_crowded();
    }
}
