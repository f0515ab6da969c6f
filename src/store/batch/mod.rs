//! What a lane's batch loads and writes, each in a number of statements that doesn't depend on how
//! many commands it holds.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono_tz::Tz;

use super::StoreError;
use super::connection::Connection;
use super::key_row::KeyRow;
use crate::domain::clock::Ids;
use crate::domain::command::{Command, Key, Order};
use crate::domain::payment::Payment;
use crate::domain::state::{AccountState, KeyState, State};
use in_order::InOrder;

mod in_order;
pub(super) mod key_rows;
pub(super) mod load;
mod write_door;
mod write_keys;
mod write_ledger;
mod write_ledger_postgres;
mod write_ledger_sqlite;
mod write_masters;
mod write_seldom;

/// A batch between loading and writing.
pub struct Batch {
    /// What the commands are decided on.
    pub state: State,
    inserted_keys: HashSet<Key>,
    /// Accounts to be saved that weren't there to be locked.
    absent_accounts: HashSet<String>,
}

/// Takes the keys and locks, and loads all that the orders can touch.
///
/// Locks are taken in sorted order, keys before accounts, so that two processes never wait for each
/// other in a circle; what is written later is sorted likewise ([`InOrder`]).
///
/// # Errors
/// Whatever the database says; the transaction must then be rolled back.
pub fn load(connection: &mut Connection, orders: &[Order], zone: Tz) -> Result<Batch, StoreError> {
    let wanted = key_rows::rows_of(orders);
    let inserted_keys = load::insert_keys(connection, &wanted)?;
    let mut state = State::new(load::policies(connection, zone)?, load::channels(connection)?);
    for (key, row) in &wanted {
        if inserted_keys.contains(key) {
            state.keys.insert(key.clone(), KeyState::Free { row_of: Some(row.movement_id) });
        }
    }
    let known: Vec<&Key> = wanted.keys().filter(|key| !inserted_keys.contains(key)).collect();
    if !known.is_empty() {
        load_known_keys(connection, &known, &undone_keys(orders), &mut state)?;
    }
    load_accounts(connection, orders, &mut state)?;
    let absent_accounts = absent_accounts(orders, &state);
    Ok(Batch { state, inserted_keys, absent_accounts })
}

/// Writes everything that changed. Called once, before the commit.
///
/// # Errors
/// Whatever the database says; the transaction must then be rolled back.
pub fn write(connection: &mut Connection, batch: Batch, ids: &mut dyn Ids) -> Result<(), StoreError> {
    let Batch { state, inserted_keys, absent_accounts } = batch;
    let is_free = |key: &&Key| matches!(state.key(key), KeyState::Free { .. });
    let unclaimed = InOrder::of(inserted_keys.iter().filter(is_free));
    write_masters::write(connection, &state, &absent_accounts)?;
    write_door::write(connection, &state.changes.door)?;
    write_ledger::write(connection, &state, &unclaimed, ids)
}

/// What isn't there can't be locked: who creates it must find out whether another was quicker.
fn absent_accounts(orders: &[Order], state: &State) -> HashSet<String> {
    let absent = |order: &Order| match &order.command {
        Command::SaveAccount(account) if !state.accounts.contains_key(&account.number) => {
            Some(account.number.clone())
        }
        _ => None,
    };
    orders.iter().filter_map(absent).collect()
}

/// The keys of payments that these orders would undo.
fn undone_keys(orders: &[Order]) -> HashSet<Key> {
    let undone = |order: &Order| match &order.command {
        Command::ReversePayment(command) => Some(command.payment_key()),
        _ => None,
    };
    orders.iter().filter_map(undone).collect()
}

/// What was decided under a key stands for ever, so that a replay needs no lock and writes nothing. Only a
/// key kept for its payment, or whose payment may be undone, can still change.
fn load_known_keys(
    connection: &mut Connection,
    known: &[&Key],
    undone: &HashSet<Key>,
    state: &mut State,
) -> Result<(), StoreError> {
    let mut rows = load::key_rows(connection, known)?;
    let (open, settled): (Vec<KeyRow>, Vec<KeyRow>) =
        rows.into_iter().partition(|row| key_rows::is_kept(row) || undone.contains(&key_rows::key_of(row)));
    rows = settled;
    if !open.is_empty() {
        rows.extend(load::lock_keys(connection, open)?);
    }
    let movement_ids: Vec<i64> = rows.iter().map(|row| row.movement_id).collect();
    let payments = load::payments(connection, &movement_ids)?;
    let mut by_movement: HashMap<i64, &Payment> =
        payments.iter().map(|payment| (payment.id, payment)).collect();
    for payment in &payments {
        if let Some(reversal) = &payment.reversal {
            by_movement.insert(reversal.id, payment);
        }
    }
    for row in rows {
        let movement = by_movement.get(&row.movement_id).copied();
        let (key, key_state) = key_rows::state_of(row, movement)?;
        state.keys.insert(key, key_state);
    }
    Ok(())
}

fn load_accounts(connection: &mut Connection, orders: &[Order], state: &mut State) -> Result<(), StoreError> {
    let reach = Reach::of(orders, state);
    if reach.account_numbers.is_empty() {
        return Ok(());
    }
    let accounts = load::lock_accounts(connection, &reach.account_numbers)?;
    let bills = load::bills(connection, &accounts, &reach.bills)?;
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

/// The accounts and, beside their open ones, the bills that orders can touch. What a replay or a
/// conflict names is not among them.
#[derive(Default)]
struct Reach<'a> {
    account_numbers: BTreeSet<&'a str>,
    bills: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Reach<'a> {
    fn of(orders: &'a [Order], state: &'a State) -> Self {
        let mut reach = Self::default();
        for order in orders {
            reach.add(&order.command, state);
        }
        reach
    }

    fn add(&mut self, command: &'a Command, state: &'a State) {
        match command {
            Command::PostPayment(command) => {
                if matches!(state.key(&command.key), KeyState::Free { .. } | KeyState::Reserved(_)) {
                    let number = command.input.account_number.as_str();
                    self.account_numbers.insert(number);
                    let named = command.input.bill_numbers.iter().flatten();
                    self.bills.extend(named.map(|bill_number| (number, bill_number.as_str())));
                }
            }
            Command::ReversePayment(command) => {
                use crate::domain::answer::PostOutcome;
                let payment_key = command.payment_key();
                let payment = state.keys.get(&payment_key);
                if let Some(KeyState::Payment { outcome: PostOutcome::Posted(payment), .. }) = payment {
                    let number = payment.account_number.as_str();
                    self.account_numbers.insert(number);
                    let settled = payment.allocations.iter();
                    self.bills.extend(settled.map(|allocation| (number, allocation.bill_number.as_str())));
                }
            }
            Command::IssueBill(command) => {
                self.account_numbers.insert(&command.account_number);
                self.bills.insert((&command.account_number, &command.number));
            }
            Command::SaveAccount(command) => {
                self.account_numbers.insert(&command.number);
            }
            Command::AddChannel(_)
            | Command::SuspendChannel { .. }
            | Command::RuleDocuments { .. }
            | Command::ChangeDoor(_) => {}
        }
    }
}

/// Rows to be inserted, sorted by key.
type WantedKeys = BTreeMap<Key, KeyRow>;
