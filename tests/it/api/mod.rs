//! The server from outside, one client per kind of caller.

mod bad_input;
mod posting;
mod rights;
mod schema;
