//! An answer on its way to its reader, handed over piece by piece: what a slow one leaves counts among the
//! answers under way until it is taken.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;

use crate::graphql::answer::AnswerBudget;

/// Bytes of a piece: as many as the connection keeps before it waits for the reader.
const PIECE_BYTES: usize = 32 * 1024;

/// What of an answer is not handed over yet.
pub(super) struct Outgoing {
    bytes: Bytes,
    budget: Arc<AnswerBudget>,
}

impl Outgoing {
    pub(super) fn new(bytes: Vec<u8>, budget: Arc<AnswerBudget>) -> Self {
        budget.hold(bytes.len());
        Self { bytes: bytes.into(), budget }
    }
}

impl MessageBody for Outgoing {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.bytes.len() as u64)
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let outgoing = self.get_mut();
        if outgoing.bytes.is_empty() {
            return Poll::Ready(None);
        }
        let len = outgoing.bytes.len().min(PIECE_BYTES);
        let piece = outgoing.bytes.split_to(len);
        outgoing.budget.hold(outgoing.bytes.len());
        Poll::Ready(Some(Ok(piece)))
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        Ok(self.bytes)
    }
}
