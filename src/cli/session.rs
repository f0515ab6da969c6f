//! An engine as the command line uses it: commands in, answers out, one list after the other.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::runtime::Runtime;

use super::config::Configuration;
use super::output::complain;
use super::system::SystemClock;
use crate::domain::book::Asked;
use crate::engine::{Engine, EngineError, Priority};
use crate::store::StoreError;
use crate::store::base::connection::Database;

/// Times a list is sent while the database is busy.
const ATTEMPTS_MAX: u32 = 10;
/// Pause before the second time; it doubles, up to the longest.
const PAUSE_MS: u64 = 100;
const PAUSE_MS_MAX: u64 = 3_000;

/// A running engine with what it takes to wait for it.
pub(super) struct Session {
    engine: Arc<Engine>,
    runtime: Runtime,
}

/// Starts an engine on a database that is migrated.
pub(super) fn start_engine(
    configuration: &Configuration,
    database: &Database,
) -> anyhow::Result<Arc<Engine>> {
    Ok(engine_start(configuration, database)?()?)
}

/// What starts an engine, and may be tried again where it can't.
pub(super) fn engine_start(
    configuration: &Configuration,
    database: &Database,
) -> anyhow::Result<impl Fn() -> Result<Arc<Engine>, StoreError> + Send + 'static> {
    let settings = configuration.engine_settings()?;
    let place = match database {
        Database::Postgres(_) => "PostgreSQL".to_owned(),
        Database::Sqlite(path) => path.display().to_string(),
    };
    let database = database.clone();
    let stop = Arc::new(move |error: &StoreError| stop_process(&place, error));
    Ok(move || Engine::start(&database, &settings, Arc::new(SystemClock), stop.clone()).map(Arc::new))
}

/// After a failed write nobody knows what is on the disk, so nothing may be tried again from here; and what is written
/// to a file without a name is nowhere.
fn stop_process(place: &str, error: &StoreError) {
    if let StoreError::Replaced(what) = error {
        complain(&format!(
            "{what}. The process stops at once; nothing was acknowledged after that was found. What was acknowledged \
             before is in the file that was there, together with its -wal: put that one back if it still has a name \
             somewhere. If another is to take its place, first move the old file's -wal away, which doesn't belong to \
             the new one; if the old file is gone, restore the last backup. Start again, run `granary audit`, and have \
             clients send again, under the same keys, what that file lacks."
        ));
        std::process::exit(1);
    }
    complain(&format!(
        "the storage under {place} failed ({error}). The process stops at once: what was acknowledged is \
         safe, and clients send the rest again under the same keys. Look at the disk and the system's log, \
         copy the database and its -wal file to a sound disk if need be, start again, then run `granary audit`."
    ));
    std::process::exit(1);
}

impl Session {
    /// Starts an engine of its own.
    pub(super) fn start(configuration: &Configuration, database: &Database) -> anyhow::Result<Self> {
        Self::on(start_engine(configuration, database)?)
    }

    /// Uses an engine that is running.
    pub(super) fn on(engine: Arc<Engine>) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        Ok(Self { engine, runtime: runtime.context("no thread to wait on")? })
    }

    /// The engine, for look-ups.
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Waits for a look-up, asking again for a while if the database is busy.
    pub(super) fn wait<T, F>(&self, ask: impl Fn() -> F) -> anyhow::Result<T>
    where
        F: Future<Output = Result<T, EngineError>>,
    {
        self.runtime.block_on(async {
            for attempt in 0..ATTEMPTS_MAX {
                match ask().await {
                    Ok(answer) => return Ok(answer),
                    Err(EngineError::Busy | EngineError::Timeout) => tokio::time::sleep(pause(attempt)).await,
                    Err(EngineError::Internal) => {
                        bail!("the database holds something unexpected; the lines above say what")
                    }
                }
            }
            bail!("the database is busy or out of reach; it was tried {ATTEMPTS_MAX} times")
        })
    }

    /// Has a list of commands decided and made durable. Each may be sent again without harm.
    pub(super) fn submit_all<C: Asked + Clone>(&self, commands: &[C]) -> anyhow::Result<Vec<C::Answer>> {
        self.wait(|| self.engine.submit_all(Priority::Normal, commands.to_vec()))
    }

    /// Has one command decided and made durable.
    pub(super) fn submit<C: Asked + Clone>(&self, command: C) -> anyhow::Result<C::Answer> {
        let mut answers = self.submit_all(&[command])?;
        answers.pop().context("no answer")
    }
}

fn pause(attempt: u32) -> Duration {
    Duration::from_millis((PAUSE_MS << attempt.min(16)).min(PAUSE_MS_MAX))
}
