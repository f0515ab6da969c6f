//! Payments: money that arrived.

pub(in crate::graphql) mod mutations;
pub(in crate::graphql) mod queries;
pub(in crate::graphql) mod types;
