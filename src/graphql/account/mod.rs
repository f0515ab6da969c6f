//! Accounts: what is billed.

pub(in crate::graphql) mod queries;
pub(in crate::graphql) mod types;
