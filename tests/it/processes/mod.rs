//! Real processes of the program, as an operator runs them: killed, frozen, stopped and cut off from
//! their database under load. What a client was told must be true afterwards, whatever happened.

use std::sync::{Mutex, MutexGuard, PoisonError};

mod counts;
mod drain;
mod freeze;
mod kill;
mod load;
mod one_key;
mod operator;
mod outage;
mod proof;
mod schemathesis;
pub mod server;
pub mod site;

/// These tests keep every core busy and measure time: one after the other, they don't wait for each
/// other's servers.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
