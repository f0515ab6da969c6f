//! Opening a visit.

use super::super::base::keys::{Field, Key, Kind, Record, Value, fields_of};
use super::super::base::numbers::Given;
use super::super::base::refusal::Refusal;
use super::super::base::text::quoted;
use super::super::command::Rules;
use super::super::keyed::{self, AnswerTo, Keyed};
use super::super::state::State;
use super::super::touches::{Touches, Wanted};
use super::{OpenVisit, Visit, VisitRefusalCode as Code};

impl Keyed for OpenVisit {
    const KIND: Kind = Kind("TRIAL_OPEN");
    type Done = Visit;
    type Outcome = Visit;
    type Code = Code;

    fn key(&self) -> &Key {
        &self.key
    }

    fn input(&self) -> Vec<Field> {
        vec![
            ("route", self.route.as_str().into()),
            ("crew", self.crew.as_str().into()),
            ("accounts", self.accounts.as_slice().into()),
        ]
    }

    fn is_input(recorded: &[Value]) -> bool {
        matches!(fields_of(recorded), Some([Value::Text(_), Value::Text(_), Value::Texts(_)]))
    }

    fn conflict(&self, field: &str) -> (String, String) {
        let (route, crew) = (quoted(&self.route), quoted(&self.crew));
        (String::new(), format!("visitOpen differs in {field}: route {route}, crew {crew}"))
    }

    fn decide(&self, state: &State, given: &Given) -> Result<Visit, Refusal<Code>> {
        let refuse = |code, field: &str| Err(Refusal::of_field(code, field, "The visit can't be opened."));
        let Some(place) = state.rooms.trial.routes.get(&self.route) else {
            return refuse(Code::RouteNotFound, "route");
        };
        if self.accounts.iter().any(|number| !state.accounts.contains_key(number)) {
            return refuse(Code::AccountNotFound, "accounts");
        }
        if state.rooms.trial.out.contains_key(&self.crew) || !state.rooms.trial.held.contains(&self.crew) {
            return refuse(Code::CrewIsOut, "crew");
        }
        let numbers = (1..).map(|place| given.nth(place));
        Ok(Visit {
            number: given.number(),
            route: self.route.clone(),
            place: place + 1,
            crew: self.crew.clone(),
            is_open: true,
            stops: numbers.zip(self.accounts.iter().cloned()).take(self.accounts.len()).collect(),
        })
    }

    fn apply(&self, state: &mut State, _given: &Given, visit: Visit) {
        let trial = &mut state.rooms.trial;
        trial.routes.insert(visit.route.clone(), visit.place);
        trial.out.insert(visit.crew.clone(), visit.number);
        trial.opened.push(visit.number);
        trial.visits.insert(visit.number, visit);
    }

    fn outcome(&self, state: &State, record: &Record) -> Visit {
        state.rooms.trial.visits.get(&record.number).expect("the visit of a key was loaded").clone()
    }
}

impl Rules for OpenVisit {
    type Answer = AnswerTo<Self>;

    fn lane(&self) -> Option<&str> {
        self.accounts.first().map(String::as_str)
    }

    fn account_count(&self) -> usize {
        self.accounts.len()
    }

    fn number_count(&self) -> i64 {
        1 + i64::try_from(self.accounts.len()).unwrap_or(i64::MAX - 1)
    }

    fn weight(&self) -> usize {
        1 + self.accounts.len()
    }

    fn keys(&self, given: &Given) -> Vec<Wanted> {
        vec![keyed::own_key(self, given)]
    }

    fn touch<'a>(&'a self, state: &'a State, touches: &mut Touches<'a>) {
        if state.keys.record(&self.key).is_none() {
            touches.routes.insert(&self.route);
            touches.crews.insert(&self.crew);
            touches.accounts.extend(self.accounts.iter().map(String::as_str));
        }
    }

    fn settle(&self, state: &mut State, given: &Given) -> AnswerTo<Self> {
        keyed::settle(state, given, self)
    }
}
