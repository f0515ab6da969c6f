//! Changes of access hold as they are asked for.

use super::super::base::line::LineOutcome;
use super::super::base::numbers::Given;
use super::super::state::State;
use super::AccessChange;

/// Takes the change in.
pub(super) fn settle(state: &mut State, given: &Given, change: &AccessChange) -> LineOutcome {
    state.changes.access.push((change.clone(), given.at_ms));
    LineOutcome::Saved
}
