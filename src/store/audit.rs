//! The audit: whether what must always hold does hold, re-derived from the rows alone. It reads one
//! unchanging view of the whole database, so it is safe beside running servers; it never writes,
//! and its memory doesn't grow with the database.

use diesel::connection::SimpleConnection;

use super::base::check::{Check, Tally, Verdict};
use super::base::connection::{Connection, begin_snapshot, rollback};
use super::rooms::ROOMS;
use super::{StoreError, bill, key};

/// What became of one invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its name, `I1` to `I10`.
    pub invariant: &'static str,
    /// What it says of a database, in one sentence.
    pub claim: &'static str,
    /// Whether that is so.
    pub verdict: Verdict,
}

/// An invariant and what an audit claims of it; or why it can claim nothing.
struct Invariant {
    name: &'static str,
    claim: &'static str,
    not_visible: Option<&'static str>,
}

const fn visible(name: &'static str, claim: &'static str) -> Invariant {
    Invariant { name, claim, not_visible: None }
}

const INVARIANTS: [Invariant; 10] = [
    Invariant {
        name: "I1",
        claim: "Every acknowledged payment is there exactly once.",
        not_visible: Some("Only the channels know what was acknowledged; the fault tests compare it."),
    },
    Invariant {
        name: "I2",
        claim: "Nothing is there that nobody sent.",
        not_visible: Some("Only the channels know what they sent; the fault tests compare it."),
    },
    visible("I3", "No key was posted twice, and the parts of each payment add up to its amount."),
    visible("I4", "The ledger agrees with channels, bills, payments and reversals."),
    visible("I5", "What is paid on each bill equals its entries, and its status and its account follow."),
    visible(
        "I6",
        "Advance and suspense equal their entries and are not negative unless a shortfall is recorded.",
    ),
    visible("I7", "Every key has exactly one outcome, which agrees with what was asked under it."),
    visible("I8", "The stored totals of channels equal a recount."),
    visible(
        "I9",
        "The sequence of each account has no gap; that readers see it in order is checked by tests.",
    ),
    visible("I10", "A refused request left nothing but its refusal, and no row stands alone."),
];

/// Every check, as (invariant, what it looks for); the words open each row of a finding.
pub fn checks() -> impl Iterator<Item = (&'static str, &'static str)> {
    let folds = bill::audit::WORDS.iter().map(|words| ("I5", *words)).chain([("I7", key::UNREADABLE)]);
    queries().map(|check| (check.invariant, check.words)).chain(folds)
}

fn queries() -> impl Iterator<Item = &'static Check> {
    ROOMS.iter().flat_map(|room| room.checks)
}

/// Checks every invariant and returns one finding for each, I1 to I10.
///
/// # Errors
/// Whatever the database says. A row that breaks the rules is a finding, not an error.
pub fn run(connection: &mut Connection) -> Result<Vec<Finding>, StoreError> {
    set_temp_store(connection, "FILE")?;
    begin_snapshot(connection)?;
    let findings = look(connection);
    let closed = rollback(connection).and_then(|()| set_temp_store(connection, "MEMORY"));
    let findings = findings?;
    closed.map(|()| findings)
}

/// Sorting millions of rows must go to disk; SQLite's other connections keep small sorts in memory.
fn set_temp_store(connection: &mut Connection, place: &str) -> Result<(), StoreError> {
    match connection {
        Connection::Postgres(_) => {}
        Connection::Sqlite(connection) => {
            connection.batch_execute(&format!("PRAGMA temp_store = {place}"))?
        }
    }
    Ok(())
}

fn look(connection: &mut Connection) -> Result<Vec<Finding>, StoreError> {
    let mut tallies: [Tally; INVARIANTS.len()] = Default::default();
    for check in queries() {
        check.run(connection, &mut tallies[place_of(check.invariant)])?;
    }
    bill::audit::fold(connection, &mut tallies[place_of("I5")])?;
    key::read_all(connection, &mut tallies[place_of("I7")])?;
    let finding = |(invariant, tally): (&Invariant, Tally)| Finding {
        invariant: invariant.name,
        claim: invariant.claim,
        verdict: match invariant.not_visible {
            Some(why) => Verdict::NotVisible { why },
            None => tally.into_verdict(),
        },
    };
    Ok(INVARIANTS.iter().zip(tallies).map(finding).collect())
}

fn place_of(name: &str) -> usize {
    INVARIANTS.iter().position(|invariant| invariant.name == name).expect("a check names its invariant")
}
