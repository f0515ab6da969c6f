//! The utility, its dated rules and its channels as readers see them, looked up again every other
//! second. Lanes load their own, under lock, in every batch.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::error::OnStorageFailure;
use super::shutdown::Shutdown;
use super::supervisor::Heartbeat;
use crate::domain::access::Revocations;
use crate::domain::bill::policies::Policies;
use crate::domain::channel::Channel;
use crate::store::base::connection::{Connection, Database, Purpose};
use crate::store::base::files::{FirstOpened, Opened};
use crate::store::base::utility::{Utility, utility};
use crate::store::{Severity, StoreError, access, bill, channel};

const REFRESH_EVERY: Duration = Duration::from_secs(2);

/// What changes seldom.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Whose database this is.
    pub utility: Utility,
    /// The dated rules.
    pub policies: Policies,
    /// Registered channels, by code.
    pub channels: HashMap<String, Channel>,
    /// Tokens that hold no longer.
    pub revocations: Revocations,
}

impl Rules {
    /// Looks them up.
    ///
    /// # Errors
    /// Whatever the database says.
    pub fn load(connection: &mut Connection) -> Result<Self, StoreError> {
        let utility = utility(connection)?;
        let policies = bill::policies::policies(connection, utility.zone)?;
        let channels = channel::load::channels(connection)?;
        let revocations = access::read::revocations(connection)?;
        Ok(Self { utility, policies, channels, revocations })
    }
}

/// Looks them up again and again.
pub(super) struct Refresher {
    pub(super) database: Database,
    pub(super) first_opened: FirstOpened,
    pub(super) on_storage_failure: OnStorageFailure,
    pub(super) rules: Arc<RwLock<Arc<Rules>>>,
    pub(super) shutdown: Shutdown,
}

impl Refresher {
    pub(super) fn run(&self, heartbeat: &Heartbeat) {
        let mut opened = None;
        while self.shutdown.wait_in_vain(REFRESH_EVERY) && !heartbeat.is_replaced() {
            match heartbeat.work(|| self.refresh(&mut opened)) {
                Ok(fresh) => *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh),
                Err(error) => {
                    if error.severity() == Severity::Storage {
                        (self.on_storage_failure)(&error);
                    }
                    tracing::warn!(%error, "channels and rules could not be looked up again");
                    opened = None;
                }
            }
        }
    }

    fn refresh(&self, opened: &mut Option<Opened>) -> Result<Rules, StoreError> {
        let opened = match opened {
            Some(opened) => opened,
            none => none.insert(Opened::connect(&self.database, Purpose::Read, &self.first_opened)?),
        };
        opened.look_up(Rules::load)
    }
}
