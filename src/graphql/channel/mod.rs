//! Channels: who brings payments.

pub(in crate::graphql) mod queries;
pub(in crate::graphql) mod types;
