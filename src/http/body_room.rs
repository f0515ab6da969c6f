//! Room for bodies that are still on their way. Whoever sends one slowly waits here, outside of the door, and holds
//! no place that others need; so much of it as one caller may have, and so much as the server's memory allows.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::access::caller::Caller;
use crate::engine::Priority;

/// How many bodies are on their way, and the bytes that have come of them and are kept until they are answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) bodies: usize,
    pub(super) bytes: usize,
}

/// Of all callers together: an eighth of the memory that a server may use, and connections that cost some kilobytes
/// each. Batches, apps and customers have half of it, banks three quarters, counters and callbacks all.
const ALL_MAX: Share = Share { bodies: 2_048, bytes: 32 * 1024 * 1024 };
/// Of one channel's program: bodies that take a tenth of a second each to come would still be 2,560 a second; and
/// four of the largest batches at least. Two banks together can't shut a counter out.
const CHANNEL_MAX: Share = Share { bodies: 256, bytes: 8 * 1024 * 1024 };
/// Of one customer: more than an app asks at once, each as large as it may be.
const CUSTOMER_MAX: Share = Share { bodies: 8, bytes: 512 * 1024 };

/// Who sends: channel and subject, as for budgets.
type CallerKey = (String, String);

/// Counts bodies and their bytes.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    held: Mutex<Held>,
    refused: AtomicU64,
}

#[derive(Debug, Default)]
struct Held {
    all: Share,
    by_caller: HashMap<CallerKey, Share>,
}

/// One body's room, until it is dropped.
pub(super) struct Room<'b> {
    bodies: &'b Bodies,
    caller: CallerKey,
    caller_max: Share,
    all_max: Share,
    own: Share,
}

impl Bodies {
    /// Room for one more body of this caller; `None` where they or all together have as many as they may.
    pub(super) fn room(&self, caller: &Caller, priority: Priority) -> Option<Room<'_>> {
        let caller_max = if caller.is_customer() { CUSTOMER_MAX } else { CHANNEL_MAX };
        let all_max =
            Share { bodies: priority.places(ALL_MAX.bodies), bytes: priority.places(ALL_MAX.bytes) };
        let caller = (caller.channel_code.clone(), caller.subject.clone());
        let mut room = Room { bodies: self, caller, caller_max, all_max, own: Share::default() };
        room.change(Share { bodies: 1, bytes: 0 }).then_some(room)
    }

    /// What is held now.
    pub(super) fn held(&self) -> Share {
        self.lock().all
    }

    /// How often there was no room.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room<'_> {
    /// Takes so many bytes more in; false where there is no room for them.
    #[must_use]
    pub(super) fn grow(&mut self, bytes: usize) -> bool {
        self.change(Share { bytes: self.own.bytes + bytes, ..self.own })
    }

    /// The body is on its way no more; its bytes are still there.
    pub(super) fn complete(&mut self) {
        let _less_always_fits = self.change(Share { bodies: 0, ..self.own });
    }

    /// Has this share instead of its own; unchanged where that is more than there is room for.
    fn change(&mut self, wanted: Share) -> bool {
        let mut held = self.bodies.lock();
        let of_caller = held.by_caller.get(&self.caller).copied().unwrap_or_default();
        let (all, of_caller) = (held.all.with(self.own, wanted), of_caller.with(self.own, wanted));
        let is_more = wanted.bodies > self.own.bodies || wanted.bytes > self.own.bytes;
        if is_more && !(all.fits(self.all_max) && of_caller.fits(self.caller_max)) {
            self.bodies.refused.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        held.all = all;
        if of_caller == Share::default() {
            held.by_caller.remove(&self.caller);
        } else if let Some(known) = held.by_caller.get_mut(&self.caller) {
            *known = of_caller;
        } else {
            held.by_caller.insert(self.caller.clone(), of_caller);
        }
        self.own = wanted;
        true
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        let _less_always_fits = self.change(Share::default());
    }
}

impl Share {
    fn with(self, old: Self, new: Self) -> Self {
        Self { bodies: self.bodies - old.bodies + new.bodies, bytes: self.bytes - old.bytes + new.bytes }
    }

    fn fits(self, max: Self) -> bool {
        self.bodies <= max.bodies && self.bytes <= max.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(subject: usize, is_customer: bool) -> Caller {
        Caller {
            subject: subject.to_string(),
            token_id: "t".to_owned(),
            issued_at_s: 0,
            channel_code: "C".to_owned(),
            scopes: Vec::new(),
            accounts: is_customer.then(Vec::new),
        }
    }

    #[test]
    fn each_caller_has_a_share_and_gives_it_back() {
        let bodies = Bodies::default();
        for (is_customer, max) in [(true, CUSTOMER_MAX), (false, CHANNEL_MAX)] {
            let one = caller(1, is_customer);
            let mut rooms: Vec<_> =
                (0..max.bodies).filter_map(|_| bodies.room(&one, Priority::High)).collect();
            assert_eq!(rooms.len(), max.bodies);
            assert!(bodies.room(&one, Priority::High).is_none(), "one too many");
            assert!(bodies.room(&caller(2, is_customer), Priority::High).is_some(), "another has room");
            assert!(rooms[0].grow(max.bytes) && !rooms[0].grow(1) && !rooms[1].grow(1));
            rooms[0].complete();
            assert!(bodies.room(&one, Priority::High).is_some(), "one is complete");
            assert_eq!(bodies.held(), Share { bodies: max.bodies - 1, bytes: max.bytes });
            drop(rooms);
            assert_eq!(bodies.held(), Share::default());
        }
        assert!(bodies.lock().by_caller.is_empty(), "nobody is remembered");
        assert_eq!(bodies.refused(), 6);
    }

    #[test]
    fn the_last_room_is_kept_for_who_cannot_wait() {
        let bodies = Bodies::default();
        let mut rooms = Vec::new();
        for (priority, bodies_max) in
            [(Priority::Low, 1_024), (Priority::Normal, 1_536), (Priority::High, 2_048)]
        {
            rooms.extend((0..1_000).map_while(|number| {
                let caller = caller(number, true);
                std::iter::repeat_with(|| bodies.room(&caller, priority)).take(2).collect::<Option<Vec<_>>>()
            }));
            assert_eq!(bodies.held().bodies, bodies_max, "{priority:?}");
        }
    }

    #[test]
    fn bytes_of_all_are_bounded() {
        let bodies = Bodies::default();
        let mib = 1024 * 1024;
        let fill = |priority| {
            let fits = |number: usize| {
                let mut room = bodies.room(&caller(number, false), priority)?;
                room.grow(mib).then_some(room)
            };
            (0..100).map_while(fits).collect::<Vec<_>>()
        };
        let lens = [Priority::Low, Priority::Normal, Priority::High].map(|priority| {
            let rooms = fill(priority);
            rooms.len()
        });
        assert_eq!(lens, [16, 24, 32]);
        assert_eq!(bodies.held(), Share::default());
    }
}
