//! granary, the payment door of an electricity utility.
pub mod domain;
pub mod engine;
pub mod store;
