//! Accounts: what is billed.

pub(in crate::graphql) mod queries;
pub(in crate::graphql) mod read_once;
pub(in crate::graphql) mod types;
