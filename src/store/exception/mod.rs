//! The rows of differences that a person must resolve.

pub(in crate::store) mod audit;
pub mod read;
pub(in crate::store) mod write;

use super::StoreError;
use super::base::table::{table, word};
use crate::domain::exception::{Exception, ExceptionKind};

table! {
    /// Differences. The same one is written once.
    exceptions as x, columns exception_columns,
        order (channel_code, idempotency_key, kind, account_number, fingerprint), insert " ON CONFLICT DO NOTHING" {
        id: i64, account_number: String, channel_code: String, idempotency_key: String, kind: String, detail: String,
        fingerprint: Built, payment_id: Option<i64>, recorded_at_ms: i64, business_day: NaiveDate,
    }
}

impl exceptions::Row {
    /// The exception with its number.
    fn into_pair(self) -> Result<(i64, Exception), StoreError> {
        let exception = Exception {
            kind: word("kind", &self.kind, ExceptionKind::from_word)?,
            account_number: self.account_number,
            channel_code: self.channel_code,
            idempotency_key: self.idempotency_key,
            detail: self.detail,
            payment_id: self.payment_id,
            recorded_at_ms: self.recorded_at_ms,
            business_day: self.business_day,
        };
        Ok((self.id, exception))
    }
}
