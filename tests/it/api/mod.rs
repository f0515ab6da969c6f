//! The server from outside, one client per kind of caller.

mod bad_input;
mod content;
mod known_documents;
mod newest_first;
mod one_instant;
mod posting;
mod rights;
mod schema;
