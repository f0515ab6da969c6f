//! What commands can touch, said beside their rules: keys first, then what no account owns, then accounts and what
//! they own. In that order it is locked, each sorted.

use std::collections::BTreeSet;

use super::base::keys::{Key, Record};

/// Accounts that one command can touch.
pub const ACCOUNTS_MAX: usize = 20;

/// A key that a command wants, and the record its new row would hold.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The key.
    pub key: Key,
    /// What its row says if this command is the first to want it.
    pub record: Record,
    /// Whether it is the command's own key, rather than one it keeps for another command.
    pub is_own: bool,
}

/// The rows that commands can touch once it is known what their keys hold. What a replay or a conflict names is not
/// among them.
#[derive(Debug, Default)]
pub struct Touches<'a> {
    /// Routes, which only tests have.
    #[cfg(feature = "trial")]
    pub routes: BTreeSet<&'a str>,
    /// Crews, which only tests have.
    #[cfg(feature = "trial")]
    pub crews: BTreeSet<&'a str>,
    /// Visits, which only tests have.
    #[cfg(feature = "trial")]
    pub visits: BTreeSet<i64>,
    /// Account numbers.
    pub accounts: BTreeSet<&'a str>,
    /// Bills beside the accounts' payable ones, by account number and bill number.
    pub bills: BTreeSet<(&'a str, &'a str)>,
}
