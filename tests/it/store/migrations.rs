//! The twin migrations end with the same tables, columns and nullability, and can be undone.

use std::sync::Arc;

use diesel::connection::SimpleConnection;
use diesel::{Connection as _, QueryableByName, RunQueryDsl, SqliteConnection, sql_types};
use granary::engine::{Engine, EngineSettings};
use granary::store::StoreError;
use granary::store::base::connection::{Connection, Database};
use granary::store::base::migrations;

use super::audit::back_end::execute;
use crate::support::app::TestClock;
use crate::support::backends::{TestDatabase, for_each_backend};

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
struct Column {
    #[diesel(sql_type = sql_types::Text)]
    table_name: String,
    #[diesel(sql_type = sql_types::Text)]
    column_name: String,
    #[diesel(sql_type = sql_types::Bool)]
    is_nullable: bool,
}

const COLUMNS_PG: &str = "SELECT table_name::text AS table_name, column_name::text AS column_name, \
    is_nullable = 'YES' AS is_nullable FROM information_schema.columns \
    WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations'";

const COLUMNS_SQLITE: &str = "SELECT t.name AS table_name, c.name AS column_name, c.\"notnull\" = 0 AS is_nullable \
    FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
    WHERE t.type = 'table' AND t.name <> '__diesel_schema_migrations'";

fn columns(connection: &mut Connection) -> Vec<Column> {
    let mut columns: Vec<Column> = match connection {
        Connection::Postgres(connection) => diesel::sql_query(COLUMNS_PG).load(connection),
        Connection::Sqlite(connection) => diesel::sql_query(COLUMNS_SQLITE).load(connection),
    }
    .expect("the catalogue can be read");
    columns.sort();
    columns
}

#[test]
fn both_back_ends_end_with_the_same_tables_columns_and_nullability() {
    let Some(postgres) = TestDatabase::postgres() else { return };
    let sqlite = TestDatabase::sqlite();
    let of_sqlite = columns(&mut sqlite.reader());
    assert!(of_sqlite.len() > 50, "the catalogue of SQLite was read: {of_sqlite:?}");
    assert_eq!(columns(&mut postgres.reader()), of_sqlite);
}

#[test]
fn a_migrated_database_lacks_nothing_and_an_empty_one_is_refused() {
    for_each_backend(|database| {
        assert!(migrations::check(&mut database.reader()).is_ok());
        let again = migrations::run_pending(&mut database.writer()).expect("nothing to do is no failure");
        assert!(again.is_empty(), "{again:?} ran twice");
    });
    for empty in [Some(TestDatabase::sqlite_empty()), TestDatabase::postgres_empty()].into_iter().flatten() {
        let mut connection = empty.database.connect_or_create().expect("an empty database");
        assert!(migrations::check(&mut connection).is_err());
        assert_eq!(columns(&mut connection), Vec::new(), "looking wrote nothing");
    }
}

#[test]
fn a_database_newer_than_the_program_is_refused_and_stays_as_it_is() {
    for_each_backend(|database| {
        let later = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000001')";
        execute(&mut database.writer(), later);
        let newer = |error: StoreError| {
            let words = error.to_string();
            assert!(
                words.contains("is newer than this program") && words.contains("29991231000001"),
                "{words}"
            );
        };
        newer(migrations::check(&mut database.reader()).expect_err("it isn't known"));
        newer(migrations::run_pending(&mut database.writer()).expect_err("it isn't known"));
        let settings = EngineSettings::default();
        let started = Engine::start(&database.database, &settings, TestClock::at_noon(), Arc::new(|_| {}));
        newer(started.err().expect("no engine works on it"));
        execute(
            &mut database.writer(),
            "DELETE FROM __diesel_schema_migrations WHERE version = '20261128000001'",
        );
        newer(migrations::run_pending(&mut database.writer()).expect_err("nor is it brought up to date"));
    });
}

#[test]
fn a_file_that_is_not_granarys_is_refused_and_stays_as_it_is() {
    let notes = TestDatabase::sqlite_empty();
    let Database::Sqlite(file) = &notes.database else { unreachable!("a file") };
    let mut connection = SqliteConnection::establish(&file.to_string_lossy()).expect("a file can be created");
    connection.batch_execute("CREATE TABLE notes (text TEXT)").expect("somebody's table");
    drop(connection);
    let before = std::fs::read(file).expect("it is there");
    let settings = EngineSettings::default();
    let started = Engine::start(&notes.database, &settings, TestClock::at_noon(), Arc::new(|_| {}));
    assert!(matches!(started, Err(StoreError::NotMigrated(_))), "{:?}", started.err());
    assert!(std::fs::read(file).expect("it is there") == before, "somebody's file was written to");
}

#[test]
fn every_migration_can_be_undone() {
    for_each_backend(|database| {
        let mut connection = database.writer();
        match &mut connection {
            Connection::Postgres(connection) => connection.batch_execute(&down("postgres")),
            Connection::Sqlite(connection) => connection.batch_execute(&down("sqlite")),
        }
        .expect("the way back runs");
        assert_eq!(columns(&mut connection), Vec::new());
    });
}

/// All `down.sql` of a back end, newest first.
fn down(back_end: &str) -> String {
    let folder = format!("{}/migrations/{back_end}", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(folder).expect("the migrations are there");
    let mut folders: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    let read = |folder: &std::path::PathBuf| std::fs::read_to_string(folder.join("down.sql"));
    folders.iter().rev().map(|folder| read(folder).expect("a way back")).collect()
}
