//! The GraphQL door: queries, mutations and their types. It turns input into commands and look-ups,
//! and answers into the payer's words. No SQL and no rules of money here.

use std::sync::Arc;

use async_graphql::{EmptySubscription, Request, SDLExportOptions};

use crate::access::caller::Caller;
use crate::engine::Engine;

pub mod error;
mod ids;
pub mod limits;
mod mutation;
mod query;
mod scalars;
mod session;
mod types;

/// The whole API.
pub type Schema = async_graphql::Schema<query::Query, mutation::Mutation, EmptySubscription>;

/// Builds the API over an engine.
pub fn schema(engine: Arc<Engine>) -> Schema {
    builder().data(engine).finish()
}

/// A request made by this caller.
pub fn request_by(request: Request, caller: Arc<Caller>) -> Request {
    request.data(caller)
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
        .limit_aliases(limits::ALIASES_MAX)
        .limit_directives(limits::DIRECTIVES_MAX)
}
