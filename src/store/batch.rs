//! What a lane's batch loads and writes, each in a number of statements that doesn't depend on how
//! many commands it holds.

use std::collections::{BTreeMap, HashSet};

use chrono_tz::Tz;

use super::base::connection::Connection;
use super::rooms::ROOMS;
use super::{StoreError, account, bill, channel, key};
use crate::domain::base::clock::Ids;
use crate::domain::base::keys::{Key, KeyState, Record};
use crate::domain::bill::AccountState;
use crate::domain::book::Numbered;
use crate::domain::command::Rules;
use crate::domain::state::State;
use crate::domain::touches::{Touches, Wanted};

/// A batch between loading and writing.
pub struct Batch {
    /// What the commands are decided on.
    pub state: State,
    inserted_keys: HashSet<Key>,
}

/// Takes the keys and locks, and loads all that the commands can touch.
///
/// Locks are taken in sorted order, keys before accounts, so that two processes never wait for each
/// other in a circle; what is written later is sorted likewise.
///
/// # Errors
/// Whatever the database says; the transaction must then be rolled back.
pub fn load(connection: &mut Connection, commands: &[Numbered], zone: Tz) -> Result<Batch, StoreError> {
    let keys = WantedKeys::of(commands);
    let inserted_keys = key::insert(connection, &keys.records)?;
    let policies = bill::policies::policies(connection, zone)?;
    let mut state = State::new(policies, channel::load::channels(connection)?);
    load_keys(connection, &keys, &inserted_keys, &mut state)?;
    for room in ROOMS {
        (room.rows)(connection, commands, &mut state)?;
    }
    load_accounts(connection, commands, &mut state)?;
    Ok(Batch { state, inserted_keys })
}

/// Writes everything that changed. Called once, before the commit.
///
/// # Errors
/// Whatever the database says; the transaction must then be rolled back.
pub fn write(connection: &mut Connection, batch: Batch, ids: &mut dyn Ids) -> Result<(), StoreError> {
    let Batch { state, inserted_keys } = batch;
    for room in ROOMS {
        (room.write)(connection, &state, ids)?;
    }
    key::write(connection, &state.keys, &inserted_keys)
}

/// The keys that a batch wants.
struct WantedKeys {
    /// What each key's new row would say. Where several commands want one key, its own use goes before what is kept for
    /// it, and the first before the later.
    records: BTreeMap<Key, Record>,
    /// Those that somebody wants beside their own: what they say may change.
    kept: HashSet<Key>,
}

impl WantedKeys {
    fn of(commands: &[Numbered]) -> Self {
        let (mut records, mut beside, mut kept) = (BTreeMap::new(), Vec::new(), HashSet::new());
        for wanted in commands.iter().flat_map(|numbered| numbered.command.keys(&numbered.given)) {
            match wanted {
                Wanted { key, record, is_own: true } => {
                    records.entry(key).or_insert(record);
                }
                wanted => beside.push(wanted),
            }
        }
        for Wanted { key, record, .. } in beside {
            kept.insert(key.clone());
            records.entry(key).or_insert(record);
        }
        Self { records, kept }
    }

    /// What was decided under a key stands for ever, so that a replay needs no lock and writes nothing. Only a key that
    /// another command wants to keep, or that holds another kind than its own command's, can still change.
    fn may_change(&self, row: &key::idempotency_keys::Row) -> bool {
        let key = row.key();
        let is_own_kind = self.records.get(&key).is_some_and(|record| record.kind.0 == row.kind);
        self.kept.contains(&key) || !is_own_kind
    }
}

fn load_keys(
    connection: &mut Connection,
    wanted: &WantedKeys,
    inserted: &HashSet<Key>,
    state: &mut State,
) -> Result<(), StoreError> {
    let (new, known): (Vec<_>, Vec<_>) = wanted.records.iter().partition(|(key, _)| inserted.contains(*key));
    for (key, record) in new {
        state.keys.put(key.clone(), KeyState::Free { row_of: Some(record.number) });
    }
    if known.is_empty() {
        return Ok(());
    }
    let known: Vec<&Key> = known.into_iter().map(|(key, _)| key).collect();
    let rows = key::rows(connection, &known)?;
    let (open, mut settled): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| wanted.may_change(row));
    if !open.is_empty() {
        settled.extend(key::lock(connection, open)?);
    }
    for row in &settled {
        state.keys.put(row.key(), KeyState::Used(row.record()?));
    }
    ROOMS.iter().try_for_each(|room| (room.recorded)(connection, &known, state))
}

fn load_accounts(
    connection: &mut Connection,
    commands: &[Numbered],
    state: &mut State,
) -> Result<(), StoreError> {
    let touches = Touches::of(commands, state);
    if touches.accounts.is_empty() {
        return Ok(());
    }
    let accounts = account::load::lock_accounts(connection, &touches.accounts)?;
    let bills = bill::load::bills(connection, &accounts, &touches.bills)?;
    for account in accounts {
        state.accounts.insert(account.number.clone(), AccountState { account, bills: Vec::new() });
    }
    for bill in bills {
        if let Some(account) = state.accounts.get_mut(&bill.account_number) {
            account.put_bill(bill);
        }
    }
    Ok(())
}
