//! What can be asked of the database: of the readers that everybody shares, or of a snapshot.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::error::EngineError;
use super::priority::Priority;
use super::reader::{ByKeys, Job, Reply, engine_error, is_storage_failure};
use super::readers::Readers;
use super::snapshot::Snapshot;
use crate::domain::bill::BilledAccount;
use crate::store::base::look_up::LookUp;
use crate::store::bill::read::Bills;

/// How long a caller waits.
const DEADLINE: Duration = Duration::from_secs(10);

/// Accounts by number, each of one instant.
pub type Accounts = HashMap<String, Arc<BilledAccount>>;

/// Who answers look-ups.
pub struct LookUps(Answering);

enum Answering {
    Readers(Readers, Priority),
    Snapshot(Snapshot),
}

impl LookUps {
    pub(super) fn of_readers(readers: Readers, priority: Priority) -> Self {
        Self(Answering::Readers(readers, priority))
    }

    pub(super) fn of_snapshot(snapshot: Snapshot) -> Self {
        Self(Answering::Snapshot(snapshot))
    }

    /// Looks up accounts, combined with whatever other look-ups are waiting.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub async fn accounts(&self, numbers: Vec<String>) -> Result<Accounts, EngineError> {
        Box::pin(self.ask(|reply| Job::Accounts(ByKeys { keys: numbers, reply }))).await
    }

    /// Looks up bills by account number and bill number, combined with whatever other look-ups are
    /// waiting.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub async fn bills(&self, keys: Vec<(String, String)>) -> Result<Bills, EngineError> {
        Box::pin(self.ask(|reply| Job::Bills(ByKeys { keys, reply }))).await
    }

    /// Runs any other look-up.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub async fn look_up<L: LookUp>(&self, look_up: L) -> Result<L::Found, EngineError> {
        Box::pin(self.ask(|reply| other(look_up, reply))).await
    }

    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, EngineError> {
        let (reply, answered) = oneshot::channel();
        match &self.0 {
            Answering::Readers(readers, priority) => readers.push(*priority, job(reply))?,
            Answering::Snapshot(snapshot) => snapshot.push(job(reply))?,
        }
        match timeout(DEADLINE, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(EngineError::Busy),
        }
    }
}

fn other<L: LookUp>(mut look_up: L, reply: Reply<L::Found>) -> Job {
    let mut reply = Some(reply);
    Job::Other(Box::new(move |opened, is_last_try| {
        let result = match opened.look_up(|connection| look_up.run(connection)) {
            Err(error) if !is_last_try || is_storage_failure(&error) => return Err(error),
            result => result,
        };
        if let Some(reply) = reply.take() {
            let _nobody_waits_any_more = reply.send(result.map_err(|error| engine_error(&error)));
        }
        Ok(())
    }))
}
