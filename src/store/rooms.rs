//! The rooms of the store, a line each: what a batch loads and writes of a capability, and what the audit checks.

use super::base::check::Check;
use super::base::connection::Connection;
use super::{StoreError, access, account, bill, channel, exception, ledger, payment, reversal};
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
    Room { checks: ledger::audit::CHECKS, ..NOTHING },
    Room { write: channel::write::write, checks: channel::audit::CHECKS, ..NOTHING },
    Room { write: account::write::write, checks: account::audit::CHECKS, ..NOTHING },
    Room { write: bill::write::write, ..NOTHING },
    Room { write: access::write::write, ..NOTHING },
    Room {
        recorded: payment::load::recorded,
        write: payment::write::write,
        checks: payment::audit::CHECKS,
        ..NOTHING
    },
    Room { write: reversal::write::write, checks: reversal::audit::CHECKS, ..NOTHING },
    #[cfg(feature = "trial")]
    Room {
        recorded: super::trial::recorded,
        rows: super::trial::rows,
        write: super::trial::write,
        ..NOTHING
    },
    Room { write: exception::write::write, checks: exception::audit::CHECKS, ..NOTHING },
];

const NOTHING: Room =
    Room { recorded: |_, _, _| Ok(()), rows: |_, _, _| Ok(()), write: |_, _, _| Ok(()), checks: &[] };
