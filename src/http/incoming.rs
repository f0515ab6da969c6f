//! A request's body as it comes in: read up to a bound, then thrown away up to another, so that the
//! answer arrives; whoever sends more than that, or too slowly, is cut off.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::error::PayloadError;
use actix_web::web::{Bytes, Payload};
use futures_util::StreamExt;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use super::body_room::Room;

/// Bytes taken in from one request, kept or not.
const TAKEN_BYTES_MAX: usize = 16 * 1024 * 1024;
/// A body that follows this soon after its head is out of the way before a refusal is given, so that the connection
/// can stay: many clients send the two apart. Nobody minds waiting so long for a refusal.
const ON_THE_HEELS: Duration = Duration::from_millis(2);

/// A body that is longer needs room, however fast it comes: many at once would fill the memory.
const WITHOUT_ROOM_MAX: usize = 64 * 1024;

/// Why a body wasn't read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// Larger than allowed.
    TooLarge,
    /// It took too long.
    TooSlow,
    /// The client broke off, or broke the protocol.
    Broken,
    /// It is long or didn't come with its head, and there is no room for it.
    NoRoom,
}

/// A body that is all there, with its room if it had to be waited for.
pub(super) struct Received<'b> {
    pub(super) bytes: Vec<u8>,
    _room: Option<Room<'b>>,
}

/// A body on its way.
pub(super) struct Incoming {
    payload: Payload,
    time: Duration,
    taken: usize,
    until: Option<Instant>,
    has_ended: bool,
    is_broken: bool,
}

impl Incoming {
    /// A body that must be there within `time`, counted from the first time that it lets somebody wait.
    pub(super) fn new(payload: Payload, time: Duration) -> Self {
        Self { payload, time, taken: 0, until: None, has_ended: false, is_broken: false }
    }

    /// The whole body, of at most `bytes_max` bytes. One that is long or didn't come with its head asks for `room`.
    pub(super) async fn read<'b>(
        &mut self,
        bytes_max: usize,
        room: impl FnOnce() -> Option<Room<'b>>,
    ) -> Result<Received<'b>, BodyError> {
        let mut bytes = Vec::new();
        while bytes.len() <= WITHOUT_ROOM_MAX
            && let Some(chunk) = self.at_once().await
        {
            let Some(chunk) = chunk? else { return Ok(Received { bytes, _room: None }) };
            self.keep(&mut bytes, &chunk, bytes_max)?;
        }
        let mut room = room().ok_or(BodyError::NoRoom)?;
        let mut held = 0;
        loop {
            // What is reserved is taken up, written to or not.
            if !room.grow(bytes.capacity() - held) {
                return Err(BodyError::NoRoom);
            }
            held = bytes.capacity();
            let Some(chunk) = self.in_time().await? else { break };
            self.keep(&mut bytes, &chunk, bytes_max)?;
        }
        room.complete();
        Ok(Received { bytes, _room: Some(room) })
    }

    /// Gives the answer at once, and takes the rest of the body out of its way.
    pub(super) async fn answer(mut self, reply: HttpResponse) -> HttpResponse {
        let heels = Instant::now() + ON_THE_HEELS;
        while !self.has_ended && !self.is_broken && self.taken <= TAKEN_BYTES_MAX {
            let chunk = match self.at_once().await {
                Some(chunk) => chunk,
                None => match timeout_at(heels, self.payload.next()).await {
                    Ok(chunk) => self.took(chunk),
                    Err(_) => break,
                },
            };
            if chunk.is_err() {
                break;
            }
        }
        if self.has_ended { reply } else { self.drain_after(reply) }
    }

    fn keep(&self, bytes: &mut Vec<u8>, chunk: &[u8], bytes_max: usize) -> Result<(), BodyError> {
        if self.taken > bytes_max {
            return Err(BodyError::TooLarge);
        }
        bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// The next chunk if it is there already. What came with the head is there at the second look: it is read on
    /// between the two.
    async fn at_once(&mut self) -> Option<Result<Option<Bytes>, BodyError>> {
        let mut has_looked = false;
        let look = |context: &mut Context<'_>| match self.payload.poll_next_unpin(context) {
            Poll::Ready(chunk) => Poll::Ready(Some(chunk)),
            Poll::Pending if has_looked => Poll::Ready(None),
            Poll::Pending => {
                has_looked = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        };
        let chunk = poll_fn(look).await?;
        Some(self.took(chunk))
    }

    async fn in_time(&mut self) -> Result<Option<Bytes>, BodyError> {
        let until = self.until();
        let chunk = timeout_at(until, self.payload.next()).await.map_err(|_| BodyError::TooSlow)?;
        self.took(chunk)
    }

    fn until(&mut self) -> Instant {
        *self.until.get_or_insert_with(|| Instant::now() + self.time)
    }

    fn took(&mut self, chunk: Option<Result<Bytes, PayloadError>>) -> Result<Option<Bytes>, BodyError> {
        match chunk {
            Some(Ok(chunk)) => {
                self.taken += chunk.len();
                Ok(Some(chunk))
            }
            Some(Err(_)) => {
                self.is_broken = true;
                Err(BodyError::Broken)
            }
            None => {
                self.has_ended = true;
                Ok(None)
            }
        }
    }

    /// actix reads on to the end of a chunked body whose payload was dropped, however long it is: the answer holds it.
    fn drain_after(mut self, reply: HttpResponse) -> HttpResponse {
        let until = if self.is_broken { Instant::now() } else { self.until() };
        reply.map_body(|_, answer| {
            BoxBody::new(Draining {
                size: answer.size(),
                answer: Some(answer),
                is_given: false,
                payload: self.payload,
                taken: self.taken,
                until: Box::pin(sleep_until(until)),
            })
        })
    }
}

/// An answer that is given while the request's body is still coming in. It ends with that body; or, once that has
/// taken its time or enough has come, with the connection, without reading on.
struct Draining {
    size: BodySize,
    answer: Option<BoxBody>,
    is_given: bool,
    payload: Payload,
    taken: usize,
    until: Pin<Box<Sleep>>,
}

impl MessageBody for Draining {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if let Some(answer) = &mut this.answer {
            match ready!(Pin::new(answer).poll_next(context)) {
                Some(piece) => return Poll::Ready(Some(piece)),
                None => this.answer = None,
            }
        }
        if !this.is_given {
            // What is written goes out while somebody waits.
            this.is_given = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let cut_off = || Some(Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()));
        while this.taken <= TAKEN_BYTES_MAX {
            match this.payload.poll_next_unpin(context) {
                Poll::Ready(Some(Ok(chunk))) => this.taken += chunk.len(),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(_))) => break,
                Poll::Pending => return this.until.as_mut().poll(context).map(|()| cut_off()),
            }
        }
        Poll::Ready(cut_off())
    }
}
