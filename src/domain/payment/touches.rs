//! What posting a payment touches.

use super::super::base::numbers::Given;
use super::super::command::Rules;
use super::super::keyed::{self, AnswerTo, Keyed};
use super::super::state::State;
use super::super::touches::{Touches, Wanted};
use super::PostPayment;

impl Rules for PostPayment {
    type Answer = AnswerTo<Self>;

    fn lane(&self) -> Option<&str> {
        Some(&self.input.account_number)
    }

    fn keys(&self, given: &Given) -> Vec<Wanted> {
        vec![keyed::own_key(self, given)]
    }

    fn touch<'a>(&'a self, state: &'a State, touches: &mut Touches<'a>) {
        let is_settled = |kind| kind == Self::KIND || !self.may_replace(kind);
        if state.keys.record(&self.key).is_some_and(|record| is_settled(record.kind)) {
            return;
        }
        let number = self.input.account_number.as_str();
        touches.accounts.insert(number);
        let named = self.input.bill_numbers.iter().flatten();
        touches.bills.extend(named.map(|bill_number| (number, bill_number.as_str())));
    }

    fn settle(&self, state: &mut State, given: &Given) -> AnswerTo<Self> {
        keyed::settle(state, given, self)
    }
}
