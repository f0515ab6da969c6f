//! The types of the API: the payer's world, not the tables.

pub(super) mod account;
pub(super) mod bill;
pub(super) mod channel;
pub(super) mod connection;
pub(super) mod enums;
pub(super) mod exception;
pub(super) mod node;
pub(super) mod payment;
pub(super) mod service_config;
