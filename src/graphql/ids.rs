//! Opaque names of objects and places in lists.

use async_graphql::{Error, ID};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::bad_input;

/// What an object's id stands for: its kind, its account, its own key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NodeId {
    Account { number: String },
    Bill { account_number: String, number: String },
    Payment { account_number: String, id: i64 },
}

impl NodeId {
    pub(super) fn to_id(&self) -> ID {
        let plain = match self {
            Self::Account { number } => format!("account\n{number}"),
            Self::Bill { account_number, number } => format!("bill\n{account_number}\n{number}"),
            Self::Payment { account_number, id } => format!("payment\n{account_number}\n{id}"),
        };
        ID(URL_SAFE_NO_PAD.encode(plain))
    }

    /// `None` for any text that [`NodeId::to_id`] didn't write.
    pub(super) fn from_id(id: &ID) -> Option<Self> {
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(&id.0).ok()?).ok()?;
        let parts: Vec<&str> = plain.split('\n').collect();
        let own = |part: &str| part.to_owned();
        match parts.as_slice() {
            ["account", number] => Some(Self::Account { number: own(number) }),
            ["bill", account, number] => {
                Some(Self::Bill { account_number: own(account), number: own(number) })
            }
            ["payment", account, id] => {
                Some(Self::Payment { account_number: own(account), id: id.parse().ok()? })
            }
            _ => None,
        }
    }
}

/// Writes a place in a list.
pub(super) fn cursor(plain: &str) -> String {
    URL_SAFE_NO_PAD.encode(plain)
}

/// Reads a place in a list.
pub(super) fn plain_cursor(cursor: &str) -> Result<String, Error> {
    let plain = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    plain.ok_or_else(bad_cursor)
}

/// The error for a place that no list of ours gave out.
pub(super) fn bad_cursor() -> Error {
    bad_input("`after` is no cursor of this list.")
}
