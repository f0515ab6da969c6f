//! The store under the real lane loop, on both back ends.

mod audit;
mod migrations;
