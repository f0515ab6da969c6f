//! Bringing a database to the version of this program, which never works on another. Twin migrations, same names on both
//! back ends.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::migration::{MigrationSource, MigrationVersion};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::super::StoreError;
use super::connection::{Connection, Database, on_each};
use super::look_up::LookUp;
use super::statement::statement;

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Whoever migrates waits so long for others who do.
const TURN_WITHIN: Duration = Duration::from_secs(600);
/// How often it is tried again where a file's lock can't be waited for.
const TRY_EVERY: Duration = Duration::from_millis(50);

/// Migrations run in one session at a time: the lock is the session's, and its key spells "granary".
const PG_WAIT: &str = "SET statement_timeout = 0; SET lock_timeout = '600s'";
const PG_TAKE_TURN: &str = "SELECT pg_advisory_lock(29117685390471801)";
const PG_WORK: &str = "SET lock_timeout = '5s'";
const PG_END_TURN: &str = "SET statement_timeout = '8s'; SELECT pg_advisory_unlock(29117685390471801)";

/// The versions of a database beside those of this program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Versions {
    /// Not yet applied.
    pub pending: Vec<String>,
    /// Applied, but not known here: by a program that is newer than this one.
    pub unknown: Vec<String>,
}

impl Versions {
    /// Compares them, looking without writing.
    ///
    /// # Errors
    /// Whatever the database says.
    pub fn of(connection: &mut Connection) -> Result<Self, StoreError> {
        let known = match connection {
            Connection::Postgres(_) => versions::<diesel::pg::Pg>(&POSTGRES)?,
            Connection::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&SQLITE)?,
        };
        let applied = applied_versions(connection)?;
        let without = |versions: &[String], others: &[String]| {
            versions.iter().filter(|version| !others.contains(version)).cloned().collect()
        };
        Ok(Self { pending: without(&known, &applied), unknown: without(&applied, &known) })
    }

    fn check_known(&self) -> Result<(), StoreError> {
        match self.unknown.as_slice() {
            [] => Ok(()),
            unknown => Err(StoreError::NotMigrated(format!(
                "the database is newer than this program, which doesn't know {} of its migrations, from {} on; \
                 use a program of the database's version",
                unknown.len(),
                unknown[0]
            ))),
        }
    }
}

/// Looks at [`Versions`].
#[derive(Debug, Clone, Copy)]
pub struct CompareVersions;

impl LookUp for CompareVersions {
    type Found = Versions;

    fn run(&mut self, connection: &mut Connection) -> Result<Versions, StoreError> {
        Versions::of(connection)
    }
}

/// Brings a database to the version of this program, creating a SQLite file that isn't there; returns the versions
/// applied. Who comes while another does the same waits for it, and finds nothing left to do.
///
/// # Errors
/// Those of [`run_pending`]; no right to create the file, no such server.
pub fn migrate(database: &Database) -> Result<Vec<String>, StoreError> {
    let begun = Instant::now();
    loop {
        match database.connect_or_create().and_then(|mut connection| run_pending(&mut connection)) {
            // SQLite doesn't always wait for a lock: not where two would change the same new file's journal.
            Err(error) if error.is_locked() && begun.elapsed() < TURN_WITHIN => std::thread::sleep(TRY_EVERY),
            result => return result,
        }
    }
}

/// Runs what is pending, one session at a time, and returns its versions.
///
/// # Errors
/// A migration that fails is rolled back and named. A database that is newer than this program is left as it is.
pub fn run_pending(connection: &mut Connection) -> Result<Vec<String>, StoreError> {
    Versions::of(connection)?.check_known()?;
    let applied = match connection {
        Connection::Postgres(connection) => {
            for statement in [PG_WAIT, PG_TAKE_TURN, PG_WORK] {
                connection.batch_execute(statement)?;
            }
            let applied = names(connection.run_pending_migrations(POSTGRES));
            connection.batch_execute(PG_END_TURN)?;
            applied
        }
        Connection::Sqlite(connection) => {
            connection.immediate_transaction(|connection| names(connection.run_pending_migrations(SQLITE)))
        }
    }?;
    // While this one waited, a newer program may have had its turn.
    Versions::of(connection)?.check_known()?;
    Ok(applied)
}

fn names(run: diesel::migration::Result<Vec<MigrationVersion<'_>>>) -> Result<Vec<String>, StoreError> {
    let versions = run.map_err(|error| StoreError::NotMigrated(format!("migration failed: {error}")))?;
    Ok(versions.iter().map(ToString::to_string).collect())
}

/// Fails unless the database is at the version of this program.
///
/// # Errors
/// [`StoreError::NotMigrated`] with what to do.
pub fn check(connection: &mut Connection) -> Result<(), StoreError> {
    let versions = Versions::of(connection)?;
    versions.check_known()?;
    match versions.pending.as_slice() {
        [] => Ok(()),
        pending => Err(StoreError::NotMigrated(format!(
            "the database lacks {} migration(s), from {} on; run `granary migrate`",
            pending.len(),
            pending[0]
        ))),
    }
}

fn versions<DB: diesel::backend::Backend>(
    source: &impl MigrationSource<DB>,
) -> Result<Vec<String>, StoreError> {
    let migrations =
        source.migrations().map_err(|error| StoreError::NotMigrated(format!("migrations: {error}")))?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}

statement! {
    struct AppliedVersions -> (Text)
    both "SELECT version FROM __diesel_schema_migrations ORDER BY version"
}

/// Empty where the table of migrations isn't there yet.
fn applied_versions(connection: &mut Connection) -> Result<Vec<String>, StoreError> {
    use diesel::RunQueryDsl;
    if !super::utility::has_table(connection, "__diesel_schema_migrations")? {
        return Ok(Vec::new());
    }
    Ok(on_each!(connection, inner => AppliedVersions {}.load(inner))?)
}
