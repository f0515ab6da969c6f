//! The server from outside, one client per kind of caller.

mod posting;
mod schema;
