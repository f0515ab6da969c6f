//! Bills: what is charged.

pub(in crate::graphql) mod cursor;
pub(in crate::graphql) mod types;
