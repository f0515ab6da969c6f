//! granary, the payment door of an electricity utility.
pub mod domain;
pub mod store;
pub mod engine;
pub mod access;
pub mod graphql;
pub mod http;
