//! The rows of visits, a capability for tests alone. Its tables are made by [`create`], not by a migration.

use std::collections::BTreeMap;

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;

use super::base::connection::{Connection, on_each};
use super::base::in_order::InOrder;
use super::base::look_up::LookUp;
use super::base::statement::statement;
use super::base::table::table;
use super::base::update::update;
use super::{StoreError, key};
use crate::domain::base::clock::Ids;
use crate::domain::base::keys::Key;
use crate::domain::book::Numbered;
use crate::domain::keyed::Keyed;
use crate::domain::state::State;
use crate::domain::touches::Touches;
use crate::domain::trial::{OpenVisit, Visit, VisitLink};

/// The tables.
const TABLES: &str = "CREATE TABLE trial_routes (code TEXT NOT NULL PRIMARY KEY, last_place BIGINT NOT NULL); \
    CREATE TABLE trial_claims (crew TEXT NOT NULL PRIMARY KEY, visit_number BIGINT NOT NULL); \
    CREATE TABLE trial_visits (visit_number BIGINT NOT NULL PRIMARY KEY, route TEXT NOT NULL, place BIGINT NOT NULL, \
      crew TEXT NOT NULL, is_open BOOLEAN NOT NULL, UNIQUE (route, place)); \
    CREATE TABLE trial_stops (stop_number BIGINT NOT NULL PRIMARY KEY, visit_number BIGINT NOT NULL, \
      account_number TEXT NOT NULL)";

table! {
    /// Claims on crews: one open visit each.
    trial_claims as c, columns claim_columns, order (crew), insert " ON CONFLICT DO NOTHING" {
        crew: String, visit_number: i64,
    }
}

table! {
    /// Visits.
    trial_visits as v, columns visit_columns, order (visit_number), insert "" {
        visit_number: i64, route: String, place: i64, crew: String, is_open: bool,
    }
}

table! {
    /// Where visits go.
    trial_stops as s, columns stop_columns, order (stop_number), insert "" {
        stop_number: i64, visit_number: i64, account_number: String,
    }
}

update! {
    /// Visits that were closed.
    closed_visits on trial_visits, key { visit_number: i64, } set { is_open: bool, crew: String, }
}

update! {
    /// Routes that have gone on.
    moved_routes on trial_routes, key { code: String, } set { last_place: i64, }
}

update! {
    /// Claims whose holder is known.
    held_claims on trial_claims, key { crew: String, } set { visit_number: i64, }
}

/// Makes its tables, and a route.
///
/// # Errors
/// Whatever the database says.
pub fn create(connection: &mut Connection) -> Result<(), StoreError> {
    let sql = format!("{TABLES}; INSERT INTO trial_routes VALUES ('R', 0)");
    Ok(on_each!(connection, inner => inner.batch_execute(&sql))?)
}

statement! {
    struct ClaimOf<'a> { crew: &'a str => Text } -> (trial_claims::Sql)
    both concat!("SELECT ", claim_columns!(), " FROM trial_claims c WHERE c.crew = ?")
}

statement! {
    struct LockRoutePg<'a> { code: &'a str => Text } -> (BigInt)
    pg "SELECT last_place FROM trial_routes WHERE code = ? FOR UPDATE"
}

statement! {
    struct RouteSqlite<'a> { code: &'a str => Text } -> (BigInt)
    sqlite "SELECT last_place FROM trial_routes WHERE code = ?"
}

statement! {
    struct LockVisitPg { number: i64 => BigInt } -> (trial_visits::Sql)
    pg concat!("SELECT ", visit_columns!(), " FROM trial_visits v WHERE v.visit_number = ? FOR UPDATE")
}

statement! {
    struct VisitOf { number: i64 => BigInt } -> (trial_visits::Sql)
    both concat!("SELECT ", visit_columns!(), " FROM trial_visits v WHERE v.visit_number = ?")
}

statement! {
    struct StopsOf { number: i64 => BigInt } -> (trial_stops::Sql)
    both concat!("SELECT ", stop_columns!(), " FROM trial_stops s WHERE s.visit_number = ? ORDER BY s.stop_number")
}

statement! {
    struct LetGo<'a> { crew: &'a str => Text } both "DELETE FROM trial_claims WHERE crew = ?"
}

/// What a visit is tied to, asked for before its closing is queued.
#[derive(Debug, Clone, Copy)]
pub struct LinkOfVisit(pub i64);

impl LookUp for LinkOfVisit {
    type Found = Option<VisitLink>;

    fn run(&mut self, connection: &mut Connection) -> Result<Option<VisitLink>, StoreError> {
        let visit = visit_of(connection, self.0, false)?;
        Ok(visit.and_then(|visit| {
            let (_, account_number) = visit.stops.into_iter().next()?;
            Some(VisitLink { crew: visit.crew, account_number })
        }))
    }
}

/// Loads the visits that were opened under these keys.
pub(in crate::store) fn recorded(
    connection: &mut Connection,
    keys: &[&Key],
    state: &mut State,
) -> Result<(), StoreError> {
    for key in keys {
        let record = state.keys.record(key).filter(|record| record.kind == OpenVisit::KIND);
        let Some(number) = record.filter(|record| record.refusal.is_none()).map(|record| record.number)
        else {
            continue;
        };
        let visit = visit_of(connection, number, false)?.ok_or_else(|| key::lacks_outcome(key))?;
        state.rooms.trial.visits.insert(number, visit);
    }
    Ok(())
}

/// Claims, then locks and loads what no account owns. Tests may take a statement for each row.
pub(in crate::store) fn rows(
    connection: &mut Connection,
    commands: &[Numbered],
    state: &mut State,
) -> Result<(), StoreError> {
    let mut trial = std::mem::take(&mut state.rooms.trial);
    let touches = Touches::of(commands, state);
    for crew in &touches.crews {
        let claim = trial_claims::New { crew, visit_number: 0 };
        if trial_claims::insert(connection, InOrder::of([claim]))? == 1 {
            trial.held.insert((*crew).to_owned());
        } else {
            let rows: Vec<trial_claims::Row> = on_each!(connection, inner => ClaimOf { crew }.load(inner))?;
            trial.out.extend(rows.into_iter().map(|row| (row.crew, row.visit_number)));
        }
    }
    for code in &touches.routes {
        let places: Vec<i64> = match connection {
            Connection::Postgres(connection) => LockRoutePg { code }.load(connection)?,
            Connection::Sqlite(connection) => RouteSqlite { code }.load(connection)?,
        };
        trial.routes.extend(places.into_iter().map(|place| ((*code).to_owned(), place)));
    }
    for number in &touches.visits {
        if let Some(visit) = visit_of(connection, *number, true)? {
            trial.visits.insert(*number, visit);
        }
    }
    state.rooms.trial = trial;
    Ok(())
}

fn visit_of(connection: &mut Connection, number: i64, is_locked: bool) -> Result<Option<Visit>, StoreError> {
    let rows: Vec<trial_visits::Row> = if is_locked && let Connection::Postgres(connection) = connection {
        LockVisitPg { number }.load(connection)?
    } else {
        on_each!(connection, inner => VisitOf { number }.load(inner))?
    };
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let stops: Vec<trial_stops::Row> = on_each!(connection, inner => StopsOf { number }.load(inner))?;
    Ok(Some(Visit {
        number: row.visit_number,
        route: row.route,
        place: row.place,
        crew: row.crew,
        is_open: row.is_open,
        stops: stops.into_iter().map(|stop| (stop.stop_number, stop.account_number)).collect(),
    }))
}

/// Writes what changed.
pub(in crate::store) fn write(
    connection: &mut Connection,
    state: &State,
    _ids: &mut dyn Ids,
) -> Result<(), StoreError> {
    let trial = &state.rooms.trial;
    let opened = || trial.opened.iter().filter_map(|number| trial.visits.get(number));
    let visits = opened().map(|visit| trial_visits::New {
        visit_number: visit.number,
        route: &visit.route,
        place: visit.place,
        crew: &visit.crew,
        is_open: visit.is_open,
    });
    trial_visits::insert(connection, InOrder::of(visits))?;
    let stop = |visit: &Visit, (number, account): &(i64, String)| (*number, visit.number, account.clone());
    let stops: Vec<(i64, i64, String)> =
        opened().flat_map(|visit| visit.stops.iter().map(move |own| stop(visit, own))).collect();
    let stops = stops.iter().map(|(stop_number, visit_number, account_number)| trial_stops::New {
        stop_number: *stop_number,
        visit_number: *visit_number,
        account_number,
    });
    trial_stops::insert(connection, InOrder::of(stops))?;
    let closed = trial.closed.iter().filter(|number| !trial.opened.contains(number));
    let closed = closed.filter_map(|number| trial.visits.get(number)).map(|visit| closed_visits::Change {
        visit_number: visit.number,
        is_open: false,
        crew: &visit.crew,
    });
    closed_visits::make(connection, InOrder::of(closed))?;
    let places: BTreeMap<&str, i64> = opened().map(|visit| (visit.route.as_str(), visit.place)).collect();
    let moved = places.keys().map(|code| moved_routes::Change { code, last_place: trial.routes[*code] });
    moved_routes::make(connection, InOrder::of(moved))?;
    let (out, back): (Vec<&String>, Vec<&String>) =
        trial.held.iter().partition(|crew| trial.out.contains_key(*crew));
    let out = out.into_iter().map(|crew| held_claims::Change { crew, visit_number: trial.out[crew] });
    held_claims::make(connection, InOrder::of(out))?;
    for crew in back {
        on_each!(connection, inner => LetGo { crew }.execute(inner))?;
    }
    Ok(())
}
