//! Asks for fields by every route as one caller after another, and notes what differs from a table.

use std::collections::BTreeSet;

use serde_json::json;

use super::answer;
use super::callers::Caller;
use super::households::{Canary, Household, canaries, household_of};
use super::routes::{ROUTES, routes_to};
use super::table::{Cell, Side};
use crate::support::app::TestApp;
use crate::support::client::{Client, Reply};
use crate::support::fields::Field;

/// What a caller is to get of a field; `None` where no table says it.
pub type Expected<'t> = dyn Fn(&str, &Caller, Side) -> Option<Cell> + 't;

/// One run over a town.
pub struct Survey<'t> {
    app: &'t TestApp<'t>,
    households: &'t [Household],
    canaries: Vec<Canary>,
    expected: &'t Expected<'t>,
    /// What differs, in words.
    pub findings: Vec<String>,
    reached: BTreeSet<usize>,
    sent: usize,
}

impl<'t> Survey<'t> {
    /// Nothing asked for yet.
    pub fn new(app: &'t TestApp<'t>, households: &'t [Household], expected: &'t Expected<'t>) -> Self {
        let canaries = canaries(households);
        Self { app, households, canaries, expected, findings: Vec::new(), reached: BTreeSet::new(), sent: 0 }
    }

    /// Asks for each of these fields as this caller, on the sides that the table has.
    pub fn ask(&mut self, caller: &Caller, fields: &[&Field]) {
        let accounts = household_of(self.households, caller.household(Side::Own)).account_numbers().to_vec();
        let client = caller.client(self.app, accounts);
        for field in fields {
            for side in [Side::Own, Side::Other] {
                let Some(expected) = (self.expected)(&field.row(), caller, side) else { continue };
                let got = self.most_of(&client, caller, side, field);
                if got != expected {
                    let (expected, got) = (expected.word(), got.word());
                    self.note(caller, side, field, &format!("expected {expected}, got {got}"));
                }
            }
        }
    }

    /// The routes by which nobody reached an object.
    pub fn unused_routes(&self) -> Vec<String> {
        let unused = ROUTES.iter().enumerate().filter(|(index, _)| !self.reached.contains(index));
        unused.map(|(_, route)| format!("{route:?}")).collect()
    }

    /// The most that any route gives.
    fn most_of(&mut self, client: &Client, caller: &Caller, side: Side, field: &Field) -> Cell {
        let mut most = Cell::Absent;
        for (index, route) in routes_to(field, side) {
            let household = household_of(self.households, caller.household(side));
            let fresh = format!("{}-fresh-{}", caller.name, self.sent);
            self.sent += 1;
            let fill = |text: &str| household.fill(text, &fresh);
            let document = route.document(field, fill);
            let reply = client.send(&document, json!({}));
            match answer::read(&reply, &route.path(fill), field, household) {
                Ok(cell) => {
                    if cell > Cell::Hidden {
                        self.reached.insert(index);
                    }
                    most = most.max(cell);
                }
                Err(what) => self.note(caller, side, field, &format!("{document}: {what}")),
            }
            if caller.is_tokenless() && reply.status != 401 {
                self.note(caller, side, field, &format!("status {} without a token", reply.status));
            }
            self.look_for_canaries(&reply, caller, side, field);
        }
        most
    }

    fn look_for_canaries(&mut self, reply: &Reply, caller: &Caller, side: Side, field: &Field) {
        let (text, row) = (reply.body.to_string(), field.row());
        let is_allowed = |canary: &Canary| {
            let whose = caller.side_of(canary.household);
            canary.fields.contains(&row.as_str()) && (self.expected)(&row, caller, whose) == Some(Cell::Allow)
        };
        let escaped = self.canaries.iter().filter(|canary| text.contains(&canary.text));
        let escaped: Vec<String> = escaped
            .filter(|canary| !is_allowed(canary))
            .map(|canary| format!("{:?} of {} is in {text}", canary.text, canary.fields.join(", ")))
            .collect();
        for what in escaped {
            self.note(caller, side, field, &what);
        }
    }

    fn note(&mut self, caller: &Caller, side: Side, field: &Field, what: &str) {
        let side = match side {
            Side::Own => "own",
            Side::Other => "other",
        };
        self.findings.push(format!("{}, {} {side}: {what}", field.row(), caller.name));
    }
}
