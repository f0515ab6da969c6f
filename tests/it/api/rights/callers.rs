//! The kinds of callers.

use super::households::NEIGHBOUR;
use super::table::Side;
use crate::support::app::{ALL_SCOPES, TestApp};
use crate::support::client::Client;

/// What `granary token` allows a channel where no scope is named.
const CHANNEL: &str = "bills:read payments:post payments:reverse";
const CHANNEL_PERSONAL: &str = "bills:read payments:post payments:reverse pii:read";
/// What it allows a customer.
const CUSTOMER: &str = "bills:read";

/// A kind of caller.
pub struct Caller {
    /// Its name in a table.
    pub name: &'static str,
    /// The channel of its token.
    channel: &'static str,
    access: Access,
}

enum Access {
    Tokenless,
    Channel(&'static str),
    Customer(&'static str),
}

/// The callers of the main table.
pub const BY_KIND: [Caller; 7] = [
    Caller { name: "none", channel: "COUNTER-1", access: Access::Tokenless },
    Caller { name: "customer", channel: "APP", access: Access::Customer(CUSTOMER) },
    Caller { name: "counter", channel: "COUNTER-1", access: Access::Channel(CHANNEL) },
    Caller { name: "bank", channel: "BANK-1", access: Access::Channel(CHANNEL) },
    Caller { name: "mobile", channel: "WECHAT", access: Access::Channel(CHANNEL) },
    Caller { name: "app", channel: "APP", access: Access::Channel(CHANNEL) },
    Caller { name: "operator", channel: "WECHAT", access: Access::Channel("bills:read ops:read") },
];

/// Callers who see personal data in clear.
pub const PERSONAL: [Caller; 2] = [
    Caller { name: "customer+pii", channel: "APP", access: Access::Customer("bills:read pii:read") },
    Caller { name: "counter+pii", channel: "COUNTER-1", access: Access::Channel(CHANNEL_PERSONAL) },
];

/// Callers with one right, with none, and a customer whose token names them all.
pub const BY_SCOPE: &[Caller] = &[
    Caller { name: "nothing", channel: "WECHAT", access: Access::Channel("") },
    Caller { name: "bills:read", channel: "WECHAT", access: Access::Channel("bills:read") },
    Caller { name: "payments:post", channel: "WECHAT", access: Access::Channel("payments:post") },
    Caller { name: "payments:reverse", channel: "WECHAT", access: Access::Channel("payments:reverse") },
    Caller { name: "pii:read", channel: "WECHAT", access: Access::Channel("pii:read") },
    Caller { name: "ops:read", channel: "WECHAT", access: Access::Channel("ops:read") },
    Caller { name: "customer+all", channel: "APP", access: Access::Customer(ALL_SCOPES) },
];

impl Caller {
    /// A client with this caller's token. A customer is bound to `accounts`.
    pub fn client(&self, app: &TestApp<'_>, accounts: Vec<String>) -> Client {
        let token = match self.access {
            Access::Tokenless => String::new(),
            Access::Channel(scope) => app.token(self.channel, scope, None),
            Access::Customer(scope) => app.token(self.channel, scope, Some(accounts)),
        };
        Client::new(app.address, token)
    }

    /// The household that is asked for on this side, by its channel.
    pub fn household(&self, side: Side) -> &'static str {
        match side {
            Side::Own => self.channel,
            Side::Other => NEIGHBOUR,
        }
    }

    /// On which side of this caller a household stands.
    pub fn side_of(&self, household: &str) -> Side {
        if household == self.channel { Side::Own } else { Side::Other }
    }

    /// Whether no token is shown.
    pub fn is_tokenless(&self) -> bool {
        matches!(self.access, Access::Tokenless)
    }

    /// The same caller without further scopes: `counter` for `counter+pii`.
    pub fn kind(&self) -> &'static str {
        self.name.split_once('+').map_or(self.name, |(kind, _)| kind)
    }
}
