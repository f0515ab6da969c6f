//! What is done with payments: one file per mutation with its input, payload, codes and resolver.

pub(in crate::graphql) mod batch_post;
pub(in crate::graphql) mod post;
