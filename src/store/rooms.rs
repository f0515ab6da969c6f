//! The rooms of the store, an entry each: what a batch loads and writes of a capability, and what the audit checks.

use super::StoreError;
use super::base::check::Check;
use super::base::connection::Connection;
use crate::domain::base::clock::Ids;
use crate::domain::base::keys::Key;
use crate::domain::book::Numbered;
use crate::domain::state::State;

/// What a capability has in the store. Each loads and writes nothing where nothing of it is touched.
pub(in crate::store) struct Room {
    /// Loads what was done under keys that are known, so that a replay can be answered.
    pub(in crate::store) recorded: fn(&mut Connection, &[&Key], &mut State) -> Result<(), StoreError>,
    /// Claims, locks and loads what no account owns: after the keys, before the accounts.
    pub(in crate::store) rows: fn(&mut Connection, &[Numbered], &mut State) -> Result<(), StoreError>,
    /// Writes what changed.
    pub(in crate::store) write: fn(&mut Connection, &State, &mut dyn Ids) -> Result<(), StoreError>,
    /// What the audit checks of it.
    pub(in crate::store) checks: &'static [Check],
}

/// In the order in which they are written.
pub(in crate::store) const ROOMS: &[Room] = &[
    Room { checks: super::ledger::audit::CHECKS, ..NOTHING },
    Room { write: super::channel::write::write, checks: super::channel::audit::CHECKS, ..NOTHING },
    Room { write: super::account::write::write, checks: super::account::audit::CHECKS, ..NOTHING },
    Room { write: super::bill::write::write, ..NOTHING },
    Room { write: super::access::write::write, ..NOTHING },
    Room {
        recorded: super::payment::load::recorded,
        write: super::payment::write::write,
        checks: super::payment::audit::CHECKS,
        ..NOTHING
    },
    Room { write: super::reversal::write::write, checks: super::reversal::audit::CHECKS, ..NOTHING },
    #[cfg(feature = "trial")]
    Room {
        recorded: super::trial::recorded,
        rows: super::trial::rows,
        write: super::trial::write,
        ..NOTHING
    },
    Room { write: super::exception::write::write, checks: super::exception::audit::CHECKS, ..NOTHING },
];

const NOTHING: Room =
    Room { recorded: |_, _, _| Ok(()), rows: |_, _, _| Ok(()), write: |_, _, _| Ok(()), checks: &[] };
