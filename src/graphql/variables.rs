//! Whether the variables of a request fit the types their operation declares for them: yes, or perhaps not.
//! A perhaps costs a validation; the library then says in words what is wrong.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{BaseType, OperationDefinition, Type};
use async_graphql::registry::{MetaType, Registry};
use async_graphql::{Value, Variables};

/// What a value of an input type must be.
enum Input {
    Scalar(Box<dyn Fn(&Value) -> bool + Send + Sync>),
    Enum(HashSet<String>),
    /// The fields with their types, and whether each must be there.
    Object(HashMap<String, (Type, bool)>),
}

/// The input types of the API.
pub(super) struct InputTypes(HashMap<String, Input>);

impl InputTypes {
    pub(super) fn of(registry: Registry) -> Self {
        Self(registry.types.into_iter().filter_map(|(name, kind)| Some((name, input(kind)?))).collect())
    }

    /// Gives the variables that are absent what their operation declares for them, or else null, and says whether all fit.
    pub(super) fn complete(&self, operation: &OperationDefinition, variables: &mut Variables) -> bool {
        let declared = || operation.variable_definitions.iter().map(|definition| &definition.node);
        for (declared, default) in
            declared().filter_map(|declared| Some((declared, declared.default_value.as_ref()?)))
        {
            variables.entry(declared.name.node.clone()).or_insert_with(|| default.node.clone());
        }
        let fit = self.fit(operation, variables);
        // The library counts the cost of a field only where all variables in its arguments are there. No argument of the
        // API has a default that null would undo.
        for declared in declared().filter(|declared| declared.var_type.node.nullable) {
            variables.entry(declared.name.node.clone()).or_insert(Value::Null);
        }
        fit
    }

    /// Whether every variable is there, or may be null, and fits its type.
    fn fit(&self, operation: &OperationDefinition, variables: &Variables) -> bool {
        operation.variable_definitions.iter().all(|definition| {
            let declared = &definition.node;
            match variables.get(&declared.name.node) {
                // Where null is allowed, an argument with a default may still refuse it.
                Some(Value::Null) => false,
                Some(value) => self.fits(&declared.var_type.node, value),
                None => declared.var_type.node.nullable,
            }
        })
    }

    /// Whether it is a scalar that takes this value.
    pub(super) fn takes(&self, scalar: &str, value: &Value) -> bool {
        matches!(self.0.get(scalar), Some(Input::Scalar(is_valid)) if is_valid(value))
    }

    fn fits(&self, wanted: &Type, value: &Value) -> bool {
        match (&wanted.base, value) {
            (_, Value::Null) => wanted.nullable,
            (BaseType::List(item), Value::List(values)) => values.iter().all(|value| self.fits(item, value)),
            (BaseType::List(item), value) => self.fits(item, value),
            (BaseType::Named(name), value) => match self.0.get(name.as_str()) {
                Some(Input::Scalar(is_valid)) => is_valid(value),
                Some(Input::Enum(words)) => match value {
                    Value::String(word) => words.contains(word),
                    Value::Enum(word) => words.contains(word.as_str()),
                    _ => false,
                },
                Some(Input::Object(fields)) => self.fits_object(fields, value),
                None => false,
            },
        }
    }

    fn fits_object(&self, fields: &HashMap<String, (Type, bool)>, value: &Value) -> bool {
        let Value::Object(values) = value else { return false };
        let fits = |(name, value): (&async_graphql::Name, &Value)| {
            fields.get(name.as_str()).is_some_and(|(wanted, _)| self.fits(wanted, value))
        };
        values.iter().all(fits)
            && fields
                .iter()
                .all(|(name, (_, is_required))| !is_required || values.contains_key(name.as_str()))
    }
}

fn input(kind: MetaType) -> Option<Input> {
    match kind {
        MetaType::Scalar { is_valid: Some(is_valid), .. } => {
            Some(Input::Scalar(Box::new(move |value| is_valid(value))))
        }
        MetaType::Enum { enum_values, .. } => Some(Input::Enum(enum_values.into_keys().collect())),
        MetaType::InputObject { input_fields, oneof: false, .. } => {
            let field = |(name, field): (String, async_graphql::registry::MetaInputValue)| {
                let wanted = Type::new(&field.ty)?;
                let is_required = !wanted.nullable && field.default_value.is_none();
                Some((name, (wanted, is_required)))
            };
            Some(Input::Object(input_fields.into_iter().map(field).collect::<Option<_>>()?))
        }
        _ => None,
    }
}
