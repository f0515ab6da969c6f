//! What readers are asked: a look-up has a name and its parameters, and is run on a reader's connection.

use super::super::StoreError;
use super::connection::Connection;

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
