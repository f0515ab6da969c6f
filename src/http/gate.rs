//! How many requests may be under way at once. One more is turned away as soon as its head is read, for a
//! small part of what an answer costs: so those inside are answered soon, however many stand outside. Only
//! a request that is complete takes a place.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::engine::Urgency;

/// Counts who is inside.
#[derive(Debug)]
pub(super) struct Gate {
    inside: AtomicUsize,
    inside_max: usize,
}

/// A request that is inside, until it is dropped.
pub(super) struct Place<'g>(&'g Gate);

impl Gate {
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

    /// Whether one of this urgency would be let in now.
    pub(super) fn has_room(&self, urgency: Urgency) -> bool {
        self.inside.load(Ordering::Relaxed) < urgency.places(self.inside_max)
    }

    /// Lets a request in; `None` where too many are inside for one of its urgency.
    pub(super) fn enter(&self, urgency: Urgency) -> Option<Place<'_>> {
        let places = urgency.places(self.inside_max);
        let one_more = |inside: usize| (inside < places).then_some(inside + 1);
        self.inside.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        Some(Place(self))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::AcqRel);
    }
}
