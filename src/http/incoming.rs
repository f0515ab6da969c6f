//! A request's body as it comes in: read up to a bound, then thrown away up to another, so that the
//! answer arrives; whoever sends more than that is cut off.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::{Bytes, Payload};
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, timeout_at};

/// Bytes taken in from one request, kept or not.
const TAKEN_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long a client may take to send its body.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why a body wasn't read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// Larger than allowed.
    TooLarge,
    /// It took too long.
    TooSlow,
    /// The client broke off, or broke the protocol.
    Broken,
}

/// A body on its way.
pub(super) struct Incoming {
    payload: Payload,
    taken: usize,
    until: Option<Instant>,
    has_ended: bool,
}

impl Incoming {
    pub(super) fn new(payload: Payload) -> Self {
        Self { payload, taken: 0, until: None, has_ended: false }
    }

    /// The whole body, of at most `bytes_max` bytes.
    pub(super) async fn read(&mut self, bytes_max: usize) -> Result<Vec<u8>, BodyError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.next().await? {
            if self.taken > bytes_max {
                return Err(BodyError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Gives the answer once the rest of the body is out of its way.
    pub(super) async fn answer(mut self, reply: HttpResponse) -> HttpResponse {
        while !self.has_ended && self.taken <= TAKEN_BYTES_MAX {
            if self.next().await.is_err() {
                break;
            }
        }
        if self.has_ended { reply } else { cut_off(reply, self.payload) }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        // What came with the head is there at once; only who lets others wait is timed.
        let chunk = match self.payload.next().now_or_never() {
            Some(chunk) => Ok(chunk),
            None => {
                let until = *self.until.get_or_insert_with(|| Instant::now() + TIMEOUT);
                timeout_at(until, self.payload.next()).await
            }
        };
        match chunk {
            Ok(Some(Ok(chunk))) => {
                self.taken += chunk.len();
                Ok(Some(chunk))
            }
            Ok(Some(Err(_))) => Err(BodyError::Broken),
            Ok(None) => {
                self.has_ended = true;
                Ok(None)
            }
            Err(_) => Err(BodyError::TooSlow),
        }
    }
}

/// actix reads on to the end of a chunked body whose payload was dropped, however long it is. As long
/// as the answer holds the payload, the connection is closed after the answer.
fn cut_off(reply: HttpResponse, payload: Payload) -> HttpResponse {
    reply.map_body(|_, body| match body.try_into_bytes() {
        Ok(bytes) => BoxBody::new(Holding { bytes: Some(bytes), _payload: payload }),
        Err(body) => body,
    })
}

struct Holding {
    bytes: Option<Bytes>,
    _payload: Payload,
}

impl MessageBody for Holding {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(self.get_mut().bytes.take().map(Ok))
    }
}
