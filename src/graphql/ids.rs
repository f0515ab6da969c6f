//! Opaque names of objects.

use async_graphql::ID;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::account::{is_account_number, is_account_number_as_given};
use crate::domain::bill::is_bill_number;
use crate::domain::channel::is_channel_code;

/// What an object's id stands for: its kind, its account, its own key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NodeId {
    Account { number: String },
    Bill { account_number: String, number: String },
    Payment { account_number: String, id: i64 },
    Exception { account_number: String, id: i64 },
    Channel { code: String },
}

impl NodeId {
    pub(super) fn to_id(&self) -> ID {
        let plain = match self {
            Self::Account { number } => format!("account\n{number}"),
            Self::Bill { account_number, number } => format!("bill\n{account_number}\n{number}"),
            Self::Payment { account_number, id } => format!("payment\n{account_number}\n{id}"),
            Self::Exception { account_number, id } => format!("exception\n{account_number}\n{id}"),
            Self::Channel { code } => format!("channel\n{code}"),
        };
        ID(URL_SAFE_NO_PAD.encode(plain))
    }

    /// `None` for any text that [`NodeId::to_id`] doesn't write, or whose parts can't be what they stand for.
    pub(super) fn from_id(id: &ID) -> Option<Self> {
        Self::decode(id).filter(|node| node.has_possible_parts() && node.to_id() == *id)
    }

    fn has_possible_parts(&self) -> bool {
        match self {
            Self::Account { number } => is_account_number(number),
            Self::Bill { account_number, number } => {
                is_account_number(account_number) && is_bill_number(number)
            }
            Self::Payment { account_number, id } | Self::Exception { account_number, id } => {
                is_account_number_as_given(account_number) && *id >= 0
            }
            Self::Channel { code } => is_channel_code(code),
        }
    }

    fn decode(id: &ID) -> Option<Self> {
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
            ["exception", account, id] => {
                Some(Self::Exception { account_number: own(account), id: id.parse().ok()? })
            }
            ["channel", code] => Some(Self::Channel { code: own(code) }),
            _ => None,
        }
    }
}
