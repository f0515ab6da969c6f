//! What saving an account touches.

use super::super::base::line::LineOutcome;
use super::super::base::numbers::Given;
use super::super::command::Rules;
use super::super::state::State;
use super::super::touches::Touches;
use super::{SaveAccount, decide};

impl Rules for SaveAccount {
    type Answer = LineOutcome;

    fn lane(&self) -> Option<&str> {
        Some(&self.number)
    }

    fn touch<'a>(&'a self, _state: &'a State, touches: &mut Touches<'a>) {
        touches.accounts.insert(&self.number);
    }

    fn settle(&self, state: &mut State, _given: &Given) -> LineOutcome {
        decide::settle(state, self)
    }
}
