//! Closing a visit.

use super::super::base::keys::{Field, Key, Kind, Record, Value, fields_of};
use super::super::base::numbers::Given;
use super::super::base::refusal::Refusal;
use super::super::command::Rules;
use super::super::keyed::{self, AnswerTo, Keyed};
use super::super::state::State;
use super::super::touches::{Touches, Wanted};
use super::{CloseVisit, Visit, VisitRefusalCode as Code};

impl Keyed for CloseVisit {
    const KIND: Kind = Kind("TRIAL_CLOSE");
    type Done = ();
    type Outcome = i64;
    type Code = Code;

    fn key(&self) -> &Key {
        &self.key
    }

    fn input(&self) -> Vec<Field> {
        vec![("number", self.number.into())]
    }

    fn is_input(recorded: &[Value]) -> bool {
        matches!(fields_of(recorded), Some([Value::Number(_)]))
    }

    fn conflict(&self, field: &str) -> (String, String) {
        (String::new(), format!("visitClose differs in {field}: number {}", self.number))
    }

    fn decide(&self, state: &State, _given: &Given) -> Result<(), Refusal<Code>> {
        let refuse = |code| Err(Refusal::of_field(code, "number", "The visit can't be closed."));
        match state.rooms.trial.visits.get(&self.number) {
            None => refuse(Code::VisitNotFound),
            Some(Visit { is_open: false, .. }) => refuse(Code::AlreadyClosed),
            Some(_) => Ok(()),
        }
    }

    fn apply(&self, state: &mut State, _given: &Given, (): ()) {
        let visit = state.rooms.trial.visits.get_mut(&self.number).expect("it was decided on");
        visit.is_open = false;
        state.rooms.trial.out.remove(&visit.crew);
        state.rooms.trial.held.insert(visit.crew.clone());
        state.rooms.trial.closed.push(self.number);
    }

    fn outcome(&self, _state: &State, _record: &Record) -> i64 {
        self.number
    }
}

impl Rules for CloseVisit {
    type Answer = AnswerTo<Self>;

    fn lane(&self) -> Option<&str> {
        self.link.as_ref().map(|link| link.account_number.as_str())
    }

    fn keys(&self, given: &Given) -> Vec<Wanted> {
        vec![keyed::own_key(self, given)]
    }

    fn touch<'a>(&'a self, state: &'a State, touches: &mut Touches<'a>) {
        if state.keys.record(&self.key).is_none()
            && let Some(link) = &self.link
        {
            touches.visits.insert(self.number);
            touches.accounts.insert(&link.account_number);
        }
    }

    fn settle(&self, state: &mut State, given: &Given) -> AnswerTo<Self> {
        keyed::settle(state, given, self)
    }
}
