//! The GraphQL door: queries, mutations and their types. It turns input into commands and look-ups,
//! and answers into the payer's words. No SQL and no rules of money here.
//!
//! What the schema says of an object stands once, above its `#[Object]`; the struct itself has no description.

use std::sync::Arc;

use async_graphql::parser::types::{OperationDefinition, OperationType};
use async_graphql::{EmptySubscription, Request, Response, SDLExportOptions, ValidationMode, Variables};

use crate::engine::Engine;
use account::read_once::ReadOnce;
use base::answer::weights::OutputTypes;
use base::answer::{AnswerBudget, AnswersUnderWay, Overdrawn};
use base::error::is_request_error;
use base::limits;
use base::session::RequestContext;
use introspection::CountIntrospection;
use node::Node;
use prepared::Prepared;
use root::{Mutation, Query};
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
mod variables;

/// The whole API.
pub type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

/// The API over an engine, as two audiences see it: customers learn nothing of it but what they ask for rightly.
pub struct Schemas {
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
    /// Something was executed, so that the document is valid.
    pub is_valid: bool,
}

impl Schemas {
    /// Builds them. An answer has at most so many bytes, and all answers under way together.
    pub fn new(engine: &Arc<Engine>, answer_bytes_max: usize, under_way: Arc<AnswersUnderWay>) -> Self {
        let open = || builder().data(engine.clone());
        let closed = || open().disable_introspection().disable_suggestions();
        let audiences = [Audience::new(open), Audience::new(closed)];
        Self {
            audiences,
            input_types: InputTypes::of(root::registry()),
            output_types: OutputTypes::of(&root::registry()),
            answer_bytes_max,
            under_way,
        }
    }

    /// Executes an operation of a document. A document that was executed once is valid; from then on only
    /// its variables, its depth and its cost are looked at.
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
        let audience = usize::from(context.caller.is_customer());
        let operation = document.operation(operation_name.as_deref()).map(|(_, operation)| operation);
        let is_known = document.is_valid(audience)
            && operation.is_some_and(|operation| self.input_types.fit(operation, &variables));
        let budget = self.budget(document, operation, &context)?;
        let mut request = Request::new("").variables(variables).data(context).data(budget.clone());
        request = request.data(ReadOnce::default());
        request.set_parsed_query(document.parsed().clone());
        request.operation_name = operation_name;
        let Audience { strict, fast, counting } = &self.audiences[audience];
        let response = if document.asks_introspection() {
            counting.execute(request).await
        } else if is_known {
            fast.execute(request).await
        } else {
            strict.execute(request).await
        };
        let is_valid = !is_request_error(&response);
        if is_valid && !document.asks_introspection() {
            document.note_valid(audience);
        }
        Ok(Executed { response, budget, is_valid })
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
