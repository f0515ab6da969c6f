//! Whether a document is valid (GraphQL, October 2021, section 5): asked once for each, before it is first executed.
//! The library of the rules doesn't look for variables within lists and objects, nor for fields that are given twice in
//! an object; that is done here.

use std::collections::{HashMap, HashSet};

use apollo_compiler::ast::{Argument, DirectiveList, Type, Value, VariableDefinition};
use apollo_compiler::executable::{Operation, Selection, SelectionSet};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Name, Node, Schema};
use async_graphql::{Pos, ServerError, Value as ConstValue};

use super::variables::InputTypes;

/// Type of the field `isOneOf` of `__Type`, which the library doesn't know yet (GraphQL, September 2025).
const IS_ONE_OF: &str = "extend type __Type { isOneOf: Boolean }";
/// Errors told of one document.
const ERRORS_MAX: usize = 20;

/// The rules, over the schema.
pub struct Validator {
    schema: Valid<Schema>,
    input_types: InputTypes,
}

impl Validator {
    /// Of the API that this text in the schema definition language describes.
    ///
    /// # Panics
    /// Where it is no schema, which every start shows.
    pub(super) fn new(sdl: &str, input_types: InputTypes) -> Self {
        let text = format!("{sdl}\n{IS_ONE_OF}");
        let schema = Schema::builder().adopt_orphan_extensions();
        let schema = schema.parse(text, "schema.graphql").build().and_then(Schema::validate);
        Self { schema: schema.unwrap_or_else(|errors| panic!("{errors}")), input_types }
    }

    /// What is wrong with a document.
    pub(super) fn errors(&self, text: &str) -> Vec<ServerError> {
        match ExecutableDocument::parse_and_validate(&self.schema, text, "") {
            Ok(document) => {
                let mut walk = Walk::new(self, &document);
                document.operations.iter().for_each(|operation| walk.operation(operation));
                walk.errors
            }
            Err(invalid) => {
                let told = invalid.errors.iter().take(ERRORS_MAX).map(|error| {
                    let told = error.to_json();
                    let at = told.locations.first().map(|at| Pos { line: at.line, column: at.column });
                    ServerError::new(told.message, at)
                });
                told.collect()
            }
        }
    }
}

/// A walk through the values of a document's operations.
struct Walk<'a> {
    schema: &'a Schema,
    input_types: &'a InputTypes,
    document: &'a ExecutableDocument,
    variables: HashMap<&'a Name, &'a VariableDefinition>,
    /// Fragments that the operation spreads and that were walked through.
    seen: HashSet<&'a Name>,
    errors: Vec<ServerError>,
}

impl<'a> Walk<'a> {
    fn new(validator: &'a Validator, document: &'a ExecutableDocument) -> Self {
        let Validator { schema, input_types } = validator;
        let (variables, seen) = (HashMap::new(), HashSet::new());
        Self { schema, input_types, document, variables, seen, errors: Vec::new() }
    }

    fn operation(&mut self, operation: &'a Operation) {
        self.variables = operation.variables.iter().map(|declared| (&declared.name, &**declared)).collect();
        self.seen.clear();
        for declared in &operation.variables {
            if let Some(value) = &declared.default_value {
                self.value(&declared.ty, false, value);
            }
        }
        self.directives(&operation.directives);
        self.selections(&operation.selection_set);
    }

    fn selections(&mut self, set: &'a SelectionSet) {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    self.arguments(&field.definition.arguments, &field.arguments);
                    self.directives(&field.directives);
                    self.selections(&field.selection_set);
                }
                Selection::InlineFragment(fragment) => {
                    self.directives(&fragment.directives);
                    self.selections(&fragment.selection_set);
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.directives);
                    let fragment = self.document.fragments.get(&spread.fragment_name);
                    if let Some(fragment) = fragment
                        && self.seen.insert(&fragment.name)
                    {
                        self.directives(&fragment.directives);
                        self.selections(&fragment.selection_set);
                    }
                }
            }
        }
    }

    fn directives(&mut self, directives: &'a DirectiveList) {
        for directive in directives {
            if let Some(definition) = self.schema.directive_definitions.get(&directive.name) {
                self.arguments(&definition.arguments, &directive.arguments);
            }
        }
    }

    fn arguments(
        &mut self,
        declared: &'a [Node<apollo_compiler::ast::InputValueDefinition>],
        given: &'a [Node<Argument>],
    ) {
        for argument in given {
            if let Some(declared) = declared.iter().find(|declared| declared.name == argument.name) {
                self.value(&declared.ty, declared.default_value.is_some(), &argument.value);
            }
        }
    }

    /// A value where this type is wanted, that may have a default.
    fn value(&mut self, wanted: &'a Type, has_default: bool, value: &'a Node<Value>) {
        match &**value {
            Value::Variable(name) => self.variable(wanted, has_default, name, value.location()),
            Value::List(items) => items.iter().for_each(|item| self.value(wanted.item_type(), false, item)),
            Value::Object(fields) => self.object(wanted.inner_named_type(), fields),
            Value::Enum(_) | Value::String(_) | Value::Float(_) | Value::Int(_) | Value::Boolean(_) => {
                self.scalar(wanted.inner_named_type(), value);
            }
            Value::Null => {}
        }
    }

    /// The library knows the scalars of the specification, and takes anything for others.
    fn scalar(&mut self, name: &Name, value: &Node<Value>) {
        let is_own = matches!(self.schema.types.get(name), Some(ExtendedType::Scalar(scalar)) if !scalar.is_built_in());
        if is_own && !self.input_types.takes(name, &constant(value)) {
            self.say(format!("Expected value of type \"{name}\", found {value}."), value.location());
        }
    }

    fn object(&mut self, name: &Name, fields: &'a [(Name, Node<Value>)]) {
        let Some(ExtendedType::InputObject(declared)) = self.schema.types.get(name) else { return };
        let mut given = HashSet::new();
        for (name, value) in fields {
            if !given.insert(name) {
                let message = format!("There can be only one input field named \"{name}\".");
                self.say(message, value.location());
            }
            if let Some(field) = declared.fields.get(name) {
                self.value(&field.ty, field.default_value.is_some(), value);
            }
        }
    }

    /// Section 5.8.5, All Variable Usages Are Allowed.
    fn variable(&mut self, wanted: &Type, has_default: bool, name: &Name, at: Option<SourceSpan>) {
        let Some(declared) = self.variables.get(name) else { return };
        let is_given = declared.default_value.as_ref().is_some_and(|value| !value.is_null());
        let may_be_null = has_default || is_given;
        let fits = match may_be_null && wanted.is_non_null() && !declared.ty.is_non_null() {
            true => declared.ty.is_assignable_to(&wanted.clone().nullable()),
            false => declared.ty.is_assignable_to(wanted),
        };
        if !fits {
            let declared = &declared.ty;
            let message = format!(
                "Variable \"${name}\" of type \"{declared}\" used in position expecting type \"{wanted}\"."
            );
            self.say(message, at);
        }
    }

    fn say(&mut self, message: String, at: Option<SourceSpan>) {
        let at = at.and_then(|span| span.line_column(&self.document.sources));
        if self.errors.len() < ERRORS_MAX {
            self.errors
                .push(ServerError::new(message, at.map(|at| Pos { line: at.line, column: at.column })));
        }
    }
}

/// The same value as the library of the API has it.
fn constant(value: &Value) -> ConstValue {
    match value {
        Value::Null | Value::Variable(_) => ConstValue::Null,
        Value::Enum(word) => ConstValue::Enum(async_graphql::Name::new(word)),
        Value::String(text) => ConstValue::String(text.clone()),
        Value::Float(number) => number.try_to_f64().map_or(ConstValue::Null, ConstValue::from),
        Value::Int(number) => number.as_str().parse::<i64>().map_or(ConstValue::Null, ConstValue::from),
        Value::Boolean(is_true) => ConstValue::Boolean(*is_true),
        Value::List(items) => ConstValue::List(items.iter().map(|item| constant(item)).collect()),
        Value::Object(fields) => {
            let field =
                |(name, value): &(Name, Node<Value>)| (async_graphql::Name::new(name), constant(value));
            ConstValue::Object(fields.iter().map(field).collect())
        }
    }
}
