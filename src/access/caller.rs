//! The bearer of a verified token, and their rights.

use crate::domain::base::text::word_enum;

word_enum! {
    /// One right in a token's `scope`.
    Scope {
        /// Ask for accounts, bills and payments.
        BillsRead = "bills:read",
        /// Post payments.
        PaymentsPost = "payments:post",
        /// Reverse payments.
        PaymentsReverse = "payments:reverse",
        /// See names, addresses and phone numbers in clear.
        PiiRead = "pii:read",
        /// See exceptions.
        OpsRead = "ops:read",
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// `sub`: the teller, the program or the customer.
    pub subject: String,
    /// `jti`: number of the token.
    pub token_id: String,
    /// When the token was given, seconds since 1970.
    pub issued_at_s: i64,
    /// The channel they come through.
    pub channel_code: String,
    /// What the token allows; words it doesn't know are left out.
    pub scopes: Vec<Scope>,
    /// Of a customer: the only accounts they may see.
    pub accounts: Option<Vec<String>>,
}

/// What a caller may not do, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forbidden(pub &'static str);

impl Caller {
    /// Whether the token carries this right. A customer's never posts, reverses or operates,
    /// whatever its scope says.
    pub fn has(&self, scope: Scope) -> bool {
        let is_customers = matches!(scope, Scope::BillsRead | Scope::PiiRead);
        self.scopes.contains(&scope) && (is_customers || !self.is_customer())
    }

    /// Fails unless the token carries this right.
    ///
    /// # Errors
    /// The right that is missing.
    pub fn require(&self, scope: Scope) -> Result<(), Forbidden> {
        match self.has(scope) {
            true => Ok(()),
            false => Err(Forbidden(scope.word())),
        }
    }

    /// Whether the token belongs to a customer.
    pub fn is_customer(&self) -> bool {
        self.accounts.is_some()
    }

    /// Whether the caller may see this account at all.
    pub fn may_see_account(&self, number: &str) -> bool {
        self.accounts.as_ref().is_none_or(|own| own.iter().any(|own| own == number))
    }

    /// Whether a payment of this channel shows its key and note.
    pub fn is_own_channel(&self, channel_code: &str) -> bool {
        !self.is_customer() && self.channel_code == channel_code
    }

    /// Whether names, addresses and phone numbers are shown in clear.
    pub fn sees_personal_data(&self) -> bool {
        self.has(Scope::PiiRead)
    }
}
