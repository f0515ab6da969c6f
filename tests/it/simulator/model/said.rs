//! What a caller hears, without what only granary can choose (numbers of movements, words).

use granary::domain::base::line::LineOutcome;
use granary::domain::bill::Allocation;
use granary::domain::book::Answer;
use granary::domain::keyed::Answered;
use granary::domain::payment::Payment;
use granary::domain::reversal::Undone;

/// A payment as heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// As the payer gave it.
    pub account_number: String,
    /// What arrived.
    pub amount_fen: i64,
    /// Place among the account's movements.
    pub sequence: Option<i64>,
    /// What went to the advance balance.
    pub to_advance_fen: i64,
    /// What went to suspense.
    pub to_suspense_fen: i64,
    /// When the payer paid.
    pub paid_at_ms: i64,
    /// When it was posted.
    pub posted_at_ms: i64,
    /// What it settled.
    pub allocations: Vec<Allocation>,
    /// Key, reason, earliness, place and instant of what undid it.
    pub reversal: Option<HeardReversal>,
}

/// A reversal as heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeardReversal {
    /// Its own key.
    pub key: String,
    /// Why.
    pub reason: String,
    /// Whether it came before the payment.
    pub is_early: bool,
    /// Place among the account's movements.
    pub sequence: Option<i64>,
    /// When it was posted.
    pub posted_at_ms: i64,
}

/// An answer as heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Posted, or so replayed.
    Posted(Heard),
    /// Undone, or so replayed.
    Reversed(Heard),
    /// Kept for the payment to come, or so replayed, with the payment once it has come.
    Remembered(Option<Heard>),
    /// A code and the field it names.
    Refused(&'static str, Option<String>),
    /// A line of a file was new.
    Saved,
    /// A line of a file was there.
    Unchanged,
    /// A line of a file was refused for this column.
    LineRefused(&'static str),
    /// The channel is not registered.
    UnknownChannel,
}

fn heard_line(line: &LineOutcome) -> Said {
    match line {
        LineOutcome::Saved => Said::Saved,
        LineOutcome::Unchanged => Said::Unchanged,
        LineOutcome::Refused { column, .. } => Said::LineRefused(column),
    }
}

/// Granary's answer as heard, and whether it was marked as a replay.
pub fn heard(answer: &Answer) -> (Said, bool) {
    match answer {
        Answer::PostPayment(Answered::Settled { outcome, replayed }) => {
            let said = match outcome {
                Ok(payment) => Said::Posted(heard_payment(payment)),
                Err(refusal) => Said::Refused(refusal.code.word(), refusal.field.clone()),
            };
            (said, *replayed)
        }
        Answer::ReversePayment(Answered::Settled { outcome, replayed }) => {
            let said = match outcome {
                Ok(Undone::Reversed(payment)) => Said::Reversed(heard_payment(payment)),
                Ok(Undone::Remembered(payment)) => Said::Remembered(payment.as_deref().map(heard_payment)),
                Err(refusal) => Said::Refused(refusal.code.word(), refusal.field.clone()),
            };
            (said, *replayed)
        }
        Answer::PostPayment(Answered::UnknownChannel) | Answer::ReversePayment(Answered::UnknownChannel) => {
            (Said::UnknownChannel, false)
        }
        Answer::OpenVisit(_) | Answer::CloseVisit(_) => unreachable!("no client asks for it"),
        Answer::IssueBill(line)
        | Answer::SaveAccount(line)
        | Answer::ChannelChange(line)
        | Answer::AccessChange(line) => (heard_line(line), false),
    }
}

/// A payment of granary's as heard.
pub fn heard_payment(payment: &Payment) -> Heard {
    Heard {
        account_number: payment.account_number.clone(),
        amount_fen: payment.amount_fen,
        sequence: payment.sequence,
        to_advance_fen: payment.to_advance_fen,
        to_suspense_fen: payment.to_suspense_fen,
        paid_at_ms: payment.paid_at_ms,
        posted_at_ms: payment.posted_at_ms,
        allocations: payment.allocations.clone(),
        reversal: payment.reversal.as_ref().map(|reversal| HeardReversal {
            key: reversal.idempotency_key.clone(),
            reason: reversal.reason.clone(),
            is_early: reversal.is_early,
            sequence: reversal.sequence,
            posted_at_ms: reversal.posted_at_ms,
        }),
    }
}
