//! A document parsed and guarded once, with what is known of it from then on: validated once, it is not
//! validated again as long as its variables fit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use async_graphql::Positioned;
use async_graphql::parser::types::{
    Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet,
};
use async_graphql_value::Value;

use super::base::answer::weights::{OutputTypes, Weights};
use super::guard::{self, Objection};

/// What a selection takes in memory, with its names and weights.
const SELECTION_BYTES: usize = 512;
/// What a value takes, which can be two bytes of the text, for each of them.
const PER_BYTE: usize = 48;

/// A document that may be executed many times.
pub struct Prepared {
    parsed: ExecutableDocument,
    text_len: usize,
    /// No variable stands inside a list or an object, where what is around it is validated only together with
    /// its value.
    has_plain_variables: bool,
    asks_introspection: bool,
    weights: OnceLock<Arc<Weights>>,
    /// By audience, see [`super::Schemas`].
    is_valid: [AtomicBool; 2],
}

impl Prepared {
    /// Parses a document between the checks of its text and of its size.
    ///
    /// # Errors
    /// What is too large or malformed about it.
    pub fn new(document: &str) -> Result<Self, Objection> {
        let parsed = guard::parse(document)?;
        let has_plain_variables = has_plain_variables(&parsed);
        let asks_introspection = sets(&parsed).any(asks_introspection);
        let (text_len, weights, is_valid) = (document.len(), OnceLock::new(), Default::default());
        Ok(Self { parsed, text_len, has_plain_variables, asks_introspection, weights, is_valid })
    }

    /// The operation that is meant, with its name.
    pub fn operation(&self, meant: Option<&str>) -> Option<(Option<&str>, &OperationDefinition)> {
        let mut operations = self.parsed.operations.iter();
        let found = match meant {
            None => operations.next().filter(|_| operations.next().is_none()),
            Some(meant) => operations.find(|(name, _)| name.is_some_and(|name| name.as_str() == meant)),
        };
        found.map(|(name, operation)| (name.map(|name| name.as_str()), &operation.node))
    }

    pub(super) fn parsed(&self) -> &ExecutableDocument {
        &self.parsed
    }

    /// About how many bytes it takes in memory, at most, with its text.
    pub fn memory_bytes(&self) -> usize {
        SELECTION_BYTES * (1 + sets(&self.parsed).map(selections).sum::<usize>()) + PER_BYTE * self.text_len
    }

    /// Whether any of it asks what the API is.
    pub(super) fn asks_introspection(&self) -> bool {
        self.asks_introspection
    }

    pub(super) fn weights(&self, types: &OutputTypes) -> &Arc<Weights> {
        self.weights.get_or_init(|| Arc::new(types.weigh(&self.parsed)))
    }

    pub(super) fn is_valid(&self, audience: usize) -> bool {
        self.is_valid[audience].load(Ordering::Acquire)
    }

    /// Notes that it was executed, and so is valid whatever its variables.
    pub(super) fn note_valid(&self, audience: usize) {
        if self.has_plain_variables {
            self.is_valid[audience].store(true, Ordering::Release);
        }
    }
}

/// How many selections there are, those inside others included.
fn selections(set: &SelectionSet) -> usize {
    let inner = |item: &Positioned<Selection>| match &item.node {
        Selection::Field(field) => selections(&field.node.selection_set.node),
        Selection::InlineFragment(fragment) => selections(&fragment.node.selection_set.node),
        Selection::FragmentSpread(_) => 0,
    };
    set.items.iter().map(|item| 1 + inner(item)).sum()
}

/// Whether the selections, fragments they spread left out, ask what the API is.
fn asks_introspection(set: &SelectionSet) -> bool {
    set.items.iter().any(|item| match &item.node {
        Selection::Field(field) => guard::is_introspection(&field.node),
        Selection::InlineFragment(fragment) => asks_introspection(&fragment.node.selection_set.node),
        Selection::FragmentSpread(_) => false,
    })
}

/// The selections of all operations and fragments.
fn sets(document: &ExecutableDocument) -> impl Iterator<Item = &SelectionSet> {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    operations.chain(document.fragments.values().map(|fragment| &fragment.node.selection_set.node))
}

fn has_plain_variables(document: &ExecutableDocument) -> bool {
    let operations = document
        .operations
        .iter()
        .map(|(_, operation)| (&operation.node.directives, &operation.node.selection_set.node));
    let fragments = document.fragments.values();
    let fragments = fragments.map(|fragment| (&fragment.node.directives, &fragment.node.selection_set.node));
    operations.chain(fragments).all(|(directives, set)| are_plain(directives) && is_plain_set(set))
}

fn is_plain_set(set: &SelectionSet) -> bool {
    set.items.iter().all(|item| match &item.node {
        Selection::Field(field) => {
            let field = &field.node;
            field.arguments.iter().all(|(_, value)| is_plain(&value.node))
                && are_plain(&field.directives)
                && is_plain_set(&field.selection_set.node)
        }
        Selection::FragmentSpread(spread) => are_plain(&spread.node.directives),
        Selection::InlineFragment(fragment) => {
            are_plain(&fragment.node.directives) && is_plain_set(&fragment.node.selection_set.node)
        }
    })
}

fn are_plain(directives: &[Positioned<Directive>]) -> bool {
    let arguments = directives.iter().flat_map(|directive| &directive.node.arguments);
    arguments.into_iter().all(|(_, value)| is_plain(&value.node))
}

fn is_plain(value: &Value) -> bool {
    matches!(value, Value::Variable(_)) || has_no_variable(value)
}

fn has_no_variable(value: &Value) -> bool {
    match value {
        Value::Variable(_) => false,
        Value::List(values) => values.iter().all(has_no_variable),
        Value::Object(fields) => fields.values().all(has_no_variable),
        _ => true,
    }
}
