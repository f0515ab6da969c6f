//! How large an answer may become. It is built as a whole before it is written, so its bytes are bounded while
//! it is built, and all answers under way together: those that are being built, and those that wait to be taken.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_graphql::{Context, DataContext, Error, Pos, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::error::{ErrorCode, engine_error};
use super::session::RequestContext;
use crate::access::caller::Caller;
use crate::engine::{EngineError, Priority};

pub(in crate::graphql) mod slices;
pub(in crate::graphql) mod weights;

use slices::Slices;
use weights::Weights;

/// Up to this an answer is small: whoever has a place at the door may have it, whatever else is under way.
pub const SMALL_BYTES: usize = 64 * 1024;
/// Large answers that are built at once: each takes some times as much memory as it has bytes, and time.
const BUILT_AT_ONCE_MAX: usize = 2;
/// How long a large answer waits for its turn to be built.
const TURN_WITHIN: Duration = Duration::from_secs(10);

/// Bytes of all answers that are being built or wait to be taken.
#[derive(Debug)]
pub struct AnswersUnderWay {
    bytes: AtomicUsize,
    bytes_max: usize,
    /// Bytes of each caller's large answers.
    by_caller: Mutex<HashMap<CallerKey, usize>>,
    turns: Arc<Semaphore>,
}

/// Who asks: channel and subject.
type CallerKey = (String, String);

/// Why nothing more can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overdrawn {
    /// The answer would be larger than one may be.
    TooLarge,
    /// All answers under way, or the caller's, are as large as they may be together.
    Busy,
}

impl AnswersUnderWay {
    /// At most so many bytes of them; and of one caller half of what callers of that priority may have.
    pub fn new(bytes_max: usize) -> Arc<Self> {
        let turns = Arc::new(Semaphore::new(BUILT_AT_ONCE_MAX));
        Arc::new(Self { bytes: AtomicUsize::new(0), bytes_max, by_caller: Mutex::default(), turns })
    }

    /// How many there are.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// What one answer holds, given back when the last who needs it is gone.
pub struct AnswerBudget {
    bytes_max: usize,
    left: AtomicUsize,
    held: AtomicUsize,
    under_way: Arc<AnswersUnderWay>,
    caller: Arc<Caller>,
    priority: Priority,
    is_mutation: bool,
    weights: Arc<Weights>,
    slices: Slices,
    turn: Mutex<Option<OwnedSemaphorePermit>>,
}

impl AnswerBudget {
    pub(in crate::graphql) fn new(
        bytes_max: usize,
        under_way: &Arc<AnswersUnderWay>,
        context: &RequestContext,
        is_mutation: bool,
        weights: Arc<Weights>,
    ) -> Self {
        Self {
            bytes_max,
            left: AtomicUsize::new(bytes_max),
            held: AtomicUsize::new(0),
            under_way: under_way.clone(),
            caller: context.caller.clone(),
            priority: context.priority,
            is_mutation,
            weights,
            slices: Slices::default(),
            turn: Mutex::default(),
        }
    }

    /// Bytes that an answer may have.
    pub(in crate::graphql) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Turns of its being built.
    pub(in crate::graphql) fn slices(&self) -> &Slices {
        &self.slices
    }

    /// Weights of the document that it answers.
    pub(in crate::graphql) fn item_bytes(&self, field: Pos) -> usize {
        self.weights.of_item(field)
    }

    /// Whether it is more than [`SMALL_BYTES`].
    pub fn is_large(&self) -> bool {
        self.held.load(Ordering::Relaxed) > SMALL_BYTES
    }

    /// Makes room for so many bytes more. Once too much was asked for, nothing more is given.
    pub(in crate::graphql) fn draw(&self, bytes: usize) -> Result<(), Overdrawn> {
        let less = |left: usize| Some(left.saturating_sub(bytes));
        let before = self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).unwrap_or_default();
        if bytes > before || before == 0 {
            return Err(Overdrawn::TooLarge);
        }
        self.hold(self.held.load(Ordering::Acquire) + bytes, true)
    }

    /// What it could still draw, to [return to](Self::return_to).
    pub(in crate::graphql) fn left(&self) -> usize {
        self.left.load(Ordering::Acquire)
    }

    /// Forgets what was drawn since so much was left: it is built again.
    pub(in crate::graphql) fn return_to(&self, left: usize) {
        let drawn = left.saturating_sub(self.left.swap(left, Ordering::AcqRel));
        let _less_always_fits = self.hold(self.held.load(Ordering::Acquire).saturating_sub(drawn), false);
    }

    /// Waits until a large answer may be built; a small one is built at once.
    async fn wait_for_turn(&self) -> Result<(), Overdrawn> {
        let has_turn = || self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_large() || has_turn().is_some() {
            return Ok(());
        }
        let turn = timeout(TURN_WITHIN, self.under_way.turns.clone().acquire_owned()).await;
        let turn = turn.ok().and_then(Result::ok).ok_or(Overdrawn::Busy)?;
        has_turn().get_or_insert(turn);
        Ok(())
    }

    /// It is built, and has so many bytes that wait to be taken.
    pub fn is_built(&self, bytes: usize) {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _it_is_there_in_any_case = self.hold(bytes, false);
    }

    /// Holds so many bytes from now on; unchanged where that `must_fit` and doesn't.
    fn hold(&self, bytes: usize, must_fit: bool) -> Result<(), Overdrawn> {
        let (before, under_way) = (self.held.load(Ordering::Acquire), &self.under_way);
        if before <= SMALL_BYTES && bytes <= SMALL_BYTES {
            self.change(before, bytes);
            return Ok(());
        }
        let large = |bytes: usize| if bytes > SMALL_BYTES { bytes } else { 0 };
        let mut by_caller = under_way.by_caller.lock().unwrap_or_else(PoisonError::into_inner);
        let caller = (self.caller.channel_code.clone(), self.caller.subject.clone());
        let of_caller = by_caller.get(&caller).copied().unwrap_or_default();
        let of_caller = (of_caller + large(bytes)).saturating_sub(large(before));
        let of_all = (under_way.bytes() + bytes).saturating_sub(before);
        let places = self.priority.places(under_way.bytes_max);
        if must_fit && (of_all > places || of_caller > places / 2) {
            return Err(Overdrawn::Busy);
        }
        match of_caller {
            0 => by_caller.remove(&caller),
            bytes => by_caller.insert(caller, bytes),
        };
        self.change(before, bytes);
        Ok(())
    }

    fn change(&self, before: usize, bytes: usize) {
        self.under_way.bytes.fetch_add(bytes, Ordering::AcqRel);
        self.under_way.bytes.fetch_sub(before, Ordering::AcqRel);
        self.held.store(bytes, Ordering::Release);
    }

    /// What was written before stays: then whoever asks must learn that the same key may be sent again.
    fn error(&self, overdrawn: Overdrawn) -> Error {
        match overdrawn {
            Overdrawn::Busy if self.is_mutation => engine_error(EngineError::Timeout),
            Overdrawn::TooLarge if self.is_mutation => {
                let message = "What was written stays; with the same key ask for less of it.";
                ErrorCode::Timeout.error(format!("{} {message}", too_large(self.bytes_max)))
            }
            overdrawn => self.first_error(overdrawn),
        }
    }

    /// Nothing was written yet.
    fn first_error(&self, overdrawn: Overdrawn) -> Error {
        match overdrawn {
            Overdrawn::TooLarge => ErrorCode::QueryTooLarge.error(too_large(self.bytes_max)),
            Overdrawn::Busy => engine_error(EngineError::Busy),
        }
    }
}

impl Drop for AnswerBudget {
    fn drop(&mut self) {
        let _less_always_fits = self.hold(0, false);
    }
}

/// What is said of an answer that would be larger than this.
fn too_large(bytes_max: usize) -> String {
    format!("The answer would be larger than {bytes_max} bytes; ask for less at once.")
}

/// The budget of the request in whose context this is.
pub(in crate::graphql) fn budget<'a>(ctx: &impl DataContext<'a>) -> Result<&'a AnswerBudget> {
    let found = ctx.data::<Arc<AnswerBudget>>();
    found.map(Arc::as_ref).map_err(|_| engine_error(EngineError::Internal))
}

/// Makes room for so many items of the lists that a mutation's answer will hold, before anything is written.
pub(in crate::graphql) fn draw_before_writing(ctx: &Context<'_>, items: usize) -> Result<()> {
    let budget = budget(ctx)?;
    let bytes = items.saturating_mul(budget.item_bytes(ctx.item.pos));
    budget.draw(bytes).map_err(|overdrawn| budget.first_error(overdrawn))
}

/// Makes room for so many bytes of what is being resolved.
pub(in crate::graphql) fn draw<'a>(ctx: &impl DataContext<'a>, bytes: usize) -> Result<()> {
    let budget = budget(ctx)?;
    budget.draw(bytes).map_err(|overdrawn| budget.error(overdrawn))
}

/// As [`draw`], and waits for the turn of a large answer.
pub(in crate::graphql) async fn draw_in_turn<'a>(ctx: &impl DataContext<'a>, bytes: usize) -> Result<()> {
    draw(ctx, bytes)?;
    let budget = budget(ctx)?;
    budget.wait_for_turn().await.map_err(|overdrawn| budget.error(overdrawn))
}
