//! Bounds over a parsed document as it would be executed: fragments count each time they are spread,
//! but each is measured once.

use std::collections::HashMap;

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, FragmentDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned};
use async_graphql_value::Value;

use super::super::base::limits::{
    ALIASES_MAX, EXPANDED_SIZE_MAX, FRAGMENTS_MAX, INTROSPECTION_ALIASES_MAX, INTROSPECTION_LISTS_MAX,
    MUTATION_FIELDS_MAX, RECURSION_MAX, RESPONSE_KEY_BYTES_MAX,
};
use super::objection::Objection;

/// The lists of introspection that lead from types to types, so that nested they multiply: those that graphql-js
/// counts by its rule `MaxIntrospectionDepthRule`.
const INTROSPECTION_LISTS: [&str; 4] = ["fields", "interfaces", "possibleTypes", "inputFields"];

/// Counts what executing the document's operations would visit.
///
/// # Errors
/// Too much of it, nested too deep, or fragments that spread themselves.
pub fn check_document(document: &ExecutableDocument) -> Result<(), Objection> {
    if document.fragments.len() > FRAGMENTS_MAX {
        return Err(Objection::too_large("The document has more fragments than allowed."));
    }
    let mut ruler = Ruler { fragments: &document.fragments, measured: HashMap::new() };
    let mut whole = Measure::default();
    for (_, operation) in document.operations.iter() {
        let measure = ruler.selections(&operation.node.selection_set.node, 1)?;
        if operation.node.ty == OperationType::Mutation && measure.fields_on_top > MUTATION_FIELDS_MAX {
            return Err(Objection::too_large("The mutation has more fields at its top than allowed."));
        }
        whole.add(&measure);
        whole.size = whole.size.saturating_add(directives_size(&operation.node.directives));
        whole.check()?;
    }
    for name in document.fragments.keys() {
        ruler.fragment(name, 1)?.check()?;
    }
    Ok(())
}

/// What a selection set comes to once its fragments are spread.
#[derive(Debug, Clone, Copy, Default)]
struct Measure {
    size: usize,
    aliases: usize,
    fields_on_top: usize,
    height: usize,
    /// Lists of introspection nested in each other, wherever they stand.
    introspection_lists: usize,
    /// Aliases in and of introspection's fields.
    introspection_aliases: usize,
}

impl Measure {
    fn add(&mut self, other: &Self) {
        self.size = self.size.saturating_add(other.size);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.fields_on_top = self.fields_on_top.saturating_add(other.fields_on_top);
        self.height = self.height.max(other.height);
        self.introspection_lists = self.introspection_lists.max(other.introspection_lists);
        self.introspection_aliases = self.introspection_aliases.saturating_add(other.introspection_aliases);
    }

    fn check(&self) -> Result<(), Objection> {
        if self.size > EXPANDED_SIZE_MAX {
            Err(Objection::too_large("The document, with its fragments spread, is larger than allowed."))
        } else if self.aliases > ALIASES_MAX {
            Err(Objection::too_large("The document has more aliases than allowed."))
        } else if self.introspection_aliases > INTROSPECTION_ALIASES_MAX {
            Err(Objection::too_large("The document has more aliases in introspection than allowed."))
        } else if self.height > RECURSION_MAX {
            Err(too_deep())
        } else {
            Ok(())
        }
    }
}

fn too_deep() -> Objection {
    Objection::too_large("The document, with its fragments spread, is nested deeper than allowed.")
}

struct Ruler<'d> {
    fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
    /// `None` while a fragment is being measured: meeting it again is a circle.
    measured: HashMap<&'d Name, Option<Measure>>,
}

impl<'d> Ruler<'d> {
    /// `level` counts the selection sets around this one.
    fn selections(&mut self, set: &'d SelectionSet, level: usize) -> Result<Measure, Objection> {
        if level > RECURSION_MAX {
            return Err(too_deep());
        }
        let mut measure = Measure { height: 1, ..Measure::default() };
        for selection in &set.items {
            let (own_size, inner) = match &selection.node {
                Selection::Field(field) => (1, self.field(&field.node, level)?),
                Selection::InlineFragment(fragment) => {
                    let size = 1 + directives_size(&fragment.node.directives);
                    (size, self.selections(&fragment.node.selection_set.node, level + 1)?)
                }
                Selection::FragmentSpread(spread) => {
                    let size = 1 + directives_size(&spread.node.directives);
                    (size, self.fragment(&spread.node.fragment_name.node, level + 1)?)
                }
            };
            measure.add(&Measure { height: inner.height.saturating_add(1), ..inner });
            measure.size = measure.size.saturating_add(own_size);
        }
        Ok(measure)
    }

    fn field(&mut self, field: &'d Field, level: usize) -> Result<Measure, Objection> {
        let inner = match field.selection_set.node.items.is_empty() {
            true => Measure::default(),
            false => self.selections(&field.selection_set.node, level + 1)?,
        };
        let (key_len, lists) = (field.response_key().node.len(), inner.introspection_lists);
        if key_len > RESPONSE_KEY_BYTES_MAX {
            return Err(Objection::too_large("A field or its alias has a longer name than allowed."));
        }
        let is_introspection = is_introspection(field);
        let lists = lists + usize::from(INTROSPECTION_LISTS.contains(&field.name.node.as_str()));
        if is_introspection && lists > INTROSPECTION_LISTS_MAX {
            return Err(Objection::too_large("Lists of introspection are nested deeper than allowed."));
        }
        let aliases = inner.aliases.saturating_add(usize::from(field.alias.is_some()));
        let arguments: usize = field.arguments.iter().map(|(_, value)| 1 + value_size(&value.node)).sum();
        let own = arguments + directives_size(&field.directives);
        Ok(Measure {
            size: inner.size.saturating_add(own),
            aliases,
            fields_on_top: 1,
            height: inner.height,
            introspection_lists: lists,
            introspection_aliases: if is_introspection { aliases } else { inner.introspection_aliases },
        })
    }

    /// An unknown fragment measures nothing: validation names it.
    fn fragment(&mut self, name: &Name, level: usize) -> Result<Measure, Objection> {
        let Some((name, fragment)) = self.fragments.get_key_value(name) else {
            return Ok(Measure::default());
        };
        match self.measured.get(name) {
            Some(Some(measure)) => return Ok(*measure),
            Some(None) => return Err(Objection::malformed("A fragment spreads itself.")),
            None => {}
        }
        self.measured.insert(name, None);
        let mut measure = self.selections(&fragment.node.selection_set.node, level)?;
        measure.size = measure.size.saturating_add(directives_size(&fragment.node.directives));
        self.measured.insert(name, Some(measure));
        Ok(measure)
    }
}

/// Whether a field asks what the API is.
pub fn is_introspection(field: &Field) -> bool {
    matches!(field.name.node.as_str(), "__schema" | "__type")
}

fn directives_size(directives: &[Positioned<Directive>]) -> usize {
    let size = |directive: &Positioned<Directive>| {
        let arguments = directive.node.arguments.iter();
        1 + arguments.map(|(_, value)| 1 + value_size(&value.node)).sum::<usize>()
    };
    directives.iter().map(size).sum()
}

/// Values inside lists and objects. Brackets were counted before parsing, so the recursion is bounded.
fn value_size(value: &Value) -> usize {
    match value {
        Value::List(values) => values.iter().map(|value| 1 + value_size(value)).sum(),
        Value::Object(fields) => fields.values().map(|value| 1 + value_size(value)).sum(),
        Value::Variable(_)
        | Value::Null
        | Value::Number(_)
        | Value::String(_)
        | Value::Boolean(_)
        | Value::Enum(_)
        | Value::Binary(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use crate::graphql::base::error::ErrorCode;

    /// `count` fragments, each spreading the next twice.
    fn doubling(count: usize) -> String {
        let fragment = |index| format!("fragment f{index} on Query {{ ...f{0} ...f{0} }} ", index + 1);
        let fragments: String = (0..count).map(fragment).collect();
        format!("{{ ...f0 }} {fragments} fragment f{count} on Query {{ __typename }}")
    }

    /// `count` fragments, each spreading the next.
    fn chain(count: usize) -> String {
        let fragment = |index| format!("fragment f{index} on Query {{ ...f{} }} ", index + 1);
        let fragments: String = (0..count).map(fragment).collect();
        format!("{{ ...f0 }} {fragments} fragment f{count} on Query {{ __typename }}")
    }

    #[test]
    fn a_document_is_bounded_as_it_would_be_executed() {
        let large = Some(ErrorCode::QueryTooLarge);
        let many = |count: usize, piece: &str| format!("{{ {} }}", piece.repeat(count));
        let posts = |count: usize| format!("mutation {{ {} }}", "paymentPost ".repeat(count));
        let aliases = |count: usize| {
            let fields: String = (0..count).map(|index| format!("a{index}: b ")).collect();
            format!("{{ {fields} }}")
        };
        let cases = [
            (many(EXPANDED_SIZE_MAX, "a "), None),
            (many(EXPANDED_SIZE_MAX + 1, "a "), large),
            (doubling(8), None),
            (doubling(28), large),
            (doubling(49), large),
            (chain(20), None),
            (chain(49), large),
            (chain(60), large),
            (format!("{} query b {{ a }}", doubling(9).replacen('{', "query a {", 1)), None),
            (format!("{{ a }} fragment x on Query {{ {} }}", "a ".repeat(2_001)), large),
            (aliases(ALIASES_MAX), None),
            (aliases(ALIASES_MAX + 1), large),
            (posts(MUTATION_FIELDS_MAX), None),
            (posts(MUTATION_FIELDS_MAX + 1), large),
            (
                format!(
                    "mutation {{ ...m ...m }} fragment m on Mutation {{ {} }}",
                    "paymentPost ".repeat(11)
                ),
                large,
            ),
            (format!("{{ a(x: [{}]) }}", "1 ".repeat(2_000)), large),
            (
                format!("{{ {} }} fragment x on Query {{ a(x: [{}]) }}", "...x ".repeat(50), "1 ".repeat(50)),
                large,
            ),
            ("{ ...a } fragment a on Query { ...a }".to_owned(), Some(ErrorCode::BadUserInput)),
            (
                "{ b } fragment a on Query { x { ...b } } fragment b on Query { ...a }".to_owned(),
                Some(ErrorCode::BadUserInput),
            ),
            ("{ ...nowhere }".to_owned(), None),
            (format!("{{ {}: b }}", "a".repeat(RESPONSE_KEY_BYTES_MAX)), None),
            (format!("{{ {}: b }}", "a".repeat(RESPONSE_KEY_BYTES_MAX + 1)), large),
            (format!("{{ b {{ ... on T {{ {} }} }} }}", "a".repeat(RESPONSE_KEY_BYTES_MAX + 1)), large),
        ];
        for (document, expected) in cases {
            let code = parse(&document).err().map(|objection| objection.code);
            assert_eq!(code, expected, "{document:.80}");
        }
    }

    #[test]
    fn introspection_is_bounded_in_nested_lists_and_in_aliases() {
        let large = Some(ErrorCode::QueryTooLarge);
        let aliases = |count: usize| (0..count).map(|index| format!("a{index}: name ")).collect::<String>();
        let typed = |inner: &str| format!("{{ __type(name: \"Node\") {{ {inner} }} }}");
        let lists = "possibleTypes { interfaces { fields { name } } }";
        let cases = [
            (typed("possibleTypes { interfaces { name } }"), None),
            (typed(lists), large),
            (typed("fields { type { ofType { fields { type { inputFields { name } } } } } }"), large),
            (typed("a: fields { type { b: fields { type { c: fields { name } } } } }"), large),
            (typed("fields { name } interfaces { name } possibleTypes { name } inputFields { name }"), None),
            (format!("{{ __schema {{ queryType {{ {lists} }} }} }}"), large),
            (format!("{{ __schema {{ types {{ ... on __Type {{ {lists} }} }} }} }}"), large),
            (format!("{{ ...q }} fragment q on Query {{ __schema {{ types {{ {lists} }} }} }}"), large),
            (
                "{ __schema { types { ...a } } } fragment a on __Type { fields { type { ...b } } } \
                 fragment b on __Type { fields { args { type { inputFields { name } } } } }"
                    .to_owned(),
                large,
            ),
            (format!("{{ a {{ {lists} }} }}"), None),
            (typed(&aliases(INTROSPECTION_ALIASES_MAX)), None),
            (typed(&aliases(INTROSPECTION_ALIASES_MAX + 1)), large),
            (typed(&format!("fields {{ {} }} {}", aliases(11), aliases(10))), large),
            (format!("{{ {} }}", "a: __schema { queryType { b: name } } ".repeat(11)), large),
            (
                format!(
                    "{{ ...q ...q }} fragment q on Query {{ __schema {{ queryType {{ {} }} }} }}",
                    aliases(11)
                ),
                large,
            ),
            (format!("{{ x {{ {} }} __typename }}", aliases(ALIASES_MAX)), None),
        ];
        for (document, expected) in cases {
            let code = parse(&document).err().map(|objection| objection.code);
            assert_eq!(code, expected, "{document:.120}");
        }
    }

    #[test]
    fn operations_count_together() {
        let operations: String = (0..30).map(|index| format!("query q{index} {{ ...x }} ")).collect();
        let document = format!("{operations} fragment x on Query {{ {} }}", "a ".repeat(100));
        assert_eq!(parse(&document).err().map(|objection| objection.code), Some(ErrorCode::QueryTooLarge));
    }
}
