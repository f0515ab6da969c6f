//! The rows of what undid payments.

pub(in crate::store) mod audit;
pub(in crate::store) mod write;

use super::base::table::table;
use crate::domain::base::actor::Actor;
use crate::domain::payment::Reversal;

table! {
    /// What undid payments.
    reversals as r, columns reversal_columns, order (account_number, payment_id), insert "" {
        id: i64, account_number: String, payment_id: i64, sequence: Option<i64>, channel_code: String,
        idempotency_key: String, reason: String, is_early: bool, posted_at_ms: i64, business_day: NaiveDate,
        actor: String, token_id: String,
    }
}

impl reversals::Row {
    /// The reversal.
    pub(in crate::store) fn into_reversal(self) -> Reversal {
        Reversal {
            id: self.id,
            account_number: self.account_number,
            payment_id: self.payment_id,
            sequence: self.sequence,
            channel_code: self.channel_code,
            idempotency_key: self.idempotency_key,
            reason: self.reason,
            is_early: self.is_early,
            posted_at_ms: self.posted_at_ms,
            business_day: self.business_day,
            actor: Actor { subject: self.actor, token_id: self.token_id },
        }
    }
}
