//! Bringing a database to the version of this program. Twin migrations, same names on both back ends.

use diesel::migration::MigrationSource;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::super::StoreError;
use super::connection::{Connection, on_each};
use super::look_up::LookUp;
use super::statement::statement;

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Runs what is pending and returns its names.
///
/// # Errors
/// A migration that fails is rolled back and named.
pub fn run_pending(connection: &mut Connection) -> Result<Vec<String>, StoreError> {
    let run = match connection {
        Connection::Postgres(connection) => connection.run_pending_migrations(POSTGRES),
        Connection::Sqlite(connection) => connection.run_pending_migrations(SQLITE),
    };
    let versions = run.map_err(|error| StoreError::NotMigrated(format!("migration failed: {error}")))?;
    Ok(versions.iter().map(ToString::to_string).collect())
}

/// The versions that are not yet applied, looking without writing.
#[derive(Debug, Clone, Copy)]
pub struct PendingMigrations;

impl LookUp for PendingMigrations {
    type Found = Vec<String>;

    fn run(&mut self, connection: &mut Connection) -> Result<Vec<String>, StoreError> {
        pending(connection)
    }
}

/// The versions that are not yet applied, looking without writing.
///
/// # Errors
/// Whatever the database says.
pub fn pending(connection: &mut Connection) -> Result<Vec<String>, StoreError> {
    let source_versions = match connection {
        Connection::Postgres(_) => versions::<diesel::pg::Pg>(&POSTGRES)?,
        Connection::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&SQLITE)?,
    };
    let applied = applied_versions(connection)?;
    Ok(source_versions.into_iter().filter(|version| !applied.contains(version)).collect())
}

/// Fails unless the database is at the version of this program.
///
/// # Errors
/// [`StoreError::NotMigrated`] with what to do.
pub fn check(connection: &mut Connection) -> Result<(), StoreError> {
    match pending(connection)?.as_slice() {
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
    both "SELECT version FROM __diesel_schema_migrations"
}

/// Empty where the table of migrations isn't there yet.
fn applied_versions(connection: &mut Connection) -> Result<Vec<String>, StoreError> {
    use diesel::RunQueryDsl;
    if !super::utility::has_table(connection, "__diesel_schema_migrations")? {
        return Ok(Vec::new());
    }
    Ok(on_each!(connection, inner => AppliedVersions {}.load(inner))?)
}
