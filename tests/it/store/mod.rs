//! The store under the real lane loop, on both back ends.

mod audit;
mod circles;
mod combined;
mod early;
mod files;
mod history;
mod ids;
mod keys;
mod locks;
mod migrations;
mod outage;
mod payments;
mod quotes;
mod statements;
mod tables;
mod trial;
mod upgrade;
mod write_ahead_log;
