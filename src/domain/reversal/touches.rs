//! What undoing a payment touches: its own key and the payment's, then the payment's account and bills.

use super::super::base::keys::Key;
use super::super::base::numbers::Given;
use super::super::command::Rules;
use super::super::keyed::{self, AnswerTo};
use super::super::state::State;
use super::super::touches::{Touches, Wanted};
use super::ReversePayment;

impl Rules for ReversePayment {
    type Answer = AnswerTo<Self>;

    /// The payment's key stands for its account; the locks make any lane right.
    fn lane(&self) -> Option<&str> {
        Some(&self.input.payment_key)
    }

    fn keys(&self, given: &Given) -> Vec<Wanted> {
        let early = self.early(given.number()).to_record();
        vec![keyed::own_key(self, given), Wanted { key: self.payment_key(), record: early, is_own: false }]
    }

    fn touch<'a>(&'a self, state: &'a State, touches: &mut Touches<'a>) {
        let record = state.keys.record(&self.payment_key());
        let Some(payment) = record.and_then(|record| state.rooms.payments.get(record.number)) else { return };
        let number = payment.account_number.as_str();
        touches.accounts.insert(number);
        let settled = payment.allocations.iter();
        touches.bills.extend(settled.map(|allocation| (number, allocation.bill_number.as_str())));
    }

    fn settle(&self, state: &mut State, given: &Given) -> AnswerTo<Self> {
        keyed::settle(state, given, self)
    }
}

impl ReversePayment {
    /// The payment's key in its scope.
    pub fn payment_key(&self) -> Key {
        Key { channel_code: self.key.channel_code.clone(), text: self.input.payment_key.clone() }
    }
}
