//! What readers are asked: a look-up has a name and its parameters, and is run on a reader's connection.

use super::super::StoreError;
use super::connection::Connection;

/// What was found, and how far the accounts that it is about had come by then: whatever else is said of them with the
/// same sequences is of the same instant.
#[derive(Debug, Clone)]
pub struct AsOf<T> {
    /// What was found.
    pub found: T,
    /// Account numbers, each with its last sequence.
    pub sequences: Vec<(String, i64)>,
}

/// Where something stands in a list that begins with the newest: its rank (a sequence or an instant), then its number.
pub type Place = (i64, i64);

/// Before the first of a list.
pub const NEWEST: Place = (i64::MAX, i64::MAX);

/// A look-up of its own.
pub trait LookUp: Send + 'static {
    /// What it finds.
    type Found: Send + 'static;

    /// Runs it. It may run twice, if the first connection turns out to be dead.
    ///
    /// # Errors
    /// Whatever the database says.
    fn run(&mut self, connection: &mut Connection) -> Result<Self::Found, StoreError>;
}
