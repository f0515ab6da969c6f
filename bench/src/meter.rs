//! What a run costs: processor time of generator, server and database, and what the database writes.

use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, sql_query, sql_types};

use crate::process;

/// What a side keeps its payments in.
#[derive(Debug, Clone)]
pub enum Database {
    /// PostgreSQL: any of the cluster's databases by its URL, and the process its others are children of.
    Postgres { url: String, postmaster: u32 },
    /// SQLite, inside the server.
    Sqlite,
}

/// What a side is made of, beside the generator.
#[derive(Debug, Clone)]
pub struct Meter {
    /// The server's process; pgbench needs none.
    pub server: Option<u32>,
    /// The database.
    pub database: Database,
}

/// Totals since the processes began, or between two readings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reading {
    /// Processor time of the generator, in seconds.
    pub generator_s: f64,
    /// Of the server.
    pub server_s: f64,
    /// Of PostgreSQL, all its processes.
    pub database_s: f64,
    /// Of the whole machine.
    pub machine_s: f64,
    /// Bytes of write-ahead log; of SQLite all that its process wrote, to the log and to the database.
    pub bytes: f64,
    /// Time on the clock.
    pub elapsed_s: f64,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = sql_types::Double)]
    number: f64,
}

impl Meter {
    /// The totals now.
    pub fn read(&self) -> anyhow::Result<Reading> {
        let (database_s, bytes) = match &self.database {
            Database::Postgres { url, postmaster } => {
                let position = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS number";
                (process::cpu_seconds(*postmaster), ask(url, position)?)
            }
            Database::Sqlite => (0.0, self.server.map_or(0.0, process::bytes_written)),
        };
        Ok(Reading {
            generator_s: process::own_cpu_seconds(),
            server_s: self.server.map_or(0.0, process::cpu_seconds),
            database_s,
            machine_s: process::machine_cpu_seconds(),
            bytes,
            elapsed_s: process::up_seconds(),
        })
    }

    /// What has been used since `before`.
    pub fn since(&self, before: Reading) -> anyhow::Result<Reading> {
        let now = self.read()?;
        Ok(Reading {
            generator_s: now.generator_s - before.generator_s,
            server_s: now.server_s - before.server_s,
            database_s: now.database_s - before.database_s,
            machine_s: now.machine_s - before.machine_s,
            bytes: now.bytes - before.bytes,
            elapsed_s: now.elapsed_s - before.elapsed_s,
        })
    }
}

/// Asks a PostgreSQL database for one number, called `number`.
pub fn ask(url: &str, query: &str) -> anyhow::Result<f64> {
    let mut connection = PgConnection::establish(url)?;
    Ok(sql_query(query).get_result::<Number>(&mut connection)?.number)
}

/// Times PostgreSQL has synced its write-ahead log. Sessions report it when they end or after a
/// while of idling, so it is asked after a pause.
pub fn wal_syncs(url: &str) -> anyhow::Result<f64> {
    ask(url, "SELECT wal_sync::float8 AS number FROM pg_stat_wal")
}
