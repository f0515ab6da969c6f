//! What issuing a bill touches.

use super::super::base::line::LineOutcome;
use super::super::base::numbers::Given;
use super::super::command::Rules;
use super::super::state::State;
use super::super::touches::Touches;
use super::{IssueBill, decide};

impl Rules for IssueBill {
    type Answer = LineOutcome;

    fn lane(&self) -> Option<&str> {
        Some(&self.account_number)
    }

    fn touch<'a>(&'a self, _state: &'a State, touches: &mut Touches<'a>) {
        touches.accounts.insert(&self.account_number);
        touches.bills.insert((&self.account_number, &self.number));
    }

    fn settle(&self, state: &mut State, given: &Given) -> LineOutcome {
        decide::settle(state, given, self)
    }
}
