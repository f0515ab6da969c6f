//! Exceptions: what a person must resolve.

pub(in crate::graphql) mod queries;
pub(in crate::graphql) mod types;
