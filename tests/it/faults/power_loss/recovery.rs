//! What granary makes of the files a crash left: they are opened, everything is asked again, and what had
//! been told must still be true.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use granary::domain::base::line::LineOutcome;
use granary::domain::book::{Answer, Command};
use granary::domain::channel::ChannelChange;
use granary::domain::keyed::Answered;
use granary::domain::payment::Payment;
use granary::engine::lane::{Faults, Lane, LaneSettings, Point};
use granary::store::base::check::Verdict;
use granary::store::base::connection::{Connection, Database, Purpose};
use granary::store::base::files::FirstOpened;
use granary::store::{StoreError, audit};

use super::scenario::{Batch, Told};

/// Commands in one batch; more batches make more operations to crash at.
const BATCH_LEN: usize = 20;
/// Everything is asked again an hour later.
const LATER_MS: i64 = 3_600_000;

/// What a crash must not lead to.
#[derive(Debug)]
pub enum Loss {
    /// Something told is no longer so.
    Told(String),
    /// The database can't be opened, doesn't answer, or breaks an invariant.
    Database(String),
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told(words) => write!(f, "what was told is lost: {words}"),
            Self::Database(words) => write!(f, "the database is broken: {words}"),
        }
    }
}

/// Opens the database, asks all commands again in their order and returns what is told now.
/// `operation_count` says how many operations have been made on its files.
///
/// # Errors
/// What was told before is not told again, there is no definite answer, or the audit finds something.
pub fn recover(
    database: &Database,
    commands: &Batch,
    told: &[Told],
    operation_count: impl Fn() -> usize,
) -> Result<Vec<Told>, Loss> {
    let mut reader = database.connect(Purpose::Read).map_err(broken)?;
    check_audit(&mut reader)?;
    let mut lane = lane_without_pauses(database);
    let mut again: Vec<Told> = Vec::new();
    for batch in commands.chunks(BATCH_LEN) {
        let later = batch.iter().map(|(at_ms, command)| (at_ms + LATER_MS, command.clone()));
        let answers = lane.settle(later.collect());
        let after = operation_count();
        for answer in answers {
            let answer = answer.map_err(|error| Loss::Database(format!("no definite answer: {error}")))?;
            again.push(Told { after, place: again.len(), answer });
        }
    }
    for told in told {
        check_told_again(&commands[told.place].1, &told.answer, &again[told.place].answer)?;
    }
    check_audit(&mut reader)?;
    // The lane's connection is the last one, so that closing it checkpoints and deletes the log.
    drop(reader);
    drop(lane);
    Ok(again)
}

fn check_audit(connection: &mut Connection) -> Result<(), Loss> {
    for finding in audit::run(connection).map_err(broken)? {
        if let Verdict::Broken { .. } = finding.verdict {
            return Err(Loss::Database(format!("{finding:?}")));
        }
    }
    Ok(())
}

fn check_told_again(command: &Command, first: &Answer, again: &Answer) -> Result<(), Loss> {
    let expected = retold(command, without_reversal(first));
    let found = without_reversal(again);
    match found == expected {
        true => Ok(()),
        false => Err(Loss::Told(format!("{command:?}\nexpected: {expected:?}\nfound: {found:?}"))),
    }
}

/// A payment is never changed; only its reversal may have come since.
fn without_reversal(answer: &Answer) -> Answer {
    match answer.clone() {
        Answer::PostPayment(Answered::Settled { outcome: Ok(payment), replayed }) => {
            let payment = Box::new(Payment { reversal: None, ..*payment });
            Answer::PostPayment(Answered::Settled { outcome: Ok(payment), replayed })
        }
        answer => answer,
    }
}

/// The answer to a command that was answered so before. An account is saved again each time.
fn retold(command: &Command, first: Answer) -> Answer {
    match (command, first) {
        (_, Answer::PostPayment(Answered::Settled { outcome, .. })) => {
            Answer::PostPayment(Answered::Settled { outcome, replayed: true })
        }
        (_, Answer::ReversePayment(Answered::Settled { outcome, .. })) => {
            Answer::ReversePayment(Answered::Settled { outcome, replayed: true })
        }
        (Command::IssueBill(_), Answer::IssueBill(LineOutcome::Saved)) => {
            Answer::IssueBill(LineOutcome::Unchanged)
        }
        (Command::ChannelChange(ChannelChange::Add(_)), Answer::ChannelChange(LineOutcome::Saved)) => {
            Answer::ChannelChange(LineOutcome::Unchanged)
        }
        (_, answer) => answer,
    }
}

fn broken(error: StoreError) -> Loss {
    Loss::Database(error.to_string())
}

/// Tries again at once; a failed storage shows in the answers.
struct NoPauses;

impl Faults for NoPauses {
    fn at(&mut self, _: Point) -> Result<(), StoreError> {
        Ok(())
    }

    fn pause(&mut self, _: Duration) {}
}

fn lane_without_pauses(database: &Database) -> Lane {
    Lane::new(LaneSettings {
        database: database.clone(),
        first_opened: FirstOpened::default(),
        zone: chrono_tz::Asia::Shanghai,
        seed: 1,
        on_storage_failure: Arc::new(|_| {}),
        faults: Box::new(NoPauses),
    })
}
