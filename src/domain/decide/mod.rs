//! `decide`: what is to happen, given the state. Pure, total and deterministic; a refusal is a value.

use super::account::Account;
use super::answer::{LineOutcome, PostOutcome, PostRefusalCode, Refusal, ReverseOutcome, ReverseRefusalCode};
use super::bill::Bill;
use super::channel::{Channel, DocumentRule};
use super::command::{Command, Order, SaveAccount};
use super::door::DoorChange;
use super::exception::Exception;
use super::ledger::Entry;
use super::payment::{Payment, Reversal};
use super::state::State;

mod conflict;
mod issue;
mod post;
mod post_guards;
mod reverse;
mod settle;

/// The rows and after-images of one accepted movement.
#[derive(Debug, Clone, Default)]
pub struct Movement {
    /// A new payment.
    pub payment: Option<Payment>,
    /// A new reversal.
    pub reversal: Option<Reversal>,
    /// The hot row afterwards; `None` where the money stays in suspense.
    pub account: Option<Account>,
    /// The bills it changed, afterwards.
    pub bills: Vec<Bill>,
    /// New rows of the ledger.
    pub entries: Vec<Entry>,
    /// Differences it leaves.
    pub exceptions: Vec<Exception>,
}

/// What is to happen for one command.
#[derive(Debug, Clone)]
pub enum Decision {
    /// Post the payment.
    Post(Box<Movement>),
    /// Refuse the payment and keep the refusal under its key.
    RefusePost(Refusal<PostRefusalCode>),
    /// Repeat the first answer.
    ReplayPost(PostOutcome),
    /// The key was used otherwise: nothing moves, a difference is written down.
    ConflictPost(Refusal<PostRefusalCode>, Box<Exception>),
    /// Reverse this payment, as it was recorded.
    Reverse(Box<Movement>, Box<Payment>),
    /// Remember the reversal until its payment comes.
    Remember,
    /// Refuse the reversal and keep the refusal under its key.
    RefuseReverse(Refusal<ReverseRefusalCode>),
    /// Repeat the first answer.
    ReplayReverse(ReverseOutcome),
    /// The key was used otherwise: nothing moves, a difference is written down.
    ConflictReverse(Refusal<ReverseRefusalCode>, Box<Exception>),
    /// Issue the bill; it is the first of the movement's bills.
    Issue(Box<Movement>),
    /// Create the account or bring it up to date.
    Save(Box<SaveAccount>),
    /// Register the channel.
    AddChannel(Box<Channel>),
    /// Suspend the channel, or let it go on.
    SuspendChannel { code: String, suspend: bool },
    /// Let the channel send these documents.
    RuleDocuments { code: String, documents: DocumentRule },
    /// Change what stands at the door.
    ChangeDoor(DoorChange),
    /// Nothing changes; the line is answered so.
    Line(LineOutcome),
    /// The channel is not registered.
    UnknownChannel,
}

/// Decides one command. Never fails: whatever can be asked has an answer.
pub fn decide(state: &State, order: &Order) -> Decision {
    match &order.command {
        Command::PostPayment(command) => post::decide(state, order, command),
        Command::ReversePayment(command) => reverse::decide(state, order, command),
        Command::IssueBill(command) => issue::decide(state, order, command),
        Command::SaveAccount(command) => Decision::Save(Box::new(command.clone())),
        Command::AddChannel(channel) => add_channel(state, channel),
        Command::SuspendChannel { code, suspend } => suspend_channel(state, code, *suspend),
        Command::RuleDocuments { code, documents } => rule_documents(state, code, *documents),
        Command::ChangeDoor(change) => Decision::ChangeDoor(change.clone()),
    }
}

fn add_channel(state: &State, channel: &Channel) -> Decision {
    match state.channels.get(&channel.code) {
        None => Decision::AddChannel(Box::new(channel.clone())),
        Some(known) if Channel { is_suspended: known.is_suspended, ..channel.clone() } == *known => {
            Decision::Line(LineOutcome::Unchanged)
        }
        Some(_) => Decision::Line(LineOutcome::Refused {
            column: "code",
            reason: format!("channel {} is registered with other rules", channel.code),
        }),
    }
}

fn suspend_channel(state: &State, code: &str, suspend: bool) -> Decision {
    match state.channels.get(code) {
        None => Decision::UnknownChannel,
        Some(channel) if channel.is_suspended == suspend => Decision::Line(LineOutcome::Unchanged),
        Some(_) => Decision::SuspendChannel { code: code.to_owned(), suspend },
    }
}

fn rule_documents(state: &State, code: &str, documents: DocumentRule) -> Decision {
    match state.channels.get(code) {
        None => Decision::UnknownChannel,
        Some(channel) if channel.documents == documents => Decision::Line(LineOutcome::Unchanged),
        Some(_) => Decision::RuleDocuments { code: code.to_owned(), documents },
    }
}
