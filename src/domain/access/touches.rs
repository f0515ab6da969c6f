//! Changes of access touch no account; their rows are few, and are read in every batch or not at all.

use super::super::base::line::LineOutcome;
use super::super::base::numbers::Given;
use super::super::command::Rules;
use super::super::state::State;
use super::super::touches::Touches;
use super::{AccessChange, decide};

impl Rules for AccessChange {
    type Answer = LineOutcome;

    fn lane(&self) -> Option<&str> {
        None
    }

    fn touch<'a>(&'a self, _state: &'a State, _touches: &mut Touches<'a>) {}

    fn settle(&self, state: &mut State, given: &Given) -> LineOutcome {
        decide::settle(state, given, self)
    }
}
