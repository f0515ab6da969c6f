//! The fields that there are, from the published schema.

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, TypeKind, TypeSystemDefinition};
use std::collections::BTreeSet;

/// A field of an object type or of an interface.
pub struct Field {
    /// The type that has it.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Whether its value is made of objects, of which a selection must be asked for.
    pub holds_objects: bool,
    /// Whether it takes arguments.
    pub takes_arguments: bool,
}

impl Field {
    /// Its name in a table.
    pub fn row(&self) -> String {
        format!("{}.{}", self.owner, self.name)
    }
}

/// Every field of every object type and interface of `schema.graphql`.
pub fn published() -> Vec<Field> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    let text = std::fs::read_to_string(path).expect("schema.graphql is there");
    let document = parse_schema(text).expect("schema.graphql can be parsed");
    let types: Vec<_> = document
        .definitions
        .into_iter()
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => match definition.node.kind {
                TypeKind::Object(object) => Some((definition.node.name.node.to_string(), object.fields)),
                TypeKind::Interface(interface) => {
                    Some((definition.node.name.node.to_string(), interface.fields))
                }
                TypeKind::Union(_) => panic!("{}: no probe selects from a union", definition.node.name),
                TypeKind::Scalar | TypeKind::Enum(_) | TypeKind::InputObject(_) => None,
            },
            TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
        })
        .collect();
    let with_fields: BTreeSet<String> = types.iter().map(|(owner, _)| owner.clone()).collect();
    let mut found = Vec::new();
    for (owner, fields) in types {
        found.extend(fields.into_iter().map(|field| Field {
            owner: owner.clone(),
            name: field.node.name.node.to_string(),
            takes_arguments: !field.node.arguments.is_empty(),
            holds_objects: with_fields.contains(base_name(&field.node.ty.node.base)),
        }));
    }
    found
}

fn base_name(base: &BaseType) -> &str {
    match base {
        BaseType::Named(name) => name,
        BaseType::List(item) => base_name(&item.base),
    }
}
