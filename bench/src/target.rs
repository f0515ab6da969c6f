//! A database that is being filled with rows by the million: what is different of the two back ends.

use anyhow::Context;
use diesel::connection::SimpleConnection;
use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query, sql_types,
};

/// A database that is being filled.
pub enum Target {
    /// PostgreSQL.
    Postgres(PgConnection),
    /// SQLite.
    Sqlite(SqliteConnection),
}

/// A statement that drops an index, and the one that makes it again.
#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = sql_types::Text)]
    taken: String,
    #[diesel(sql_type = sql_types::Text)]
    made: String,
}

/// None of these tables is referred to by another, so the order doesn't matter.
const INDEXES: &str = "
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS taken,
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS made
    FROM pg_constraint WHERE contype IN ('f', 'p') AND conrelid IN ('bills'::regclass, 'idempotency_keys'::regclass,
      'payments'::regclass, 'entries'::regclass)
    UNION ALL
    SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    FROM pg_index WHERE NOT indisprimary AND indrelid IN ('bills'::regclass, 'idempotency_keys'::regclass,
      'payments'::regclass, 'entries'::regclass)";

impl Target {
    /// Opens a migrated database by its URL, for filling alone: what is written here needs no crash to
    /// be survived.
    pub fn open(url: &str) -> anyhow::Result<Self> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            let mut connection = SqliteConnection::establish(path)?;
            connection.batch_execute(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -800000; \
                 PRAGMA temp_store = MEMORY; PRAGMA locking_mode = EXCLUSIVE",
            )?;
            return Ok(Self::Sqlite(connection));
        }
        let mut connection = PgConnection::establish(url)?;
        connection.batch_execute(
            "SET synchronous_commit = off; SET work_mem = '256MB'; SET maintenance_work_mem = '256MB'",
        )?;
        Ok(Self::Postgres(connection))
    }

    /// Runs statements.
    pub fn execute(&mut self, sql: &str) -> anyhow::Result<()> {
        let done = match self {
            Self::Postgres(connection) => connection.batch_execute(sql),
            Self::Sqlite(connection) => connection.batch_execute(sql),
        };
        done.with_context(|| sql.chars().take(300).collect::<String>())
    }

    /// Runs statements in one transaction.
    pub fn together(&mut self, statements: &[String]) -> anyhow::Result<()> {
        self.execute(&format!("BEGIN; {}; COMMIT", statements.join("; ")))
    }

    /// Drops the indexes of what history is written into, since sorting once is cheaper than keeping
    /// them sorted, and returns what makes them again. SQLite's tables are sorted by themselves.
    pub fn take_indexes(&mut self) -> anyhow::Result<Vec<String>> {
        let Self::Postgres(connection) = self else { return Ok(Vec::new()) };
        let indexes: Vec<Index> = sql_query(INDEXES).load(connection)?;
        for Index { taken, .. } in &indexes {
            connection.batch_execute(taken)?;
        }
        Ok(indexes.into_iter().map(|index| index.made).collect())
    }

    /// Brings statistics up to date where the back end keeps any; granary never makes SQLite's.
    pub fn tidy(&mut self, tables: &str) -> anyhow::Result<()> {
        match self {
            Self::Postgres(_) => {
                tables.split(' ').try_for_each(|table| self.execute(&format!("VACUUM (ANALYZE) {table}")))
            }
            Self::Sqlite(_) => Ok(()),
        }
    }
}
