//! A row of the key table: what was asked under a key and, where it was refused, why.

use diesel::{Queryable, sql_types as sql};

use super::StoreError;
use super::rows::word;
use crate::domain::answer::{PostRefusalCode, Refusal, ReverseRefusalCode};

/// A row of `idempotency_keys`.
#[derive(Debug, Clone, Queryable)]
pub(super) struct KeyRow {
    pub(super) channel_code: String,
    pub(super) idempotency_key: String,
    pub(super) mutation: String,
    pub(super) movement_id: i64,
    pub(super) account_number: Option<String>,
    pub(super) amount_fen: Option<i64>,
    pub(super) paid_at_ms: Option<i64>,
    pub(super) bill_numbers: Option<String>,
    pub(super) counterpart_key: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) actor: Option<String>,
    pub(super) token_id: Option<String>,
    pub(super) refusal_code: Option<String>,
    pub(super) refusal_message: Option<String>,
    pub(super) refusal_field: Option<String>,
}

impl KeyRow {
    /// The refusal of a payment kept in this row.
    pub(super) fn post_refusal(&self) -> Result<Option<Refusal<PostRefusalCode>>, StoreError> {
        self.refusal(PostRefusalCode::from_word)
    }

    /// The refusal of a reversal kept in this row.
    pub(super) fn reverse_refusal(&self) -> Result<Option<Refusal<ReverseRefusalCode>>, StoreError> {
        self.refusal(ReverseRefusalCode::from_word)
    }

    fn refusal<Code>(
        &self,
        from_word: fn(&str) -> Option<Code>,
    ) -> Result<Option<Refusal<Code>>, StoreError> {
        let Some(code) = &self.refusal_code else { return Ok(None) };
        Ok(Some(Refusal {
            code: word("refusal_code", code, from_word)?,
            message: self.refusal_message.clone().unwrap_or_default(),
            field: self.refusal_field.clone(),
        }))
    }
}

/// The columns of [`KeyRow`], of `idempotency_keys k`.
macro_rules! key_columns {
    () => {
        "k.channel_code, k.idempotency_key, k.mutation, k.movement_id, k.account_number, k.amount_fen, k.paid_at_ms, \
         k.bill_numbers, k.counterpart_key, k.reason, k.actor, k.token_id, k.refusal_code, k.refusal_message, \
         k.refusal_field"
    };
}
pub(super) use key_columns;

/// The SQL types of [`KeyRow`].
pub(super) type KeySql = (
    sql::Text,
    sql::Text,
    sql::Text,
    sql::BigInt,
    sql::Nullable<sql::Text>,
    sql::Nullable<sql::BigInt>,
    sql::Nullable<sql::BigInt>,
    sql::Nullable<sql::Text>,
    sql::Nullable<sql::Text>,
    sql::Nullable<sql::Text>,
    sql::Nullable<sql::Text>,
    sql::Nullable<sql::Text>,
    sql::Nullable<sql::Text>,
    sql::Nullable<sql::Text>,
    sql::Nullable<sql::Text>,
);
