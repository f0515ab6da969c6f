//! What the outside asks for, with everything inside that a decision needs.

use chrono::NaiveDate;

use super::account::{AccountStatus, CustomerClass, Holder};
use super::channel::{Channel, DocumentRule};
use super::door::DoorChange;
use super::payment::Actor;

/// A key in its scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The channel that chose it.
    pub channel_code: String,
    /// Its permanent number for one movement of money.
    pub text: String,
}

/// What a payment says; compared field by field when its key comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostInput {
    /// As given; checked to be an account number or, on a reporting channel, short enough.
    pub account_number: String,
    /// In fen, within the fixed range.
    pub amount_fen: i64,
    /// When the payer paid, milliseconds UTC; `None` = now.
    pub paid_at_ms: Option<i64>,
    /// Bills named by the payer, in order.
    pub bill_numbers: Option<Vec<String>>,
}

/// A payment to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostPayment {
    /// Channel and key.
    pub key: Key,
    /// What it says.
    pub input: PostInput,
    /// Free text; not compared on a retry.
    pub note: Option<String>,
    /// Who asks.
    pub actor: Actor,
}

/// What a reversal says; compared field by field when its key comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReverseInput {
    /// Key of the payment, in the same channel.
    pub payment_key: String,
    /// Why.
    pub reason: String,
}

/// A payment to be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReversePayment {
    /// Channel and key of the reversal itself.
    pub key: Key,
    /// What it says.
    pub input: ReverseInput,
    /// Who asks.
    pub actor: Actor,
}

impl ReversePayment {
    /// The payment's key in its scope.
    pub fn payment_key(&self) -> Key {
        Key { channel_code: self.key.channel_code.clone(), text: self.input.payment_key.clone() }
    }
}

/// A bill to be issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueBill {
    /// Account it is for.
    pub account_number: String,
    /// Number given by billing.
    pub number: String,
    /// Billing period, `2026-11`.
    pub period: String,
    /// In fen, ≥ 0.
    pub principal_fen: i64,
    /// Day of issue.
    pub issued_on: NaiveDate,
    /// Last day without penalty, not before the day of issue.
    pub due_on: NaiveDate,
}

/// An account to be created or brought up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveAccount {
    /// 1–20 digits.
    pub number: String,
    /// State of the contract.
    pub status: AccountStatus,
    /// Class of the customer.
    pub class: CustomerClass,
    /// Who stands behind it.
    pub holder: Holder,
}

/// One thing to be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Post a payment.
    PostPayment(PostPayment),
    /// Undo a payment.
    ReversePayment(ReversePayment),
    /// Issue a bill.
    IssueBill(IssueBill),
    /// Create or update an account.
    SaveAccount(SaveAccount),
    /// Register a channel; one that exists is left as it is.
    AddChannel(Channel),
    /// Suspend a channel, or let it go on.
    SuspendChannel {
        /// The channel.
        code: String,
        /// True to suspend.
        suspend: bool,
    },
    /// Say which documents a channel may send.
    RuleDocuments {
        /// The channel.
        code: String,
        /// Which.
        documents: DocumentRule,
    },
    /// Change what stands at the door.
    ChangeDoor(DoorChange),
}

/// A command with the number and the instant it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Number of the movement it may become.
    pub id: i64,
    /// When it was taken in, milliseconds UTC.
    pub at_ms: i64,
    /// What is asked.
    pub command: Command,
}
