//! A payment under its key.

use super::super::base::calendar::format_instant;
use super::super::base::keys::{Field, Key, Kind, Record, Value, fields_of};
use super::super::base::money::format_amount;
use super::super::base::numbers::Given;
use super::super::base::refusal::Refusal;
use super::super::base::text::{quoted, quoted_list};
use super::super::keyed::Keyed;
use super::super::movement::Movement;
use super::super::state::State;
use super::decide::decide;
use super::{EARLY_REVERSAL, Payment, PostPayment, PostRefusalCode};

impl Keyed for PostPayment {
    const KIND: Kind = Kind("PAYMENT_POST");
    type Done = Movement;
    type Outcome = Box<Payment>;
    type Code = PostRefusalCode;

    fn key(&self) -> &Key {
        &self.key
    }

    fn input(&self) -> Vec<Field> {
        let input = &self.input;
        vec![
            ("accountNumber", input.account_number.as_str().into()),
            ("amount", input.amount_fen.into()),
            ("paidAt", input.paid_at_ms.into()),
            ("billNumbers", input.bill_numbers.as_deref().into()),
        ]
    }

    fn is_input(recorded: &[Value]) -> bool {
        matches!(
            fields_of(recorded),
            Some([
                Value::Text(_),
                Value::Number(_),
                Value::Absent | Value::Number(_),
                Value::Absent | Value::Texts(_)
            ])
        )
    }

    fn may_replace(&self, kind: Kind) -> bool {
        kind == EARLY_REVERSAL
    }

    fn conflict(&self, field: &str) -> (String, String) {
        let input = &self.input;
        let absent = || "absent".to_owned();
        let detail = format!(
            "paymentPost differs in {field}: accountNumber {}, amount {}, paidAt {}, billNumbers {}",
            quoted(&input.account_number),
            format_amount(input.amount_fen),
            input.paid_at_ms.map_or_else(absent, format_instant),
            input
                .bill_numbers
                .as_deref()
                .filter(|numbers| !numbers.is_empty())
                .map_or_else(absent, quoted_list),
        );
        (input.account_number.clone(), detail)
    }

    fn decide(&self, state: &State, given: &Given) -> Result<Movement, Refusal<PostRefusalCode>> {
        decide(state, given, self)
    }

    fn apply(&self, state: &mut State, _given: &Given, movement: Movement) {
        state.apply(movement);
    }

    fn outcome(&self, state: &State, record: &Record) -> Box<Payment> {
        let payment =
            state.rooms.payments.get(record.number).expect("the payment of a posted key was loaded");
        Box::new(payment.clone())
    }
}
