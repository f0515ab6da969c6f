//! What audits, lanes and readers ask of the store, on both back ends.

mod audit;
