//! The audit finds nothing in a ledger that was written as it should be, and finds every kind of
//! damage in one that was not.

use std::collections::BTreeSet;

use granary::store::audit::{self, Finding};
use granary::store::base::check::{self, Verdict};
use granary::store::base::connection::{Connection, Database, Purpose};

pub(super) mod back_end;
mod damage;
mod random;
mod scenario;

use back_end::{BackEnd, TestDatabase, execute};
use damage::{DAMAGES, Damage};
use scenario::Ledger;

/// How many ledgers are written by chance, and of how many batches each.
const CHANCE_SEEDS: u64 = 4;
const CHANCE_BATCHES: u64 = 80;

/// No broken invariant.
const NONE: [&str; 0] = [];

#[test]
fn a_varied_ledger_holds() {
    for back_end in back_end::available() {
        let database = written(&back_end);
        let mut connection = database.connect();
        let findings = audit::run(&mut connection).expect("an audit");
        let names: Vec<&str> = findings.iter().map(|finding| finding.invariant).collect();
        assert_eq!(names, ["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10"]);
        for finding in &findings {
            let is_visible = !["I1", "I2"].contains(&finding.invariant);
            assert_eq!(finding.verdict == Verdict::Holds, is_visible, "{finding:#?}");
        }
    }
}

#[test]
fn ledgers_written_by_chance_hold() {
    for back_end in back_end::available() {
        for seed in 0..CHANCE_SEEDS {
            let database = back_end.create();
            let mut ledger = Ledger::new(database.connect());
            if seed % 2 == 1 {
                execute(&mut ledger.connection, "UPDATE allocation_policies SET first_part = 'PRINCIPAL'");
            }
            random::write(&mut ledger, seed, CHANCE_BATCHES);
            let findings = audit::run(&mut ledger.connection).expect("an audit");
            assert_eq!(broken(&findings), NONE, "seed {seed}: {findings:#?}");
        }
    }
}

#[test]
fn an_empty_database_holds() {
    for back_end in back_end::available() {
        let database = back_end.create();
        let mut ledger = Ledger::new(database.connect());
        assert_eq!(broken(&audit::run(&mut ledger.connection).expect("an audit")), NONE);
    }
}

#[test]
fn an_audit_reads_through_a_connection_that_cannot_write() {
    for back_end in back_end::available() {
        let BackEnd::Sqlite(folder) = &back_end else { continue };
        let file = folder.path().join("read-only");
        let database = Database::Sqlite(file);
        scenario::write_everything(&mut Ledger::new(database.connect_or_create().expect("a database")));
        let mut reader = database.connect(Purpose::Read).expect("a reader");
        assert_eq!(broken(&audit::run(&mut reader).expect("an audit")), NONE);
    }
}

#[test]
fn an_audit_sees_one_instant_beside_a_writer() {
    for back_end in back_end::available() {
        let database = written(&back_end);
        let mut writer = database.connect();
        let mut auditor = database.connect();
        execute(&mut writer, "BEGIN; DELETE FROM entries");
        assert_eq!(broken(&audit::run(&mut auditor).expect("an audit")), NONE);
        execute(&mut writer, "ROLLBACK");
    }
}

#[test]
fn every_damage_breaks_exactly_its_invariants() {
    for back_end in back_end::available() {
        let undamaged = written(&back_end);
        lay_open(&mut undamaged.connect());
        let surprises: Vec<String> =
            DAMAGES.iter().filter_map(|damage| surprise(&undamaged.copy(), damage)).collect();
        assert!(surprises.is_empty(), "{}", surprises.join("\n"));
    }
}

/// Does the damage and returns what was found, where that is not what it breaks.
fn surprise(database: &TestDatabase, damage: &Damage) -> Option<String> {
    let mut connection = database.connect();
    stand_aside(&mut connection);
    execute(&mut connection, damage.sql);
    let findings = audit::run(&mut connection).expect(damage.sql);
    let rows: Vec<&String> = findings.iter().flat_map(rows_of).collect();
    let is_said = rows.iter().any(|row| row.starts_with(damage.words));
    let found = broken(&findings);
    (!is_said || found != damage.breaks).then(|| {
        format!(
            "{}\n  must be {:?} with {:?}, is {found:?}: {rows:#?}",
            damage.sql, damage.breaks, damage.words
        )
    })
}

#[test]
fn every_check_has_a_damage_that_it_finds() {
    let checks: BTreeSet<&str> = audit::checks().map(|(_, words)| words).collect();
    let damaged: BTreeSet<&str> = DAMAGES.iter().map(|damage| damage.words).collect();
    assert_eq!(checks, damaged);
}

#[test]
fn many_differences_are_counted_and_the_first_shown_in_yuan() {
    for back_end in back_end::available() {
        let database = written(&back_end);
        let mut connection = database.connect();
        execute(&mut connection, "DELETE FROM entries");
        let findings = audit::run(&mut connection).expect("an audit");
        let ledger = findings.iter().find(|finding| finding.invariant == "I4").expect("a finding");
        let Verdict::Broken { count, rows } = &ledger.verdict else { panic!("{ledger:#?}") };
        assert_eq!(rows.len(), check::ROWS_SHOWN_MAX);
        assert!(*count > rows.len() as u64, "{count}");
        let clearing = "clearing that is not payments less reversals: channel WALLET: 0.00, not 78.00";
        assert!(rows.iter().any(|row| row == clearing), "{rows:#?}");
    }
}

fn written(back_end: &BackEnd) -> TestDatabase<'_> {
    let database = back_end.create();
    scenario::write_everything(&mut Ledger::new(database.connect()));
    database
}

/// Takes away the constraints that would keep the damage out.
fn lay_open(connection: &mut Connection) {
    if let Connection::Postgres(_) = connection {
        execute(
            connection,
            "DO $$ DECLARE c record; BEGIN FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint \
             WHERE contype IN ('c', 'f', 'u') AND connamespace = 'public'::regnamespace \
             LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname); END LOOP; END $$",
        );
    } else {
        execute(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
    }
}

/// The same for constraints that SQLite lets a connection ignore.
fn stand_aside(connection: &mut Connection) {
    if let Connection::Sqlite(_) = connection {
        execute(connection, "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON");
    }
}

fn broken(findings: &[Finding]) -> Vec<&'static str> {
    let is_broken = |finding: &&Finding| matches!(finding.verdict, Verdict::Broken { .. });
    findings.iter().filter(is_broken).map(|finding| finding.invariant).collect()
}

fn rows_of(finding: &Finding) -> &[String] {
    match &finding.verdict {
        Verdict::Broken { rows, .. } => rows,
        Verdict::Holds | Verdict::NotVisible { .. } => &[],
    }
}
