//! What every room of the API stands on. It knows no capability.

pub mod answer;
pub(in crate::graphql) mod api_enum;
pub(in crate::graphql) mod connection;
pub(in crate::graphql) mod cursor;
pub mod error;
pub(in crate::graphql) mod inputs;
pub(in crate::graphql) mod keyed;
pub mod limits;
pub(in crate::graphql) mod one_instant;
pub(in crate::graphql) mod outputs;
pub mod scalars;
pub mod session;
pub(in crate::graphql) mod type_of;
pub(in crate::graphql) mod view;
