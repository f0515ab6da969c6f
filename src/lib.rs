//! granary, the payment door of an electricity utility.
pub mod access;
pub mod cli;
pub mod domain;
pub mod engine;
pub mod graphql;
pub mod http;
pub mod store;
