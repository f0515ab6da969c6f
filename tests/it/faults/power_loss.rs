//! F3: the power is cut under SQLite, and again while it recovers. Whatever of the unsynced writes is gone,
//! torn or out of order, what was told is still so, and the books are right. Without syncs the same search
//! finds losses: so it can find them.
//!
//! `GRANARY_FAULT_RUNS=n` plays n seeds instead of one, `GRANARY_FAULT_SEED=s` begins with seed s instead of 1.

use crash_vfs::crash::Damage;
use crash_vfs::journal::Operation;

mod recovery;
mod scenario;
mod search;
mod writer;

use recovery::Loss;
use search::{Crash, Failure, Found, Search};
use writer::Durability;

use super::row::{self, SQLITE, Trial, runs};
use crate::processes::alone;
use crate::processes::proof::Judgement;

const SEED_DEFAULT: u64 = 1;

#[test]
fn what_was_acknowledged_survives_a_power_cut_at_every_operation() {
    let _alone = alone();
    let first = row::seed().unwrap_or(SEED_DEFAULT);
    let what = "power cut at every operation, what isn't synced dropped, scattered or torn";
    let mut trial = Trial::begin_with(first, "F3", what, SQLITE);
    let (mut operations, mut second_crashes, mut retold) = (0, 0, 0);
    for seed in (first..).take(runs(1)) {
        let steps = scenario::steps(seed);
        let commands = scenario::commands(&steps);
        let history = scenario::record(&steps, Durability::Full);
        let found = Search::new(&history, &commands, seed).everywhere();
        operations += history.operations.len();
        second_crashes += found.second_crashes;
        retold += found.retold;
        trial.made_times(found.images);
        trial.counted(history.told.len(), 0, 0);
        let replay = format!("replay: GRANARY_FAULT_SEED={seed} cargo test --test it power_loss");
        let lost = found.failures.iter().map(|failure| format!("{failure}\n{replay}")).collect();
        trial.judged(&Judgement { lost, ..Judgement::default() });
    }
    trial.note(format!(
        "{operations} operations, {second_crashes} second crashes in a recovery, {retold} answers compared"
    ));
    trial.end();
}

#[test]
fn what_is_recorded_holds_checkpoints_and_a_log_that_starts_over() {
    let _alone = alone();
    let steps = scenario::steps(SEED_DEFAULT);
    let history = scenario::record(&steps, Durability::Full);
    let count = |is_wanted: fn(&Operation) -> bool| {
        history.operations.iter().filter(|operation| is_wanted(operation)).count()
    };
    let checkpoints = count(|op| !is_of_log(op) && matches!(op, Operation::Sync { .. }));
    let new_logs = count(|op| is_of_log(op) && matches!(op, Operation::Write { offset: 0, .. }));
    let emptied_logs = count(|op| is_of_log(op) && matches!(op, Operation::Truncate { len: 0, .. }));
    let deleted_logs = count(|op| is_of_log(op) && matches!(op, Operation::Delete { .. }));
    assert_eq!((checkpoints, new_logs), (3, 3), "two in the midst, and at the end and the start");
    assert_eq!((emptied_logs, deleted_logs), (1, 1));
    assert_eq!(history.told.len(), scenario::commands(&steps).len());
}

fn is_of_log(operation: &Operation) -> bool {
    operation.file().ends_with("-wal")
}

#[test]
fn without_syncs_the_same_search_finds_losses() {
    let _alone = alone();
    let found = crashes_after_answers(Durability::Off, &[Damage::Dropped, Damage::Scattered, Damage::Torn]);
    let lost = found.failures.iter().filter(|failure| is_lost(failure)).count();
    println!(
        "power loss without syncs: {} images, {lost} lose what was told, {} are broken",
        found.images,
        found.failures.len() - lost
    );
    assert!(lost > 0, "a search that finds nothing without syncs proves nothing with them");
}

/// SQLite promises no more of `synchronous = NORMAL`; that it keeps this promise shows that the damage done
/// here is none that no disk does.
#[test]
fn with_syncs_at_checkpoints_alone_payments_are_lost_but_the_books_are_right() {
    let _alone = alone();
    let found =
        crashes_after_answers(Durability::Normal, &[Damage::Dropped, Damage::Scattered, Damage::Torn]);
    assert!(!found.failures.is_empty(), "nothing is lost");
    let broken = found.failures.iter().find(|failure| !is_lost(failure));
    assert!(broken.is_none(), "{}", broken.map(ToString::to_string).unwrap_or_default());
}

/// Which is why killing a process says nothing of durability.
#[test]
fn without_syncs_nothing_is_lost_when_only_the_process_dies() {
    let _alone = alone();
    let found = crashes_after_answers(Durability::Off, &[Damage::Kept]);
    assert!(found.images > 0);
    assert!(found.failures.is_empty(), "{}", found.failures[0]);
}

fn is_lost(failure: &Failure) -> bool {
    matches!(failure.loss, Loss::Told(_))
}

/// Crashes right after each batch was answered by a lane that doesn't wait for the disk.
fn crashes_after_answers(durability: Durability, damages: &[Damage]) -> Found {
    let seed = row::seed().unwrap_or(SEED_DEFAULT);
    let steps = scenario::steps(seed);
    let commands = scenario::commands(&steps);
    let history = scenario::record(&steps, durability);
    let mut moments: Vec<usize> = history.told.iter().map(|told| told.after).collect();
    moments.dedup();
    let at = |after| damages.iter().map(move |&damage| Crash { after, damage });
    let crashes: Vec<Crash> = moments.into_iter().flat_map(at).collect();
    Search::new(&history, &commands, seed).at(&crashes)
}
