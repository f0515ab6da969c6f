//! How large an answer may become. It is built as a whole before it is written, so its bytes are bounded while
//! it is built: each list draws what its items will come to before they are resolved, each free text its
//! length; and all answers under way share one bound.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::resolve_list;
use async_graphql::{Context, ContextSelectionSet, DataContext, OutputType, Positioned, ServerResult, Value};

use super::error::{ErrorCode, engine_error};
use super::slices::Slices;
use super::weights::Weights;
use crate::engine::{EngineError, Urgency};

/// Bytes of all answers that are being built or wait to be taken.
#[derive(Debug)]
pub struct AnswersUnderWay {
    bytes: AtomicUsize,
    bytes_max: usize,
}

/// Why nothing more can be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overdrawn {
    /// The answer would be larger than one may be.
    TooLarge,
    /// All answers under way are as large as they may be together.
    Busy,
}

impl AnswersUnderWay {
    /// At most so many bytes of them.
    pub fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { bytes: AtomicUsize::new(0), bytes_max })
    }

    /// How many there are.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize, bytes_max: usize) -> Result<(), Overdrawn> {
        let before = self.bytes.fetch_add(bytes, Ordering::AcqRel);
        if before.saturating_add(bytes) <= bytes_max {
            return Ok(());
        }
        self.take_off(bytes);
        Err(Overdrawn::Busy)
    }

    fn take_off(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::AcqRel);
    }
}

/// What one answer holds, given back when the last who needs it is gone.
pub struct AnswerBudget {
    bytes_max: usize,
    left: AtomicUsize,
    held: AtomicUsize,
    under_way: Arc<AnswersUnderWay>,
    under_way_max: usize,
    /// What was posted stays posted, whatever others are being told meanwhile.
    is_mutation: bool,
    weights: Arc<Weights>,
    slices: Slices,
}

impl AnswerBudget {
    pub(super) fn new(
        bytes_max: usize,
        under_way: &Arc<AnswersUnderWay>,
        urgency: Urgency,
        is_mutation: bool,
        weights: Arc<Weights>,
    ) -> Self {
        Self {
            bytes_max,
            left: AtomicUsize::new(bytes_max),
            held: AtomicUsize::new(0),
            under_way_max: urgency.places(under_way.bytes_max),
            under_way: under_way.clone(),
            is_mutation,
            weights,
            slices: Slices::default(),
        }
    }

    /// Turns of its being built.
    pub(super) fn slices(&self) -> &Slices {
        &self.slices
    }

    /// Bytes that an answer may have.
    pub(super) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Makes room for so many bytes before anything is done.
    pub(super) fn draw_first(&self, bytes: usize) -> Result<(), Overdrawn> {
        self.draw_own(bytes)?;
        self.under_way.add(bytes, self.under_way_max)?;
        self.held.fetch_add(bytes, Ordering::AcqRel);
        Ok(())
    }

    /// Makes room for so many more.
    pub(super) fn draw(&self, bytes: usize) -> Result<(), Overdrawn> {
        if !self.is_mutation {
            return self.draw_first(bytes);
        }
        self.draw_own(bytes)?;
        self.under_way.bytes.fetch_add(bytes, Ordering::AcqRel);
        self.held.fetch_add(bytes, Ordering::AcqRel);
        Ok(())
    }

    /// Once too much was asked for, nothing more is given.
    fn draw_own(&self, bytes: usize) -> Result<(), Overdrawn> {
        let less = |left: usize| Some(left.saturating_sub(bytes));
        let before = self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).unwrap_or_default();
        if bytes > before { Err(Overdrawn::TooLarge) } else { Ok(()) }
    }

    /// The answer is built and has so many bytes that wait to be taken.
    pub fn hold(&self, bytes: usize) {
        let before = self.held.swap(bytes, Ordering::AcqRel);
        self.under_way.bytes.fetch_add(bytes, Ordering::AcqRel);
        self.under_way.take_off(before);
    }
}

impl Drop for AnswerBudget {
    fn drop(&mut self) {
        self.under_way.take_off(*self.held.get_mut());
    }
}

/// What is said of an answer that would be larger than this.
pub(super) fn too_large(bytes_max: usize) -> String {
    format!("The answer would be larger than {bytes_max} bytes; ask for less at once.")
}

fn error(budget: &AnswerBudget, overdrawn: Overdrawn) -> async_graphql::Error {
    match overdrawn {
        Overdrawn::TooLarge if budget.is_mutation => {
            ErrorCode::QueryTooLarge.error(format!("{} What was written stays.", too_large(budget.bytes_max)))
        }
        Overdrawn::TooLarge => ErrorCode::QueryTooLarge.error(too_large(budget.bytes_max)),
        Overdrawn::Busy => engine_error(EngineError::Busy),
    }
}

/// The budget of the request in whose context this is.
pub(super) fn budget<'a>(ctx: &impl DataContext<'a>) -> async_graphql::Result<&'a AnswerBudget> {
    let found = ctx.data::<Arc<AnswerBudget>>();
    found.map(Arc::as_ref).map_err(|_| engine_error(EngineError::Internal))
}

/// Makes room for a list of so many items that this field's answer will hold, before anything is done.
pub(super) fn draw_items_below(ctx: &Context<'_>, len: usize) -> async_graphql::Result<()> {
    let budget = budget(ctx)?;
    let bytes = len.saturating_mul(budget.weights.of_item(ctx.item.pos));
    budget.draw_first(bytes).map_err(|overdrawn| error(budget, overdrawn))
}

/// Makes room for so many bytes of what is being resolved.
pub(super) fn draw<'a>(ctx: &impl DataContext<'a>, bytes: usize) -> async_graphql::Result<()> {
    let budget = budget(ctx)?;
    budget.draw(bytes).map_err(|overdrawn| error(budget, overdrawn))
}

/// A list of the API: it draws what its items come to, then resolves them.
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<T: OutputType> OutputType for List<T> {
    fn type_name() -> Cow<'static, str> {
        <Vec<T> as OutputType>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<T> as OutputType>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<T> as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        if self.0.is_empty() {
            return Ok(Value::List(Vec::new()));
        }
        let in_place = |error: async_graphql::Error| error.into_server_error(field.pos);
        let budget = budget(ctx).map_err(in_place)?;
        let item_bytes = budget.weights.of_item(field.pos);
        let drawn = budget.draw(self.0.len().saturating_mul(item_bytes));
        drawn.map_err(|overdrawn| in_place(error(budget, overdrawn)))?;
        let items = self.0.iter().map(|item| Item { item, bytes: item_bytes, slices: &budget.slices });
        resolve_list(ctx, field, items, Some(self.0.len())).await
    }
}

/// An item of a list, resolved when it is its turn.
struct Item<'a, T> {
    item: &'a T,
    bytes: usize,
    slices: &'a Slices,
}

impl<T: OutputType> OutputType for Item<'_, T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        self.slices.take_turn(self.bytes).await;
        self.item.resolve(ctx, field).await
    }
}

/// A text that may be long: it draws its length.
#[derive(Clone)]
pub(super) struct FreeText<'a>(pub(super) Cow<'a, str>);

impl<'a> From<&'a str> for FreeText<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for FreeText<'a> {
    fn from(text: &'a String) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for FreeText<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl OutputType for FreeText<'_> {
    fn type_name() -> Cow<'static, str> {
        <String as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <String as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        draw(ctx, self.0.len()).map_err(|error| error.into_server_error(field.pos))?;
        Ok(Value::String(self.0.clone().into_owned()))
    }
}
