//! Saving an account: it is created, or brought up to date; its money is not touched.

use super::super::base::line::LineOutcome;
use super::super::bill::AccountState;
use super::super::state::State;
use super::{Account, SaveAccount};

/// Saves it.
pub(super) fn settle(state: &mut State, command: &SaveAccount) -> LineOutcome {
    let changes = &mut state.changes.accounts;
    match state.accounts.get_mut(&command.number) {
        Some(AccountState { account, .. }) => {
            if (account.status, account.class) != (command.status, command.class) {
                changes.changed.insert(command.number.clone());
            }
            account.status = command.status;
            account.class = command.class;
        }
        None => {
            changes.created.insert(command.number.clone());
            let created = AccountState { account: Account::new(command), bills: Vec::new() };
            state.accounts.insert(command.number.clone(), created);
        }
    }
    changes.held.insert(command.number.clone(), command.holder.clone());
    LineOutcome::Saved
}
