//! What every command says of itself before it is decided, and how it is settled.

use super::base::numbers::Given;
use super::state::State;
use super::touches::{Touches, Wanted};

/// A command's own rules, beside those of its capability.
pub trait Rules {
    /// What its caller hears.
    type Answer;

    /// Commands that name the same keep their order among each other: the (first) account's number. `None` where it is
    /// about no account.
    fn lane(&self) -> Option<&str>;

    /// How many accounts it may touch, at most [`ACCOUNTS_MAX`](super::touches::ACCOUNTS_MAX).
    fn account_count(&self) -> usize {
        1
    }

    /// How many numbers it needs: one for each movement it may become.
    fn number_count(&self) -> i64 {
        1
    }

    /// How many rows it may write, in the measure of a payment of one bill: queue and batch are bounded by them.
    fn weight(&self) -> usize {
        1
    }

    /// The keys it wants, its own first.
    fn keys(&self, _given: &Given) -> Vec<Wanted> {
        Vec::new()
    }

    /// The rows it can touch, now that its keys are known.
    fn touch<'a>(&'a self, state: &'a State, touches: &mut Touches<'a>);

    /// Decides it and puts what was decided into the state. Never fails: whatever can be asked has an answer.
    fn settle(&self, state: &mut State, given: &Given) -> Self::Answer;
}
