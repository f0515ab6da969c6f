//! Who asks, and what they may: a token becomes a [`caller::Caller`], a caller is asked for rights.
//! No request, no GraphQL and no database here.

pub mod budget;
pub mod caller;
pub mod claims;
mod jwk;
mod keys;
mod payload;
pub mod tokens;
