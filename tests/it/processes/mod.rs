//! Real processes of the program, as an operator runs them, and clients that keep them at work. What a client
//! was told must be true afterwards, whatever happened.

use std::sync::{Mutex, MutexGuard, PoisonError};

mod counts;
pub mod load;
mod log;
mod operator;
pub mod proof;
mod schemathesis;
pub mod server;
pub mod site;
#[cfg(target_os = "linux")]
mod threads;

/// These tests keep every core busy and measure time: one after the other, they don't wait for each
/// other's servers.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
