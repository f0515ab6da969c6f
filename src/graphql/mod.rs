//! The GraphQL door: queries, mutations and their types. It turns input into commands and look-ups,
//! and answers into the payer's words. No SQL and no rules of money here.

use std::sync::Arc;

use async_graphql::{EmptySubscription, Request, Response, SDLExportOptions, ValidationMode, Variables};

use crate::engine::Engine;
use error::is_request_error;
use prepared::Prepared;
use variables::InputTypes;

pub mod error;
pub mod guard;
mod ids;
pub mod limits;
mod mutation;
pub mod prepared;
mod query;
pub mod scalars;
mod session;
mod types;
mod variables;

/// The whole API.
pub type Schema = async_graphql::Schema<query::Query, mutation::Mutation, EmptySubscription>;

pub use session::{Asker, urgency_of};

/// The API over an engine, as two audiences see it: customers learn nothing of it but what they ask for rightly.
pub struct Schemas {
    /// For channels, then for customers.
    audiences: [Audience; 2],
    input_types: InputTypes,
}

/// One API twice: one validates a request wholly, the other only what every execution needs.
struct Audience {
    strict: Schema,
    fast: Schema,
}

impl Schemas {
    /// Builds them.
    pub fn new(engine: &Arc<Engine>) -> Self {
        let open = || builder().data(engine.clone());
        let closed = || open().disable_introspection().disable_suggestions();
        let audiences = [Audience::new(open), Audience::new(closed)];
        Self { audiences, input_types: InputTypes::of_the_api() }
    }

    /// Executes an operation of a document. A document that was executed once is valid; from then on only
    /// its variables, its depth and its cost are looked at.
    pub async fn execute(
        &self,
        document: &Prepared,
        operation_name: Option<String>,
        variables: Variables,
        asker: Asker,
    ) -> Response {
        let audience = usize::from(asker.caller.is_customer());
        let is_known = document.is_valid(audience)
            && document
                .operation(operation_name.as_deref())
                .is_some_and(|(_, operation)| self.input_types.fit(operation, &variables));
        let mut request = Request::new("").variables(variables).data(asker);
        request.set_parsed_query(document.parsed().clone());
        request.operation_name = operation_name;
        let Audience { strict, fast } = &self.audiences[audience];
        if is_known {
            return fast.execute(request).await;
        }
        let response = strict.execute(request).await;
        if !is_request_error(&response) {
            document.note_valid(audience);
        }
        response
    }
}

impl Audience {
    fn new(builder: impl Fn() -> Builder) -> Self {
        let fast = builder().validation_mode(ValidationMode::Fast);
        Self { strict: builder().finish(), fast: fast.finish() }
    }
}

/// The schema in the schema definition language, sorted.
pub fn sdl() -> String {
    let options =
        SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items().include_specified_by();
    builder().finish().sdl_with_options(options)
}

type Builder = async_graphql::SchemaBuilder<query::Query, mutation::Mutation, EmptySubscription>;

fn builder() -> Builder {
    Schema::build(query::Query, mutation::Mutation::default(), EmptySubscription)
        .register_output_type::<types::node::Node>()
        .limit_depth(limits::DEPTH_MAX)
        .limit_complexity(limits::COMPLEXITY_MAX)
        .limit_recursive_depth(limits::RECURSION_MAX)
}
