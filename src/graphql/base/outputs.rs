//! Lists and long texts of the API. What they come to is known only once they are there: then they draw it from the
//! answer's budget, before anything of them is built.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::resolver_utils::resolve_list;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};

use super::answer::slices::Slices;
use super::answer::{budget, draw, draw_in_turn};
use super::type_of::type_of;

/// A list of the API: it draws what its items come to, then resolves them.
pub(in crate::graphql) struct List<T> {
    items: Vec<T>,
    is_drawn: bool,
}

impl<T> List<T> {
    /// These items.
    pub(in crate::graphql) fn new(items: Vec<T>) -> Self {
        Self { items, is_drawn: false }
    }

    /// These, for which room was made before they were there.
    pub(in crate::graphql) fn drawn_before(items: Vec<T>) -> Self {
        Self { items, is_drawn: true }
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::new(items.into_iter().collect())
    }
}

impl<T: OutputType> OutputType for List<T> {
    type_of!(Vec<T> as OutputType);

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        if self.items.is_empty() {
            return Ok(Value::List(Vec::new()));
        }
        let in_place = |error: async_graphql::Error| error.into_server_error(field.pos);
        let budget = budget(ctx).map_err(in_place)?;
        let item_bytes = budget.item_bytes(field.pos);
        let bytes = if self.is_drawn { 0 } else { self.items.len().saturating_mul(item_bytes) };
        draw_in_turn(ctx, bytes).await.map_err(in_place)?;
        let items = self.items.iter().map(|item| Item { item, bytes: item_bytes, slices: budget.slices() });
        resolve_list(ctx, field, items, Some(self.items.len())).await
    }
}

/// An item of a list, resolved when it is its turn.
struct Item<'a, T> {
    item: &'a T,
    bytes: usize,
    slices: &'a Slices,
}

impl<T: OutputType> OutputType for Item<'_, T> {
    type_of!(T as OutputType);

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        self.slices.take_turn(self.bytes).await;
        self.item.resolve(ctx, field).await
    }
}

/// A text that may be long: it draws its length.
#[derive(Clone)]
pub(in crate::graphql) struct FreeText<'a>(pub(in crate::graphql) Cow<'a, str>);

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
    type_of!(String as OutputType);

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        draw(ctx, self.0.len()).map_err(|error| error.into_server_error(field.pos))?;
        Ok(Value::String(self.0.clone().into_owned()))
    }
}
