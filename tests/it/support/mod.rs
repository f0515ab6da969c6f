//! What the tests stand on: databases of both back ends, and builders of commands.
#![allow(dead_code, reason = "each helper serves some of the tests")]

pub mod app;
pub mod backends;
pub mod blockade;
pub mod client;
pub mod commands;
pub mod fields;
pub mod peers;
pub mod postgres;
pub mod reads;
pub mod scratch;
pub mod shared_postgres;
pub mod tables;
pub mod tools;
pub mod wait;
pub mod writer;
