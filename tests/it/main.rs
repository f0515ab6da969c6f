//! The tests of granary, one binary: the rules alone, the store and the lanes on both back ends, and
//! the server from outside.

mod advisories;
mod api;
mod cli;
mod edge;
mod faults;
mod fuzz;
mod layers;
mod planted;
mod processes;
mod rules;
mod simulator;
mod store;
mod support;
