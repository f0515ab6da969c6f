//! The GraphQL door: queries, mutations and their types. It turns input into commands and look-ups,
//! and answers into the payer's words. No SQL and no rules of money here.

use std::sync::Arc;

use async_graphql::{EmptySubscription, SDLExportOptions};

use crate::access::caller::Caller;
use crate::engine::Engine;

pub mod error;
pub mod guard;
mod ids;
pub mod limits;
mod mutation;
mod query;
pub mod scalars;
mod session;
mod types;

/// The whole API.
pub type Schema = async_graphql::Schema<query::Query, mutation::Mutation, EmptySubscription>;

pub use session::{Asker, urgency_of};

/// The API over an engine, as two kinds of callers see it.
pub struct Schemas {
    open: Schema,
    closed: Schema,
}

impl Schemas {
    /// Builds them.
    pub fn new(engine: &Arc<Engine>) -> Self {
        let open = builder().data(engine.clone()).finish();
        let closed = builder().data(engine.clone()).disable_introspection().disable_suggestions().finish();
        Self { open, closed }
    }

    /// The API for this caller: customers learn nothing of it but what they ask for rightly.
    pub fn of(&self, caller: &Caller) -> &Schema {
        if caller.is_customer() { &self.closed } else { &self.open }
    }
}

/// The schema in the schema definition language, sorted.
pub fn sdl() -> String {
    let options =
        SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items().include_specified_by();
    builder().finish().sdl_with_options(options)
}

fn builder() -> async_graphql::SchemaBuilder<query::Query, mutation::Mutation, EmptySubscription> {
    Schema::build(query::Query, mutation::Mutation::default(), EmptySubscription)
        .register_output_type::<types::node::Node>()
        .limit_depth(limits::DEPTH_MAX)
        .limit_complexity(limits::COMPLEXITY_MAX)
        .limit_recursive_depth(limits::RECURSION_MAX)
}
