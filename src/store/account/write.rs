//! What a batch writes of accounts that are saved, and what movements leave of them.

use super::super::StoreError;
use super::super::base::connection::Connection;
use super::super::base::in_order::InOrder;
use super::{account_holders, accounts, moved_accounts, saved_accounts};
use crate::domain::base::clock::Ids;
use crate::domain::state::State;

/// Writes the accounts that were saved.
pub(in crate::store) fn write(
    connection: &mut Connection,
    state: &State,
    _ids: &mut dyn Ids,
) -> Result<(), StoreError> {
    create(connection, state)?;
    let changed = state.changes.accounts.changed.iter();
    let changed = changed.filter_map(|number| {
        let account = &state.accounts.get(number)?.account;
        let (status, customer_class) = (account.status.word(), account.class.word());
        Some(saved_accounts::Change { account_number: number, status, customer_class })
    });
    saved_accounts::make(connection, InOrder::of(changed))?;
    let held = state.changes.accounts.held.iter().map(|(number, holder)| account_holders::New {
        account_number: number,
        name: &holder.name,
        address: &holder.address,
        phone: &holder.phone,
        area: &holder.area,
    });
    account_holders::insert(connection, InOrder::of(held))?;
    Ok(())
}

/// What this batch decided stands on accounts that weren't there; it doesn't hold where one is there by now. Such a
/// row must not be locked either, so late: its owner may wait for rows of this batch.
fn create(connection: &mut Connection, state: &State) -> Result<(), StoreError> {
    let created = state.changes.accounts.created.iter();
    let created = InOrder::of(created.filter_map(|number| {
        let account = &state.accounts.get(number)?.account;
        Some(accounts::New {
            account_number: number,
            status: account.status.word(),
            customer_class: account.class.word(),
            last_sequence: 0,
            advance_fen: 0,
            shortfall_fen: 0,
            open_from: None,
        })
    }));
    let expected = created.len();
    if accounts::insert(connection, created)? == expected {
        Ok(())
    } else {
        Err(StoreError::Overtaken("an account"))
    }
}

/// What movements leave of accounts, as rows.
pub(in crate::store) fn moved(state: &State) -> InOrder<moved_accounts::Change<'_>> {
    let touched = state.changes.accounts.touched.iter();
    InOrder::of(touched.filter_map(|number| {
        let account = &state.accounts.get(number)?.account;
        Some(moved_accounts::Change {
            account_number: &account.number,
            last_sequence: account.last_sequence,
            advance_fen: account.advance_fen,
            shortfall_fen: account.shortfall_fen,
            open_from: account.open_from,
        })
    }))
}
