//! The utility, its dated rules and its channels as readers see them, looked up again every other
//! second. Lanes load their own, under lock, in every batch.

use std::collections::HashMap;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::domain::channel::Channel;
use crate::domain::door::Revocations;
use crate::domain::state::Policies;
use crate::store::StoreError;
use crate::store::connection::{Connection, Database, Purpose};
use crate::store::read::{self, Utility};
use crate::store::read_door;

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
        let utility = read::utility(connection)?;
        let (policies, channels) = read::rules(connection, utility.zone)?;
        let revocations = read_door::revocations(connection)?;
        Ok(Self { utility, policies, channels, revocations })
    }
}

/// The thread that looks them up again.
pub(super) struct Refresher {
    stop: Mutex<Option<(Sender<()>, JoinHandle<()>)>>,
}

impl Refresher {
    pub(super) fn start(database: Database, rules: Arc<RwLock<Arc<Rules>>>) -> Self {
        let (stop, stopped) = channel();
        let thread = super::spawn("rules", move || {
            let mut connection = None;
            while stopped.recv_timeout(REFRESH_EVERY) == Err(RecvTimeoutError::Timeout) {
                match refresh(&database, &mut connection) {
                    Ok(fresh) => *rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh),
                    Err(error) => {
                        tracing::warn!(%error, "channels and rules could not be looked up again");
                        connection = None;
                    }
                }
            }
        });
        Self { stop: Mutex::new(Some((stop, thread))) }
    }

    pub(super) fn close(&self) {
        if let Some((stop, thread)) = self.stop.lock().unwrap_or_else(PoisonError::into_inner).take() {
            drop(stop);
            if thread.join().is_err() {
                tracing::error!("the thread that looks up the rules ended in a panic");
            }
        }
    }
}

fn refresh(database: &Database, connection: &mut Option<Connection>) -> Result<Rules, StoreError> {
    if connection.is_none() {
        *connection = Some(database.connect(Purpose::Read)?);
    }
    match connection {
        Some(connection) => Rules::load(connection),
        None => Err(StoreError::Connect("no connection".to_owned())),
    }
}
