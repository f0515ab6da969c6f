//! granary, the payment door of an electricity utility.
//!
//! One package, one binary. Read it from the bottom up; arrows point down only, a module uses what
//! stands below it and never what stands above:
//!
//! ```text
//! cli      configuration, wiring, printing; one file per command
//! http     actix only: the listener, the route, media types, bounds
//! graphql  the API: queries, mutations, types; no SQL, no rules
//! access   token → caller; caller × right → yes or no; budgets
//! engine   writer lanes and readers: threads, queues, connections
//! store    Diesel only: the sole place with SQL; migrations and the audit
//! domain   the rules of money as pure functions
//! ```
//!
//! A payment's way: a mutation becomes a [`domain::book::Command`]; a lane drains what has queued,
//! loads what the batch can touch, [settles](domain::book::Numbered::settle) each (decides, then
//! applies), writes, commits, and only then answers.
//!
//! What must hold always stands in the README as I1 to I10; [`store::audit`] looks for it.

pub mod domain;

pub mod store;

pub mod engine;

pub mod access;

pub mod graphql;

pub mod http;

pub mod cli;
