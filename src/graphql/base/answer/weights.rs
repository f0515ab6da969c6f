//! How many bytes a document's answer has, lists left out: worked out once a document from its response keys
//! and the greatest length of a value of each type. What a list comes to is known only once it is there; then
//! it draws its length times the weight of one item (see [`crate::graphql::base::outputs`]).

use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::registry::{MetaType, MetaTypeName, Registry};
use async_graphql::{Pos, Positioned};

/// Quotes, colon and comma around a key, and a share of the brackets.
const AROUND_KEY_BYTES: usize = 6;
/// Brackets of a list or an object.
const BRACKETS_BYTES: usize = 2;
/// Least weight of a list's item: what it is made from takes memory, however little of it is told.
pub(in crate::graphql) const ITEM_BYTES_MIN: usize = 256;
/// The longest text whose length is bounded by a rule; longer ones draw theirs, see
/// [`FreeText`](crate::graphql::base::outputs::FreeText).
const TEXT_BYTES: usize = 64;

/// Bytes of a value of a scalar type, quotes included.
fn scalar_bytes(name: &str) -> usize {
    match name {
        "Boolean" => 5,
        "Int" => 11,
        "Date" => 12,
        "Amount" => 22,
        "DateTime" => 26,
        "ID" => 84,
        _ => TEXT_BYTES,
    }
}

/// What the answer's objects can hold: the fields of each type.
pub(in crate::graphql) struct OutputTypes {
    query: String,
    mutation: String,
    fields: HashMap<String, HashMap<String, FieldType>>,
}

struct FieldType {
    /// Of the field, or of the items of its list.
    type_name: String,
    is_list: bool,
    /// Bytes of a value that has no fields.
    value_bytes: usize,
}

impl OutputTypes {
    pub(in crate::graphql) fn of(registry: &Registry) -> Self {
        let types = registry.types.iter().filter_map(|(name, kind)| {
            let (MetaType::Object { fields, .. } | MetaType::Interface { fields, .. }) = kind else {
                return None;
            };
            let fields = fields.iter().map(|(name, field)| (name.clone(), field_type(registry, &field.ty)));
            Some((name.clone(), fields.collect()))
        });
        Self {
            query: registry.query_type.clone(),
            mutation: registry.mutation_type.clone().unwrap_or_default(),
            fields: types.collect(),
        }
    }

    fn find(&self, parent: &str, field: &str) -> Option<&FieldType> {
        self.fields.get(parent)?.get(field)
    }

    /// Weighs all operations of a document, which was found small enough to be walked as it would be executed.
    pub(in crate::graphql) fn weigh(&self, document: &ExecutableDocument) -> Weights {
        let mut scales = Scales { types: self, document, items: HashMap::new() };
        let roots = document.operations.iter().map(|(_, operation)| {
            let root = match operation.node.ty {
                async_graphql::parser::types::OperationType::Mutation => &self.mutation,
                _ => &self.query,
            };
            let set = &operation.node.selection_set;
            (set.pos, scales.selections(&set.node, root).bytes)
        });
        let roots = roots.collect();
        let mut items: Vec<(Pos, usize)> = scales.items.into_iter().collect();
        items.sort_unstable();
        Weights { roots, items }
    }
}

fn field_type(registry: &Registry, declared: &str) -> FieldType {
    let type_name = MetaTypeName::concrete_typename(declared).to_owned();
    let value_bytes = match registry.types.get(&type_name) {
        Some(MetaType::Enum { enum_values, .. }) => {
            enum_values.keys().map(String::len).max().unwrap_or_default() + 2
        }
        _ => scalar_bytes(&type_name),
    };
    FieldType { type_name, is_list: declared.starts_with('['), value_bytes }
}

/// The weights of one document.
#[derive(Debug, Default)]
pub(in crate::graphql) struct Weights {
    /// Of each operation's answer, by where its selections begin.
    roots: Vec<(Pos, usize)>,
    /// Of one item of each list in or directly below a field, by where the field stands; in that order.
    items: Vec<(Pos, usize)>,
}

impl Weights {
    /// Bytes of an operation's answer, its lists empty.
    pub(in crate::graphql) fn of_root(&self, selections: &Positioned<SelectionSet>) -> usize {
        let root = self.roots.iter().find(|(pos, _)| *pos == selections.pos);
        root.map_or(0, |(_, bytes)| *bytes)
    }

    /// Bytes of one item of a list, its own lists empty; of a field that is no list, of one item of each list
    /// directly below it.
    pub(in crate::graphql) fn of_item(&self, field: Pos) -> usize {
        let found = self.items.binary_search_by_key(&field, |(pos, _)| *pos);
        found.map_or(0, |index| self.items[index].1)
    }
}

struct Scales<'d> {
    types: &'d OutputTypes,
    document: &'d ExecutableDocument,
    items: HashMap<Pos, usize>,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    /// Of one object, its lists empty.
    bytes: usize,
    /// Of one item of each of its lists.
    items_bytes: usize,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.items_bytes = self.items_bytes.saturating_add(other.items_bytes);
    }
}

impl Scales<'_> {
    /// Fragments on other types than the object's count as well: which it is shows only later.
    fn selections(&mut self, set: &SelectionSet, parent: &str) -> Sum {
        let mut sum = Sum { bytes: BRACKETS_BYTES, items_bytes: 0 };
        for selection in &set.items {
            sum.add(match &selection.node {
                Selection::Field(field) => self.field(field, parent),
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let on = condition.map_or(parent, |condition| condition.node.on.node.as_str());
                    self.selections(&fragment.node.selection_set.node, on)
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.node.fragment_name.node);
                    fragment.map_or_else(Sum::default, |fragment| {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        self.selections(&fragment.node.selection_set.node, on)
                    })
                }
            });
        }
        sum
    }

    fn field(&mut self, field: &Positioned<Field>, parent: &str) -> Sum {
        let types = self.types;
        let key_bytes = field.node.response_key().node.len() + AROUND_KEY_BYTES;
        // What introspection answers is counted while it is built.
        let known = types.find(parent, field.node.name.node.as_str());
        let Some(known) = known.filter(|_| !field.node.selection_set.node.items.is_empty()) else {
            let value_bytes = known.map_or(TEXT_BYTES, |known| known.value_bytes);
            return Sum { bytes: key_bytes + value_bytes, items_bytes: 0 };
        };
        let inner = self.selections(&field.node.selection_set.node, &known.type_name);
        let (bytes, items_bytes) = match known.is_list {
            true => (BRACKETS_BYTES, inner.bytes.max(ITEM_BYTES_MIN)),
            false => (inner.bytes, inner.items_bytes),
        };
        self.items.insert(field.pos, items_bytes);
        Sum { bytes: key_bytes.saturating_add(bytes), items_bytes }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;
    use crate::graphql::root::registry;

    fn weights(document: &str) -> (usize, Vec<usize>) {
        let document = parse_query(document).expect("a document");
        let weights = OutputTypes::of(&registry()).weigh(&document);
        let (_, operation) = document.operations.iter().next().expect("an operation");
        let items = weights.items.iter().map(|(_, bytes)| *bytes).collect();
        (weights.of_root(&operation.node.selection_set), items)
    }

    #[test]
    fn an_answer_weighs_its_keys_and_the_longest_values_and_an_item_is_weighed_apart() {
        let cases = [
            ("{ account(number: \"1\") { n: number } }", (2 + 13 + 2 + 7 + TEXT_BYTES, vec![0])),
            (
                "{ ... on Query { account(number: \"1\") { ...a } } } fragment a on Account { advanceBalance }",
                (2 + 2 + 13 + 2 + 2 + 20 + 22, vec![0]),
            ),
            (
                "{ accounts(numbers: []) { status bills { nodes { isPayable dueOn } } } }",
                (2 + 14 + 2, vec![ITEM_BYTES_MIN; 3]),
            ),
            (
                "{ nodes(ids: []) { ... on Bill { id number period } ... on Payment { a: number b: channel } } }",
                (2 + 11 + 2, vec![2 + 8 + 84 + 2 * (12 + TEXT_BYTES) + 2 * (7 + TEXT_BYTES) + 2 + 2]),
            ),
            (
                "mutation { paymentBatchPost(input: {payments: []}) { results { replayed } } }",
                (2 + 22 + 2 + 13 + 2, vec![ITEM_BYTES_MIN; 2]),
            ),
            ("{ nowhere { at { all } } }", (2 + 13 + TEXT_BYTES, vec![])),
        ];
        for (document, expected) in cases {
            assert_eq!(weights(document), expected, "{document}");
        }
    }

    /// Each of these draws what its items come to, or is named here with the reason why it need not.
    #[test]
    fn every_list_of_the_api_is_known() {
        let types = OutputTypes::of(&registry());
        let mut lists: Vec<String> = types
            .fields
            .iter()
            .flat_map(|(parent, fields)| fields.iter().map(move |(name, field)| (parent, name, field)))
            .filter(|(_, _, field)| field.is_list)
            .map(|(parent, name, _)| format!("{parent}.{name}"))
            .collect();
        lists.sort_unstable();
        let expected = [
            "BillConnection.edges",
            "BillConnection.nodes",
            "ExceptionConnection.edges",
            "ExceptionConnection.nodes",
            "Payment.allocations",
            // Drawn before anything is posted.
            "PaymentBatchPostPayload.results",
            "PaymentConnection.edges",
            "PaymentConnection.nodes",
            "PaymentPostPayload.userErrors",
            // One name, or an index and a name.
            "PaymentPostUserError.field",
            "PaymentReversePayload.userErrors",
            "PaymentReverseUserError.field",
            "Query.accounts",
            "Query.nodes",
        ];
        assert_eq!(lists, expected);
    }
}
