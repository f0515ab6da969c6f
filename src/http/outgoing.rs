//! A large answer on its way to its reader, handed over piece by piece: all of it counts among the answers under way
//! until its last piece is taken.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

use crate::graphql::base::answer::AnswerBudget;

/// Bytes of a piece: as many as the connection keeps before it waits for the reader.
const PIECE_BYTES: usize = 32 * 1024;

/// What of an answer is not handed over yet. Its pieces share one piece of memory, which is free once all are gone.
struct Outgoing {
    bytes: Bytes,
    _budget: Arc<AnswerBudget>,
    /// Between two pieces others on this thread have their turn.
    pauses: bool,
}

/// The body of an answer.
pub(super) fn body(bytes: Vec<u8>, budget: Arc<AnswerBudget>) -> BoxBody {
    if bytes.len() <= PIECE_BYTES {
        return BoxBody::new(bytes);
    }
    budget.is_built(bytes.len());
    BoxBody::new(Outgoing { bytes: bytes.into(), _budget: budget, pauses: false })
}

impl MessageBody for Outgoing {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.bytes.len() as u64)
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let outgoing = self.get_mut();
        if outgoing.bytes.is_empty() {
            return Poll::Ready(None);
        }
        if std::mem::take(&mut outgoing.pauses) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        outgoing.pauses = true;
        let len = outgoing.bytes.len().min(PIECE_BYTES);
        let piece = outgoing.bytes.split_to(len);
        Poll::Ready(Some(Ok(piece)))
    }
}
