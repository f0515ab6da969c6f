//! The GraphQL door: queries, mutations and their types. It turns input into commands and look-ups,
//! and answers into the payer's words. No SQL and no rules of money here.
//!
//! What the schema says of an object stands once, above its `#[Object]`; the struct itself has no description.

use std::sync::Arc;

use async_graphql::parser::types::{OperationDefinition, OperationType};
use async_graphql::{
    EmptySubscription, Pos, Request, Response, SDLExportOptions, ServerError, ValidationMode, Variables,
};

use crate::engine::Engine;
use base::answer::weights::OutputTypes;
use base::answer::{AnswerBudget, AnswersUnderWay, Overdrawn};
use base::error::engine_error;
use base::limits;
use base::scalars::tell_form;
use base::session::RequestContext;
use base::view::Views;
use introspection::CountIntrospection;
use node::Node;
use prepared::Prepared;
use root::{Mutation, Query};
use validation::Validator;
use variables::InputTypes;

mod account;
pub mod base;
mod bill;
mod channel;
mod exception;
pub mod guard;
mod ids;
mod introspection;
mod node;
mod payment;
pub mod prepared;
mod reversal;
mod root;
mod service_config;
pub mod validation;
mod variables;

/// Their audience, in [`Schemas`].
const CHANNELS: usize = 0;
const CUSTOMERS: usize = 1;
/// No document has an operation of this name, which is no name: it is validated, and nothing of it is executed.
const NO_OPERATION: &str = "\0";

/// The whole API.
pub type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

/// The API over an engine, as two audiences see it: customers learn nothing of it but what they ask for rightly.
pub struct Schemas {
    engine: Arc<Engine>,
    /// For channels, then for customers.
    audiences: [Audience; 2],
    input_types: InputTypes,
    output_types: OutputTypes,
    answer_bytes_max: usize,
    under_way: Arc<AnswersUnderWay>,
}

/// One API in three forms: one validates a request wholly, one only what every execution needs, and one counts
/// what introspection answers.
struct Audience {
    strict: Schema,
    fast: Schema,
    counting: Schema,
}

/// What an operation answered, and what its answer holds until it is taken.
pub struct Executed {
    /// The answer.
    pub response: Response,
    /// Its bytes.
    pub budget: Arc<AnswerBudget>,
}

impl Schemas {
    /// Builds them. An answer has at most so many bytes, and all answers under way together.
    pub fn new(engine: &Arc<Engine>, answer_bytes_max: usize, under_way: Arc<AnswersUnderWay>) -> Self {
        let open = || builder().data(engine.clone());
        let closed = || open().disable_introspection().disable_suggestions();
        let audiences = [Audience::new(open), Audience::new(closed)];
        Self {
            engine: engine.clone(),
            audiences,
            input_types: InputTypes::of(root::registry()),
            output_types: OutputTypes::of(&root::registry()),
            answer_bytes_max,
            under_way,
        }
    }

    /// Executes an operation of a document, if it is valid; its variables, its depth and its cost are looked at here.
    ///
    /// # Errors
    /// Nothing was executed: its answer would be too large, or there is no room for it now.
    pub async fn execute(
        &self,
        document: &Prepared,
        operation_name: Option<String>,
        variables: Variables,
        context: RequestContext,
    ) -> Result<Executed, Overdrawn> {
        let audience = if context.caller.is_customer() { CUSTOMERS } else { CHANNELS };
        let operation = document.operation(operation_name.as_deref()).map(|(_, operation)| operation);
        let errors = self.errors(document, audience).await;
        if !errors.is_empty() {
            let budget = self.budget(document, operation, &context)?;
            return Ok(Executed { response: Response::from_errors(errors), budget });
        }
        let mut variables = variables;
        let fit = operation.is_some_and(|operation| self.input_types.complete(operation, &mut variables));
        let is_query = operation.is_some_and(|operation| operation.ty == OperationType::Query);
        let views = Arc::new(Views::new(&self.engine, context.priority));
        let Audience { strict, fast, counting } = &self.audiences[audience];
        let schema = match (document.asks_introspection(), fit) {
            (true, _) => counting,
            (false, true) => fast,
            (false, false) => strict,
        };
        let mut variables = Some(variables);
        loop {
            let budget = self.budget(document, operation, &context)?;
            // A query may be made again, a mutation not: it makes its answers again by itself.
            let own = if is_query { variables.clone() } else { variables.take() }.unwrap_or_default();
            let mut request = Request::new("").variables(own).data(context.clone()).data(budget.clone());
            request = request.data(views.clone());
            request.set_parsed_query(document.parsed().clone());
            request.operation_name.clone_from(&operation_name);
            let mut response = schema.execute(request).await;
            response.errors.iter_mut().for_each(|error| tell_form(&mut error.message));
            let is_torn = if is_query { views.renew_if_torn().await } else { Ok(false) };
            let response = match is_torn {
                Ok(true) => continue,
                Ok(false) => response,
                Err(busy) => {
                    Response::from_errors(vec![engine_error(busy).into_server_error(Pos::default())])
                }
            };
            return Ok(Executed { response, budget });
        }
    }

    /// Why a document isn't executed for this audience. What is invalid is said to channels with suggestions.
    async fn errors(&self, document: &Prepared, audience: usize) -> Vec<ServerError> {
        match (document.errors(), audience) {
            ([], CUSTOMERS) if document.asks_introspection() => {
                vec![ServerError::new("Introspection is disabled: ask for no __schema and no __type.", None)]
            }
            ([], _) => Vec::new(),
            (errors, CUSTOMERS) => errors.to_vec(),
            (errors, _) => {
                let suggestions = self.suggestions(document).await;
                if suggestions.is_empty() { errors.to_vec() } else { suggestions }
            }
        }
    }

    /// What the library of the API finds wrong with a document, by the rules that it knows.
    async fn suggestions(&self, document: &Prepared) -> Vec<ServerError> {
        let mut request = Request::new("").operation_name(NO_OPERATION);
        request.set_parsed_query(document.parsed().clone());
        let mut errors = self.audiences[CHANNELS].strict.execute(request).await.errors;
        errors.retain(|error| !error.message.starts_with("Unknown operation named"));
        errors.iter_mut().for_each(|error| tell_form(&mut error.message));
        errors
    }

    /// With room for all of the answer but its lists.
    fn budget(
        &self,
        document: &Prepared,
        operation: Option<&OperationDefinition>,
        context: &RequestContext,
    ) -> Result<Arc<AnswerBudget>, Overdrawn> {
        let weights = document.weights(&self.output_types);
        let root_bytes = operation.map_or(0, |operation| weights.of_root(&operation.selection_set));
        let is_mutation = operation.is_some_and(|operation| operation.ty == OperationType::Mutation);
        let (bytes_max, under_way) = (self.answer_bytes_max, &self.under_way);
        let budget = AnswerBudget::new(bytes_max, under_way, context, is_mutation, weights.clone());
        budget.draw(root_bytes)?;
        Ok(Arc::new(budget))
    }
}

impl Audience {
    fn new(builder: impl Fn() -> Builder) -> Self {
        let fast = builder().validation_mode(ValidationMode::Fast);
        let counting = builder().extension(CountIntrospection);
        Self { strict: builder().finish(), fast: fast.finish(), counting: counting.finish() }
    }
}

/// What validates the API's documents.
pub fn validator() -> Validator {
    Validator::new(&sdl(), InputTypes::of(root::registry()))
}

/// The schema in the schema definition language, sorted.
pub fn sdl() -> String {
    let options =
        SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items().include_specified_by();
    builder().finish().sdl_with_options(options)
}

type Builder = async_graphql::SchemaBuilder<Query, Mutation, EmptySubscription>;

fn builder() -> Builder {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription)
        .register_output_type::<Node>()
        .limit_depth(limits::DEPTH_MAX)
        .limit_complexity(limits::COMPLEXITY_MAX)
        .limit_recursive_depth(limits::RECURSION_MAX)
}
