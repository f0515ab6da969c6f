//! What stands between the network and the ledger: nothing from outside stalls, fools or empties the
//! server.

mod answers;
mod attacks;
mod audit_suite;
mod bodies;
mod budgets;
mod connections;
mod documents;
mod jwks;
pub mod operations;
mod poison;
mod providers;
pub mod raw;
mod revocation;
mod route;
mod shedding;
mod signer;
