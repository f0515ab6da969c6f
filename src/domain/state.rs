//! What a batch of commands is decided on, and what has changed since it was loaded.

use std::collections::HashMap;

use super::access::AccessChange;
use super::account::AccountChanges;
use super::base::keys::Keys;
use super::base::ledger::Entry;
use super::bill::policies::Policies;
use super::bill::{AccountState, BillChanges};
use super::channel::{Channel, ChannelChanges};
use super::exception::Exception;
use super::payment::PaymentChanges;
use super::rooms::rooms;

/// Everything that the commands of one batch can see.
#[derive(Debug)]
pub struct State {
    /// The utility's rules.
    pub policies: Policies,
    /// Registered channels.
    pub channels: HashMap<String, Channel>,
    /// The accounts that the batch names and that exist.
    pub accounts: HashMap<String, AccountState>,
    /// What else rooms know.
    pub rooms: Rooms,
    /// The keys that the batch names; one that is missing is free.
    pub keys: Keys,
    /// What has changed since the state was loaded.
    pub changes: Changes,
}

macro_rules! known {
    (keyed { $($room:ident $(knows $(#[$cfg:meta])? $field:ident: $known:ident,)?
            asks $($(#[$command_cfg:meta])? $command:ident),+;)+ } $unkeyed:ident $rest:tt) => {
        /// What rooms know of beside channels, accounts and bills.
        #[derive(Debug, Default)]
        pub struct Rooms {
            $($(
                $(#[$cfg])?
                #[doc = concat!("What `", stringify!($room), "` knows.")]
                pub $field: super::$room::$known,
            )?)+
        }
    };
}

rooms!(known);

/// All that a batch must write.
#[derive(Debug, Default)]
pub struct Changes {
    /// Of channels.
    pub channels: ChannelChanges,
    /// Of accounts.
    pub accounts: AccountChanges,
    /// Of bills.
    pub bills: BillChanges,
    /// Payments and what undid them.
    pub payments: PaymentChanges,
    /// New rows of the ledger, in order of decision.
    pub entries: Vec<Entry>,
    /// New exceptions, in order of decision.
    pub exceptions: Vec<Exception>,
    /// Of access, with the instant they were asked for, milliseconds UTC.
    pub access: Vec<(AccessChange, i64)>,
}

impl State {
    /// A state that knows only the rules and the channels.
    pub fn new(policies: Policies, channels: HashMap<String, Channel>) -> Self {
        Self {
            policies,
            channels,
            accounts: HashMap::new(),
            rooms: Rooms::default(),
            keys: Keys::default(),
            changes: Changes::default(),
        }
    }
}
