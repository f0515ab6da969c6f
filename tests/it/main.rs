//! All tests that need more than a function: one binary, so that they share one PostgreSQL.
mod simulator;
mod store;
mod support;
