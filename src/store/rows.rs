//! Rows as the database holds them, and the domain's values made of them.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::{Queryable, sql_types as sql};

use super::StoreError;
use crate::domain::account::{Account, AccountStatus, CustomerClass, Holder};
use crate::domain::bill::{Bill, BillStatus};
use crate::domain::channel::{AmountRule, Channel, ChannelKind, ChannelMode, DocumentRule};
use crate::domain::payment::{Actor, Allocation, Part, Payment, Reversal};
use crate::domain::penalty::{PenaltyPolicy, PrincipalByDay};
use crate::domain::state::Policies;

/// Stands for "all classes without a rule of their own" in `channel_amount_rules`.
pub(super) const ANY_CLASS: &str = "*";

/// A word that must be one of an enumeration's.
pub(super) fn word<T>(column: &str, word: &str, from_word: fn(&str) -> Option<T>) -> Result<T, StoreError> {
    from_word(word).ok_or_else(|| StoreError::Corrupt(format!("{column} {word:?}")))
}

/// A row of `accounts`.
#[derive(Debug, Queryable)]
pub(super) struct AccountRow {
    number: String,
    status: String,
    class: String,
    last_sequence: i64,
    advance_fen: i64,
    shortfall_fen: i64,
    open_from: Option<NaiveDate>,
}

impl AccountRow {
    pub(super) fn into_account(self) -> Result<Account, StoreError> {
        Ok(Account {
            status: word("status", &self.status, AccountStatus::from_word)?,
            class: word("customer_class", &self.class, CustomerClass::from_word)?,
            number: self.number,
            last_sequence: self.last_sequence,
            advance_fen: self.advance_fen,
            shortfall_fen: self.shortfall_fen,
            open_from: self.open_from,
        })
    }
}

/// A row of `accounts` with its holder's.
#[derive(Debug, Queryable)]
pub(super) struct HeldAccountRow {
    number: String,
    status: String,
    class: String,
    last_sequence: i64,
    advance_fen: i64,
    shortfall_fen: i64,
    open_from: Option<NaiveDate>,
    name: String,
    address: String,
    phone: String,
    area: String,
}

impl HeldAccountRow {
    pub(super) fn into_pair(self) -> Result<(Account, Holder), StoreError> {
        let account = AccountRow {
            number: self.number,
            status: self.status,
            class: self.class,
            last_sequence: self.last_sequence,
            advance_fen: self.advance_fen,
            shortfall_fen: self.shortfall_fen,
            open_from: self.open_from,
        };
        let holder = Holder { name: self.name, address: self.address, phone: self.phone, area: self.area };
        Ok((account.into_account()?, holder))
    }
}

/// A row of `bills`.
#[derive(Debug, Queryable)]
pub(super) struct BillRow {
    account_number: String,
    number: String,
    period: String,
    class: String,
    principal_fen: i64,
    issued_on: NaiveDate,
    due_on: NaiveDate,
    status: String,
    principal_paid_fen: i64,
    penalty_paid_fen: i64,
    principal_by_day: String,
    sequence: i64,
    movement_id: i64,
}

impl BillRow {
    /// Account number and bill number.
    pub(super) fn key(&self) -> (&str, &str) {
        (&self.account_number, &self.number)
    }

    pub(super) fn into_bill(self) -> Result<Bill, StoreError> {
        Ok(Bill {
            class: word("customer_class", &self.class, CustomerClass::from_word)?,
            status: word("status", &self.status, BillStatus::from_word)?,
            principal_by_day: word("principal_by_day", &self.principal_by_day, PrincipalByDay::from_text)?,
            account_number: self.account_number,
            number: self.number,
            period: self.period,
            principal_fen: self.principal_fen,
            issued_on: self.issued_on,
            due_on: self.due_on,
            principal_paid_fen: self.principal_paid_fen,
            penalty_paid_fen: self.penalty_paid_fen,
            sequence: self.sequence,
            movement_id: self.movement_id,
        })
    }
}

/// A row of `channels` with one of its rules, if it has any.
#[derive(Debug, Queryable)]
pub(super) struct ChannelRow {
    code: String,
    kind: String,
    mode: String,
    is_suspended: bool,
    min_fen: i64,
    max_fen: i64,
    paid_at_back_days: i64,
    documents: String,
    rule_class: Option<String>,
    amount_rule: Option<String>,
}

/// Gathers the rows of each channel.
pub(super) fn channels_of(rows: Vec<ChannelRow>) -> Result<HashMap<String, Channel>, StoreError> {
    let mut channels = HashMap::new();
    for row in rows {
        let kind = word("kind", &row.kind, ChannelKind::from_word)?;
        let mode = word("mode", &row.mode, ChannelMode::from_word)?;
        let documents = word("documents", &row.documents, DocumentRule::from_word)?;
        let channel = channels.entry(row.code.clone()).or_insert_with(|| Channel {
            is_suspended: row.is_suspended,
            min_fen: row.min_fen,
            max_fen: row.max_fen,
            paid_at_back_days: row.paid_at_back_days,
            documents,
            ..Channel::new(row.code, kind, mode)
        });
        if let (Some(class), Some(rule)) = (row.rule_class, row.amount_rule) {
            let class = match class.as_str() {
                ANY_CLASS => None,
                class => Some(word("customer_class", class, CustomerClass::from_word)?),
            };
            channel.amount_rules.insert(class, word("amount_rule", &rule, AmountRule::from_word)?);
        }
    }
    Ok(channels)
}

/// A row of `penalty_policies`, or (with a part in place of the class) of `allocation_policies`.
#[derive(Debug, Queryable)]
pub(super) struct PolicyRow {
    class_or_part: String,
    effective_from: NaiveDate,
    due_year_permille: i64,
    later_years_permille: i64,
    start_day: i64,
    minimum_fen: i64,
}

/// Gathers the dated rules.
pub(super) fn policies_of(rows: Vec<PolicyRow>, zone: chrono_tz::Tz) -> Result<Policies, StoreError> {
    let mut policies = Policies { zone, penalty: Vec::new(), first_part: Vec::new() };
    for row in rows {
        match Part::from_word(&row.class_or_part) {
            Some(part) => policies.first_part.push((row.effective_from, part)),
            None => policies.penalty.push(PenaltyPolicy {
                class: word("customer_class", &row.class_or_part, CustomerClass::from_word)?,
                effective_from: row.effective_from,
                due_year_permille: row.due_year_permille,
                later_years_permille: row.later_years_permille,
                start_day: row.start_day,
                minimum_fen: row.minimum_fen,
            }),
        }
    }
    Ok(policies)
}

/// A row of `payments` with its reversal's, if there is one.
#[derive(Debug, Queryable)]
pub(super) struct PaymentRow {
    pub(super) id: i64,
    account_number: String,
    sequence: Option<i64>,
    channel_code: String,
    idempotency_key: String,
    amount_fen: i64,
    to_advance_fen: i64,
    to_suspense_fen: i64,
    paid_at_ms: i64,
    posted_at_ms: i64,
    paid_on: NaiveDate,
    business_day: NaiveDate,
    actor: String,
    token_id: String,
    note: Option<String>,
    reversal_id: Option<i64>,
    reversal_sequence: Option<i64>,
    reversal_channel_code: Option<String>,
    reversal_key: Option<String>,
    reversal_reason: Option<String>,
    reversal_is_early: Option<bool>,
    reversal_posted_at_ms: Option<i64>,
    reversal_business_day: Option<NaiveDate>,
    reversal_actor: Option<String>,
    reversal_token_id: Option<String>,
}

impl PaymentRow {
    pub(super) fn into_payment(self, allocations: Vec<Allocation>) -> Result<Payment, StoreError> {
        let reversal = self.reversal()?;
        Ok(Payment {
            id: self.id,
            account_number: self.account_number,
            sequence: self.sequence,
            channel_code: self.channel_code,
            idempotency_key: self.idempotency_key,
            amount_fen: self.amount_fen,
            to_advance_fen: self.to_advance_fen,
            to_suspense_fen: self.to_suspense_fen,
            paid_at_ms: self.paid_at_ms,
            posted_at_ms: self.posted_at_ms,
            paid_on: self.paid_on,
            business_day: self.business_day,
            actor: Actor { subject: self.actor, token_id: self.token_id },
            note: self.note,
            allocations,
            reversal,
        })
    }

    fn reversal(&self) -> Result<Option<Reversal>, StoreError> {
        let Some(id) = self.reversal_id else { return Ok(None) };
        let absent = || StoreError::Corrupt(format!("reversal {id} lacks a column"));
        Ok(Some(Reversal {
            id,
            account_number: self.account_number.clone(),
            payment_id: self.id,
            sequence: self.reversal_sequence,
            channel_code: self.reversal_channel_code.clone().ok_or_else(absent)?,
            idempotency_key: self.reversal_key.clone().ok_or_else(absent)?,
            reason: self.reversal_reason.clone().ok_or_else(absent)?,
            is_early: self.reversal_is_early.ok_or_else(absent)?,
            posted_at_ms: self.reversal_posted_at_ms.ok_or_else(absent)?,
            business_day: self.reversal_business_day.ok_or_else(absent)?,
            actor: Actor {
                subject: self.reversal_actor.clone().ok_or_else(absent)?,
                token_id: self.reversal_token_id.clone().ok_or_else(absent)?,
            },
        }))
    }
}

/// An allocation's row of `entries`.
#[derive(Debug, Queryable)]
pub(super) struct AllocationRow {
    movement_id: i64,
    bill_number: String,
    credit: String,
    amount_fen: i64,
    remaining_after_fen: i64,
}

/// Gathers allocations by payment, in order of settlement.
pub(super) fn allocations_of(rows: Vec<AllocationRow>) -> HashMap<i64, Vec<Allocation>> {
    let mut by_payment: HashMap<i64, Vec<Allocation>> = HashMap::new();
    for row in rows {
        let part = if row.credit == "PENALTY" { Part::Penalty } else { Part::Principal };
        by_payment.entry(row.movement_id).or_default().push(Allocation {
            bill_number: row.bill_number,
            part,
            amount_fen: row.amount_fen,
            remaining_after_fen: row.remaining_after_fen,
        });
    }
    by_payment
}

/// The columns of [`BillRow`], of `bills b`.
macro_rules! bill_columns {
    () => {
        "b.account_number, b.bill_number, b.period, b.customer_class, b.principal_fen, b.issued_on, b.due_on, \
         b.status, b.principal_paid_fen, b.penalty_paid_fen, b.principal_by_day, b.sequence, b.movement_id"
    };
}
pub(super) use bill_columns;

/// The SQL types of [`BillRow`].
pub(super) type BillSql = (
    sql::Text,
    sql::Text,
    sql::Text,
    sql::Text,
    sql::BigInt,
    sql::Date,
    sql::Date,
    sql::Text,
    sql::BigInt,
    sql::BigInt,
    sql::Text,
    sql::BigInt,
    sql::BigInt,
);

/// The columns of [`PaymentRow`], of `payments p LEFT JOIN reversals r`.
macro_rules! payment_columns {
    () => {
        "p.id, p.account_number, p.sequence, p.channel_code, p.idempotency_key, p.amount_fen, p.to_advance_fen, \
         p.to_suspense_fen, p.paid_at_ms, p.posted_at_ms, p.paid_on, p.business_day, p.actor, p.token_id, p.note, \
         r.id, r.sequence, r.channel_code, r.idempotency_key, r.reason, r.is_early, r.posted_at_ms, r.business_day, \
         r.actor, r.token_id"
    };
}
pub(super) use payment_columns;

/// The SQL types of [`PaymentRow`].
pub(super) type PaymentSql = (
    sql::BigInt,
    sql::Text,
    sql::Nullable<sql::BigInt>,
    sql::Text,
    sql::Text,
    sql::BigInt,
    sql::BigInt,
    sql::BigInt,
    sql::BigInt,
    sql::BigInt,
    sql::Date,
    sql::Date,
    sql::Text,
    sql::Text,
    sql::Nullable<sql::Text>,
    sql::Nullable<sql::BigInt>,
    sql::Nullable<sql::BigInt>,
    sql::Nullable<sql::Text>,
    sql::Nullable<sql::Text>,
    sql::Nullable<sql::Text>,
    sql::Nullable<sql::Bool>,
    sql::Nullable<sql::BigInt>,
    sql::Nullable<sql::Date>,
    sql::Nullable<sql::Text>,
    sql::Nullable<sql::Text>,
);
