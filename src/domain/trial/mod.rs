//! A capability for tests alone: visits of a crew to several accounts. It needs what no real one needs yet: several
//! accounts, a range of numbers, a row that no account owns, a claim on what isn't there, a link resolved before the
//! queue.

use std::collections::{BTreeSet, HashMap};

use super::base::actor::Actor;
use super::base::keys::Key;
use super::base::refusal::refusal_codes;

mod close;
mod open;

/// A crew sets out on a route, to these accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenVisit {
    /// Channel and key.
    pub key: Key,
    /// The route, which numbers its visits without a gap.
    pub route: String,
    /// The crew, which has one open visit at most.
    pub crew: String,
    /// Where it goes, at most [`ACCOUNTS_MAX`](super::touches::ACCOUNTS_MAX).
    pub accounts: Vec<String>,
    /// Who asks.
    pub actor: Actor,
}

/// A crew is back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseVisit {
    /// Channel and key.
    pub key: Key,
    /// Number of the visit.
    pub number: i64,
    /// What the visit is tied to, which never changes: found by a reader before the command is queued.
    pub link: Option<VisitLink>,
}

/// What a visit is tied to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitLink {
    /// Its crew.
    pub crew: String,
    /// The first of its accounts.
    pub account_number: String,
}

/// One visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Number of the movement that opened it.
    pub number: i64,
    /// Its route.
    pub route: String,
    /// Place on its route, from 1, without gaps.
    pub place: i64,
    /// Its crew.
    pub crew: String,
    /// Whether the crew is out.
    pub is_open: bool,
    /// The accounts, each with a number of its own.
    pub stops: Vec<(i64, String)>,
}

refusal_codes! {
    /// Why a visit was not opened or closed, in order of precedence.
    VisitRefusalCode reused IdempotencyKeyReused {
        /// The key was used with another input.
        IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED" retryable false,
        /// No such route.
        RouteNotFound = "ROUTE_NOT_FOUND" retryable false,
        /// No such account.
        AccountNotFound = "ACCOUNT_NOT_FOUND" retryable false,
        /// The crew is out already.
        CrewIsOut = "CREW_IS_OUT" retryable false,
        /// No such visit.
        VisitNotFound = "VISIT_NOT_FOUND" retryable false,
        /// The visit is closed.
        AlreadyClosed = "ALREADY_CLOSED" retryable false,
    }
}

/// What a batch knows and writes of visits.
#[derive(Debug, Default)]
pub struct Trial {
    /// Visits on each route so far.
    pub routes: HashMap<String, i64>,
    /// The open visit of each crew that is out.
    pub out: HashMap<String, i64>,
    /// Visits by number.
    pub visits: HashMap<i64, Visit>,
    /// Numbers of visits that are new.
    pub opened: Vec<i64>,
    /// Numbers of visits that were closed.
    pub closed: Vec<i64>,
    /// Crews whose claim's row is this batch's to change: it has made it, or closes the visit that did.
    pub held: BTreeSet<String>,
}
