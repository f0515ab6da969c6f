//! How many requests may be under way at once. One more is turned away as soon as its head is read, for a
//! small part of what an answer costs: so those inside are answered soon, however many stand outside. Only
//! a request that is complete takes a place.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::engine::Priority;

/// Counts who is inside.
#[derive(Debug)]
pub(super) struct InFlight {
    inside: AtomicUsize,
    inside_max: usize,
}

/// A request that is inside, until it is dropped.
pub(super) struct Permit<'g>(&'g InFlight);

impl InFlight {
    pub(super) fn new(inside_max: usize) -> Self {
        Self { inside: AtomicUsize::new(0), inside_max }
    }

    /// How many are inside.
    pub(super) fn inside(&self) -> usize {
        self.inside.load(Ordering::Relaxed)
    }

    /// Whether only a few are inside.
    pub(super) fn is_calm(&self) -> bool {
        self.inside.load(Ordering::Relaxed) < self.inside_max / 4
    }

    /// Whether one of this priority would be let in now.
    pub(super) fn has_room(&self, priority: Priority) -> bool {
        self.inside.load(Ordering::Relaxed) < priority.places(self.inside_max)
    }

    /// Lets a request in; `None` where too many are inside for one of its priority.
    pub(super) fn enter(&self, priority: Priority) -> Option<Permit<'_>> {
        let places = priority.places(self.inside_max);
        let one_more = |inside: usize| (inside < places).then_some(inside + 1);
        self.inside.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        Some(Permit(self))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::AcqRel);
    }
}
