//! What a batch of commands is decided on, and what has changed since it was loaded.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::account::{Account, CustomerClass};
use super::answer::{PostOutcome, PostRefusalCode, Refusal, ReverseOutcome, ReverseRefusalCode};
use super::bill::Bill;
use super::channel::{Channel, DocumentRule};
use super::command::{Key, PostInput, ReverseInput, SaveAccount};
use super::door::DoorChange;
use super::exception::Exception;
use super::ledger::Entry;
use super::payment::{Actor, Part, Payment, Reversal};
use super::penalty::PenaltyPolicy;

/// Where no dated row covers a due date, lateness adds nothing.
const NO_PENALTY: PenaltyPolicy = PenaltyPolicy {
    class: CustomerClass::Other,
    effective_from: NaiveDate::MIN,
    due_year_permille: 0,
    later_years_permille: 0,
    start_day: 1,
    minimum_fen: 0,
};

/// The dated rules of the utility.
#[derive(Debug, Clone)]
pub struct Policies {
    /// The utility's time zone.
    pub zone: Tz,
    /// Penalty rules in any order.
    pub penalty: Vec<PenaltyPolicy>,
    /// From which day of `paidAt` on which part of a bill is settled first, in any order.
    pub first_part: Vec<(NaiveDate, Part)>,
}

impl Policies {
    /// The penalty rules that govern a bill for life: the row in force on its due date.
    pub fn penalty(&self, class: CustomerClass, due_on: NaiveDate) -> &PenaltyPolicy {
        let in_force = |row: &&PenaltyPolicy| row.class == class && row.effective_from <= due_on;
        self.penalty.iter().filter(in_force).max_by_key(|row| row.effective_from).unwrap_or(&NO_PENALTY)
    }

    /// The penalty rules of this bill.
    pub fn penalty_of(&self, bill: &Bill) -> &PenaltyPolicy {
        self.penalty(bill.class, bill.due_on)
    }

    /// The parts of a bill in order of settlement for money paid on `day`; penalty first unless a
    /// row says otherwise.
    pub fn parts_in_order(&self, day: NaiveDate) -> [Part; 2] {
        let in_force = self.first_part.iter().filter(|(from, _)| *from <= day).max_by_key(|(from, _)| *from);
        match in_force {
            Some((_, Part::Principal)) => [Part::Principal, Part::Penalty],
            Some((_, Part::Penalty)) | None => [Part::Penalty, Part::Principal],
        }
    }
}

/// An account with all its payable bills and whatever others the batch can touch, oldest due date
/// first, then by number.
#[derive(Debug, Clone)]
pub struct AccountState {
    /// The hot row.
    pub account: Account,
    /// Its bills.
    pub bills: Vec<Bill>,
}

impl AccountState {
    /// The bill of that number, if it was loaded.
    pub fn bill(&self, number: &str) -> Option<&Bill> {
        self.bills.iter().find(|bill| bill.number == number)
    }

    /// The payable bills, oldest due date first.
    pub fn payable_bills(&self) -> impl Iterator<Item = &Bill> {
        self.bills.iter().filter(|bill| bill.is_payable())
    }

    /// Puts a bill in its place, in the stead of an earlier image of it.
    pub fn put_bill(&mut self, bill: Bill) {
        let place = |other: &Bill| (other.due_on, other.number.clone());
        match self.bills.binary_search_by_key(&place(&bill), place) {
            Ok(index) => self.bills[index] = bill,
            Err(index) => self.bills.insert(index, bill),
        }
    }
}

/// A reversal that came before its payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlyReversal {
    /// Number of the reversal to be.
    pub id: i64,
    /// The reversal's own key.
    pub key: String,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub actor: Actor,
}

/// What is known of a key.
#[derive(Debug, Clone)]
pub enum KeyState {
    /// Nothing was decided under it.
    Free {
        /// The order whose input its new row already holds, if this batch inserted one.
        row_of: Option<i64>,
    },
    /// A reversal waits for the payment of this key.
    Reserved(EarlyReversal),
    /// A payment used it.
    Payment {
        /// As given.
        input: PostInput,
        /// As answered.
        outcome: PostOutcome,
    },
    /// A reversal used it as its own.
    Reversal {
        /// As given.
        input: ReverseInput,
        /// As answered.
        outcome: ReverseOutcome,
    },
}

/// What one channel's totals grow by on one business day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TotalDelta {
    /// Sum of payments posted, in fen.
    pub posted_fen: i64,
    /// Number of payments posted.
    pub posted_count: i64,
    /// Sum of payments reversed, in fen.
    pub reversed_fen: i64,
    /// Number of payments reversed.
    pub reversed_count: i64,
}

/// A key row that must be written again because it no longer says what was decided.
#[derive(Debug, Clone)]
pub enum KeyChange {
    /// The payment claims a row that held something else.
    Payment { key: Key, movement_id: i64, input: PostInput },
    /// The reversal claims a row that held something else.
    Reversal { key: Key, movement_id: i64, input: ReverseInput },
    /// The payment's key waits for its payment.
    Reserved { key: Key, early: EarlyReversal },
    /// The payment was refused.
    PostRefused { key: Key, refusal: Refusal<PostRefusalCode> },
    /// The reversal was refused.
    ReverseRefused { key: Key, refusal: Refusal<ReverseRefusalCode> },
}

/// All that a batch must write, in order of decision.
#[derive(Debug, Default)]
pub struct Changes {
    /// Accounts to create or bring up to date.
    pub saved_accounts: Vec<SaveAccount>,
    /// Accounts whose hot row changed.
    pub touched_accounts: BTreeSet<String>,
    /// Bills that are new.
    pub issued_bills: BTreeSet<(String, String)>,
    /// Bills that were there and changed.
    pub touched_bills: BTreeSet<(String, String)>,
    /// New payments.
    pub payments: Vec<Payment>,
    /// New reversals.
    pub reversals: Vec<Reversal>,
    /// New rows of the ledger.
    pub entries: Vec<Entry>,
    /// New exceptions.
    pub exceptions: Vec<Exception>,
    /// Key rows to write again.
    pub keys: Vec<KeyChange>,
    /// What the totals of channels grow by.
    pub totals: BTreeMap<(String, NaiveDate), TotalDelta>,
    /// New channels.
    pub added_channels: Vec<Channel>,
    /// Channels suspended (true) or let go on (false).
    pub suspended_channels: Vec<(String, bool)>,
    /// Channels that may send these documents from now on.
    pub ruled_documents: Vec<(String, DocumentRule)>,
    /// Changes at the door, with the instant they were asked for, milliseconds UTC.
    pub door: Vec<(DoorChange, i64)>,
}

/// Everything that the commands of one batch can see.
#[derive(Debug)]
pub struct State {
    /// The utility's rules.
    pub policies: Policies,
    /// Registered channels.
    pub channels: HashMap<String, Channel>,
    /// The accounts that the batch names and that exist.
    pub accounts: HashMap<String, AccountState>,
    /// The keys that the batch names; one that is missing is free.
    pub keys: HashMap<Key, KeyState>,
    /// What has changed since the state was loaded.
    pub changes: Changes,
}

impl State {
    /// A state that knows only the rules and the channels.
    pub fn new(policies: Policies, channels: HashMap<String, Channel>) -> Self {
        let (accounts, keys, changes) = (HashMap::new(), HashMap::new(), Changes::default());
        Self { policies, channels, accounts, keys, changes }
    }

    /// What is known of a key.
    pub fn key(&self, key: &Key) -> &KeyState {
        self.keys.get(key).unwrap_or(&KeyState::Free { row_of: None })
    }
}
