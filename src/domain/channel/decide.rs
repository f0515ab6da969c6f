//! Registering a channel, suspending it, and saying which documents it may send.

use super::super::base::line::LineOutcome;
use super::super::base::text::quoted;
use super::super::state::State;
use super::{Channel, ChannelChange};

/// Column of the channel's code.
const CODE: &str = "code";

/// Decides a change and puts it into the state.
pub(super) fn settle(state: &mut State, change: &ChannelChange) -> LineOutcome {
    let decided = decide(state, change);
    if decided == LineOutcome::Saved {
        apply(state, change);
    }
    decided
}

fn decide(state: &State, change: &ChannelChange) -> LineOutcome {
    let known = state.channels.get(change.code());
    let is_as_asked = match (change, known) {
        (ChannelChange::Add(_), None) => false,
        (ChannelChange::Add(channel), Some(known)) => {
            if (Channel { is_suspended: known.is_suspended, ..channel.clone() }) != *known {
                let reason = format!("channel {} is registered with other rules", channel.code);
                return LineOutcome::refused(CODE, reason);
            }
            true
        }
        (_, None) => {
            return LineOutcome::refused(CODE, format!("there is no channel {}", quoted(change.code())));
        }
        (ChannelChange::Suspend { suspend, .. }, Some(known)) => known.is_suspended == *suspend,
        (ChannelChange::RuleDocuments { documents, .. }, Some(known)) => known.documents == *documents,
    };
    if is_as_asked { LineOutcome::Unchanged } else { LineOutcome::Saved }
}

fn apply(state: &mut State, change: &ChannelChange) {
    match change {
        ChannelChange::Add(channel) => {
            state.channels.insert(channel.code.clone(), channel.clone());
        }
        ChannelChange::Suspend { code, suspend } => {
            if let Some(channel) = state.channels.get_mut(code) {
                channel.is_suspended = *suspend;
            }
        }
        ChannelChange::RuleDocuments { code, documents } => {
            if let Some(channel) = state.channels.get_mut(code) {
                channel.documents = *documents;
            }
        }
    }
    state.changes.channels.changed.push(change.clone());
}
