//! The fault bench: whatever breaks, nothing acknowledged is lost and nothing is doubled. Each fault is made again
//! and again under load; what the clients were told is then compared with what is there, and the audit runs.
//!
//! `cargo test` plays a short form. `GRANARY_FAULT_RUNS=n cargo test --test it faults` plays each fault n times and
//! writes `docs/RELIABILITY.md`; `GRANARY_FAULT_SEED=s` chooses the instants.

mod backup;
mod clock;
mod connection;
mod damaged_file;
mod deadlock;
mod disk_full;
mod drain;
mod every_call;
mod failed_sync;
mod freeze;
mod history;
mod kill;
mod late_database;
mod one_key;
mod outage;
mod power_loss;
mod proxy;
mod read_only;
mod replaced_file;
mod row;
mod small_disk;
mod storm;
mod vanished;
mod wire;
