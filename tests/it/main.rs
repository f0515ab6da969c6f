//! Every test that needs a database or a server, in one binary.

mod store;
