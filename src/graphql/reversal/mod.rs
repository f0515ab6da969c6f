//! Reversals: what undid a payment.

pub(in crate::graphql) mod mutations;
pub(in crate::graphql) mod types;
