//! Who brings payments, and what is accepted from them (product rules 3 and 11).

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::account::CustomerClass;
use super::base::money::{FEN_MAX, PAYMENT_FEN_MIN};
use super::base::text::word_enum;

mod decide;
mod touches;

/// Length of a channel code.
pub const CHANNEL_CODE_LEN_MAX: usize = 32;

/// How many days back a channel's `paidAt` may lie unless it says otherwise.
pub const PAID_AT_BACK_DAYS_DEFAULT: i64 = 400;
/// The most days a channel may allow.
pub const PAID_AT_BACK_DAYS_MAX: i64 = 36_500;

/// 1 to 32 ASCII letters, digits, `-` or `_`.
pub fn is_channel_code(text: &str) -> bool {
    (1..=CHANNEL_CODE_LEN_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

word_enum! {
    /// What kind of outside party a channel is.
    ChannelKind {
        /// A bank that debits or transfers.
        Bank = "BANK",
        /// A mobile-payment provider.
        Mobile = "MOBILE",
        /// Service counters of the utility.
        Counter = "COUNTER",
        /// The customer's app.
        App = "APP",
        /// The billing system.
        Billing = "BILLING",
    }
}

word_enum! {
    /// Whether money can still be given back when a posting is refused.
    ChannelMode {
        /// Asks before it takes: a posting may be refused.
        Asking = "ASKING",
        /// Reports money already taken: a posting is never refused for business reasons.
        Reporting = "REPORTING",
    }
}

word_enum! {
    /// Which amounts a channel accepts for one class of customer.
    AmountRule {
        /// Any amount within the channel's limits.
        Any = "ANY",
        /// Exactly what is due.
        Exact = "EXACT",
        /// What is due or more.
        ExactOrMore = "EXACT_OR_MORE",
    }
}

word_enum! {
    /// Which documents a channel may send.
    DocumentRule {
        /// Any.
        Any = "ANY",
        /// Only trusted ones.
        Trusted = "TRUSTED",
    }
}

/// A registered channel with its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its name in tokens and keys.
    pub code: String,
    /// What kind of party it is.
    pub kind: ChannelKind,
    /// Asking or reporting.
    pub mode: ChannelMode,
    /// A suspended channel can only replay, ask and reverse.
    pub is_suspended: bool,
    /// Smallest amount accepted, in fen.
    pub min_fen: i64,
    /// Largest amount accepted, in fen.
    pub max_fen: i64,
    /// How many days back `paidAt` may lie.
    pub paid_at_back_days: i64,
    /// Which documents it may send.
    pub documents: DocumentRule,
    /// Rules by class; the entry without a class is for all others.
    pub amount_rules: BTreeMap<Option<CustomerClass>, AmountRule>,
}

impl Channel {
    /// A channel without limits of its own.
    pub fn new(code: String, kind: ChannelKind, mode: ChannelMode) -> Self {
        Self {
            code,
            kind,
            mode,
            is_suspended: false,
            min_fen: PAYMENT_FEN_MIN,
            max_fen: FEN_MAX,
            paid_at_back_days: PAID_AT_BACK_DAYS_DEFAULT,
            documents: DocumentRule::Any,
            amount_rules: BTreeMap::new(),
        }
    }

    /// The rule for a class: its own, else the channel's, else `any`.
    pub fn amount_rule(&self, class: CustomerClass) -> AmountRule {
        let own = self.amount_rules.get(&Some(class));
        own.or_else(|| self.amount_rules.get(&None)).copied().unwrap_or(AmountRule::Any)
    }
}

/// What becomes of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelChange {
    /// Register it; one that exists is left as it is.
    Add(Channel),
    /// Suspend it, or let it go on.
    Suspend {
        /// The channel.
        code: String,
        /// True to suspend.
        suspend: bool,
    },
    /// Say which documents it may send.
    RuleDocuments {
        /// The channel.
        code: String,
        /// Which.
        documents: DocumentRule,
    },
}

impl ChannelChange {
    /// The channel it is about.
    pub fn code(&self) -> &str {
        match self {
            Self::Add(channel) => &channel.code,
            Self::Suspend { code, .. } | Self::RuleDocuments { code, .. } => code,
        }
    }
}

/// What one channel's totals grow by on one business day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TotalDelta {
    /// Sum of payments posted, in fen.
    pub posted_fen: i64,
    /// Number of payments posted.
    pub posted_count: i64,
    /// Sum of payments reversed, in fen.
    pub reversed_fen: i64,
    /// Number of payments reversed.
    pub reversed_count: i64,
}

/// What a batch writes of channels.
#[derive(Debug, Default)]
pub struct ChannelChanges {
    /// Changes of channels, in order of decision.
    pub changed: Vec<ChannelChange>,
    /// What totals grow by, by channel and business day.
    pub totals: BTreeMap<(String, NaiveDate), TotalDelta>,
}
