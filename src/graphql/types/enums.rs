//! The API's enumerations, each value one of the domain's.

use async_graphql::Enum;

use crate::domain;

/// Declares a GraphQL enumeration beside a domain's, and the exhaustive conversion to it.
macro_rules! api_enum {
    ($(#[$meta:meta])* $name:ident of $domain:path { $($(#[$value_meta:meta])* $value:ident,)+ }) => {
        $(#[$meta])*
        #[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
        pub(in crate::graphql) enum $name { $($(#[$value_meta])* $value,)+ }

        impl From<$domain> for $name {
            fn from(value: $domain) -> Self {
                use $domain as Domain;
                match value { $(Domain::$value => Self::$value,)+ }
            }
        }

        impl From<$name> for $domain {
            fn from(value: $name) -> Self {
                use $domain as Domain;
                match value { $($name::$value => Domain::$value,)+ }
            }
        }
    };
}
pub(in crate::graphql) use api_enum;

api_enum! {
    /// State of an account's contract.
    AccountStatus of domain::account::AccountStatus {
        /// Supplied and billed.
        Active,
        /// Supply interrupted; billed and payable like an active account.
        Suspended,
        /// Contract ended; only bills still open can be paid.
        Closed,
    }
}

api_enum! {
    /// Class of a customer; decides penalty rates and amount rules.
    CustomerClass of domain::account::CustomerClass {
        /// Households.
        Residential,
        /// Shops and offices.
        Commercial,
        /// Factories.
        Industrial,
        /// Farms and irrigation.
        Agricultural,
        /// Everything else.
        Other,
    }
}

api_enum! {
    /// What has been paid of a bill.
    BillStatus of domain::bill::BillStatus {
        /// Nothing paid yet.
        Open,
        /// Something paid, something due.
        PartlyPaid,
        /// Principal and penalty paid.
        Paid,
        /// Withdrawn by billing; nothing is due.
        Cancelled,
    }
}

api_enum! {
    /// What an allocation settles of a bill.
    BillPart of domain::bill::Part {
        /// The charge itself.
        Principal,
        /// What lateness added.
        Penalty,
    }
}

api_enum! {
    /// What kind of outside party a channel is.
    ChannelKind of domain::channel::ChannelKind {
        /// A bank that debits or transfers.
        Bank,
        /// A mobile-payment provider.
        Mobile,
        /// Service counters of the utility.
        Counter,
        /// The customer's app.
        App,
        /// The billing system.
        Billing,
    }
}

api_enum! {
    /// Whether money can still be given back when a posting is refused.
    ChannelMode of domain::channel::ChannelMode {
        /// Asks before it takes: a posting may be refused.
        Asking,
        /// Reports money already taken: it is placed in suspense or advance rather than refused.
        Reporting,
    }
}

api_enum! {
    /// What differs and needs a person.
    ExceptionKind of domain::exception::ExceptionKind {
        /// The channel was suspended when it reported money.
        ChannelSuspended,
        /// The reported payment lies further back than the channel allows.
        PaidAtOutOfRange,
        /// The account number can't be one.
        AccountNumberMalformed,
        /// No such account.
        AccountNotFound,
        /// Money for a closed account that settles no bill.
        AccountClosed,
        /// A named bill doesn't exist.
        BillNotFound,
        /// A named bill can't be paid now.
        BillNotPayable,
        /// The amount breaks the channel's rule.
        AmountNotAccepted,
        /// More arrived than was due.
        Overpayment,
        /// A key came again with another input.
        IdempotencyKeyReused,
    }
}

/// Whether a payment stands.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum PaymentStatus {
    /// It stands.
    Posted,
    /// It was undone by a reversal.
    Reversed,
}
