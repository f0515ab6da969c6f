//! A reversal under its key, and the payment's key where that is still to come.

use super::super::base::keys::{Field, Key, Kind, Record, Value, fields_of};
use super::super::base::numbers::Given;
use super::super::base::refusal::Refusal;
use super::super::base::text::quoted;
use super::super::keyed::Keyed;
use super::super::payment::EarlyReversal;
use super::super::state::State;
use super::decide::{Done, decide};
use super::{KEY_OF_PAYMENT, ReverseInput, ReversePayment, ReverseRefusalCode, Undone};

impl Keyed for ReversePayment {
    const KIND: Kind = Kind("PAYMENT_REVERSE");
    type Done = Done;
    type Outcome = Undone;
    type Code = ReverseRefusalCode;

    fn key(&self) -> &Key {
        &self.key
    }

    fn input(&self) -> Vec<Field> {
        let ReverseInput { payment_key, reason } = &self.input;
        vec![(KEY_OF_PAYMENT, payment_key.as_str().into()), ("reason", reason.as_str().into())]
    }

    fn is_input(recorded: &[Value]) -> bool {
        matches!(fields_of(recorded), Some([Value::Text(_), Value::Text(_)]))
    }

    /// The field is left out: it changes with what the keys were used for meanwhile, and the same input is one
    /// difference.
    fn conflict(&self, _field: &str) -> (String, String) {
        let ReverseInput { payment_key, reason } = &self.input;
        let detail = format!(
            "paymentReverse differs from what its keys were used for: \
             paymentIdempotencyKey {}, reason {}",
            quoted(payment_key),
            quoted(reason)
        );
        (String::new(), detail)
    }

    fn decide(&self, state: &State, given: &Given) -> Result<Done, Refusal<ReverseRefusalCode>> {
        decide(state, given, self)
    }

    fn apply(&self, state: &mut State, given: &Given, done: Done) {
        match done {
            Done::Remember(trimmed) => {
                state.keys.claim(&self.payment_key(), self.early(given.number()).to_record());
                state.changes.exceptions.extend(trimmed);
            }
            Done::Reverse(movement) => state.apply(*movement),
        }
    }

    fn outcome(&self, state: &State, record: &Record) -> Undone {
        let undone = state.rooms.payments.reversed_by(record.number);
        let was_early = undone.is_some_and(|payment| payment.reversal.as_ref().is_some_and(|by| by.is_early));
        match undone.cloned().map(Box::new) {
            Some(payment) if !was_early => Undone::Reversed(payment),
            early => Undone::Remembered(early),
        }
    }
}

impl ReversePayment {
    /// This reversal as the payment's key remembers it.
    pub(super) fn early(&self, id: i64) -> EarlyReversal {
        EarlyReversal {
            id,
            key: self.key.text.clone(),
            reason: self.input.reason.clone(),
            actor: self.actor.clone(),
        }
    }
}
