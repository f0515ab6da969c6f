//! A document parsed, guarded and validated once, with what is known of it from then on.

use std::sync::{Arc, OnceLock};

use async_graphql::parser::types::{ExecutableDocument, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Positioned, ServerError};

use super::base::answer::weights::{OutputTypes, Weights};
use super::guard::{self, Objection};
use super::validation::Validator;

/// What a selection takes in memory, with its names and weights.
const SELECTION_BYTES: usize = 512;
/// What a value takes, which can be two bytes of the text, for each of them.
const PER_BYTE: usize = 48;

/// A document that may be executed many times.
pub struct Prepared {
    parsed: ExecutableDocument,
    text_len: usize,
    errors: Vec<ServerError>,
    asks_introspection: bool,
    weights: OnceLock<Arc<Weights>>,
}

impl Prepared {
    /// Parses a document between the checks of its text and of its size, and validates it.
    ///
    /// # Errors
    /// What is too large or malformed about it.
    pub fn new(document: &str, validator: &Validator) -> Result<Self, Objection> {
        let parsed = guard::parse(document)?;
        let errors = validator.errors(document);
        let asks_introspection = sets(&parsed).any(asks_introspection);
        let (text_len, weights) = (document.len(), OnceLock::new());
        Ok(Self { parsed, text_len, errors, asks_introspection, weights })
    }

    /// What makes it invalid; empty where it is valid.
    pub fn errors(&self) -> &[ServerError] {
        &self.errors
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
