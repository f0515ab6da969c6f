//! Word that the engine closes, for those who work now and then.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Whether it closes.
#[derive(Clone, Default)]
pub(super) struct Closing(Arc<(Mutex<bool>, Condvar)>);

impl Closing {
    /// Tells all who wait.
    pub(super) fn tell(&self) {
        let (is_told, told) = &*self.0;
        *is_told.lock().unwrap_or_else(PoisonError::into_inner) = true;
        told.notify_all();
    }

    /// Waits so long for it; whether it didn't come.
    pub(super) fn wait_in_vain(&self, at_most: Duration) -> bool {
        let (is_told, told) = &*self.0;
        let is_told = is_told.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = told.wait_timeout_while(is_told, at_most, |is_told| !*is_told);
        waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}
