//! The statements that write what payments stand on: channels, accounts, holders and new bills.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;
use diesel::{PgConnection, RunQueryDsl};

use super::super::StoreError;
use super::super::connection::{Connection, on_each};
use super::super::rows::ANY_CLASS;
use super::super::statement::statement;
use super::in_order::{InOrder, Row};
use crate::domain::bill::Bill;
use crate::domain::channel::{Channel, DocumentRule};
use crate::domain::command::SaveAccount;
use crate::domain::state::State;

/// Writes them all; accounts that are `absent` were not there when this batch looked.
pub(super) fn write(
    connection: &mut Connection,
    state: &State,
    absent: &HashSet<String>,
) -> Result<(), StoreError> {
    for change in channel_changes(state).iter() {
        write_channel(connection, change)?;
    }
    save_accounts(connection, &last_of_each(&state.changes.saved_accounts), absent)?;
    let issued = state.changes.issued_bills.iter().filter_map(|(account_number, bill_number)| {
        state.accounts.get(account_number).and_then(|account| account.bill(bill_number))
    });
    insert_bills(connection, &InOrder::of(issued))
}

/// What becomes of a channel.
enum ChannelChange<'a> {
    Add(&'a Channel),
    Suspend(&'a str, bool),
    RuleDocuments(&'a str, DocumentRule),
}

impl Row for ChannelChange<'_> {
    fn place(&self) -> impl Ord {
        match self {
            Self::Add(channel) => channel.code.as_str(),
            Self::Suspend(code, _) | Self::RuleDocuments(code, _) => code,
        }
    }
}

/// All changes of channels: their rows are one table's, so that they have one order.
fn channel_changes(state: &State) -> InOrder<ChannelChange<'_>> {
    let changes = &state.changes;
    let added = changes.added_channels.iter().map(ChannelChange::Add);
    let suspended = changes.suspended_channels.iter();
    let suspended = suspended.map(|(code, is_suspended)| ChannelChange::Suspend(code, *is_suspended));
    let ruled = changes.ruled_documents.iter();
    let ruled = ruled.map(|(code, documents)| ChannelChange::RuleDocuments(code, *documents));
    InOrder::of(added.chain(suspended).chain(ruled))
}

fn write_channel(connection: &mut Connection, change: &ChannelChange<'_>) -> Result<(), StoreError> {
    match *change {
        ChannelChange::Add(channel) => insert_channel(connection, channel)?,
        ChannelChange::Suspend(code, is_suspended) => {
            on_each!(connection, inner => SuspendChannel { is_suspended, code }.execute(inner))?;
        }
        ChannelChange::RuleDocuments(code, documents) => {
            let statement = RuleDocuments { documents: documents.word(), code };
            on_each!(connection, inner => statement.execute(inner))?;
        }
    }
    Ok(())
}

statement! {
    struct SuspendChannel<'a> { is_suspended: bool => Bool, code: &'a str => Text }
    both "UPDATE channels SET is_suspended = ? WHERE code = ?"
}

statement! {
    struct RuleDocuments<'a> { documents: &'a str => Text, code: &'a str => Text }
    both "UPDATE channels SET documents = ? WHERE code = ?"
}

statement! {
    struct InsertChannel<'a> {
        code: &'a str => Text, kind: &'a str => Text, mode: &'a str => Text, min_fen: i64 => BigInt,
        max_fen: i64 => BigInt, paid_at_back_days: i64 => BigInt, is_suspended: bool => Bool,
        documents: &'a str => Text,
    }
    both "INSERT INTO channels (code, kind, mode, min_fen, max_fen, paid_at_back_days, is_suspended, documents) \
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
}

statement! {
    struct InsertAmountRule<'a> { code: &'a str => Text, class: &'a str => Text, rule: &'a str => Text }
    both "INSERT INTO channel_amount_rules (channel_code, customer_class, amount_rule) VALUES (?, ?, ?)"
}

fn insert_channel(connection: &mut Connection, channel: &Channel) -> Result<(), StoreError> {
    let statement = InsertChannel {
        code: &channel.code,
        kind: channel.kind.word(),
        mode: channel.mode.word(),
        min_fen: channel.min_fen,
        max_fen: channel.max_fen,
        paid_at_back_days: channel.paid_at_back_days,
        is_suspended: channel.is_suspended,
        documents: channel.documents.word(),
    };
    on_each!(connection, inner => statement.execute(inner))?;
    for (class, rule) in &channel.amount_rules {
        let class = class.map_or(ANY_CLASS, |class| class.word());
        let statement = InsertAmountRule { code: &channel.code, class, rule: rule.word() };
        on_each!(connection, inner => statement.execute(inner))?;
    }
    Ok(())
}

/// An upsert may touch a row only once in PostgreSQL; the last line of a batch is the one that holds.
fn last_of_each(saved: &[SaveAccount]) -> InOrder<&SaveAccount> {
    let by_number: BTreeMap<&str, &SaveAccount> =
        saved.iter().map(|account| (account.number.as_str(), account)).collect();
    InOrder::of(by_number.into_values())
}

statement! {
    struct InsertAccountsPg<'a> {
        numbers: Vec<&'a str> => Array<Text>, statuses: Vec<&'a str> => Array<Text>, classes: Vec<&'a str> => Array<Text>,
    }
    pg "INSERT INTO accounts (account_number, status, customer_class, last_sequence, advance_fen, shortfall_fen) \
        SELECT number, status, class, 0, 0, 0 FROM UNNEST(?, ?, ?) AS a (number, status, class) ON CONFLICT DO NOTHING"
}

statement! {
    struct SaveAccountsPg<'a> {
        numbers: Vec<&'a str> => Array<Text>, statuses: Vec<&'a str> => Array<Text>, classes: Vec<&'a str> => Array<Text>,
    }
    pg "INSERT INTO accounts (account_number, status, customer_class, last_sequence, advance_fen, shortfall_fen) \
        SELECT number, status, class, 0, 0, 0 FROM UNNEST(?, ?, ?) AS a (number, status, class) \
        ON CONFLICT (account_number) DO UPDATE SET status = excluded.status, customer_class = excluded.customer_class \
        WHERE (accounts.status, accounts.customer_class) IS DISTINCT FROM (excluded.status, excluded.customer_class)"
}

statement! {
    struct SaveAccountSqlite<'a> { number: &'a str => Text, status: &'a str => Text, class: &'a str => Text }
    sqlite "INSERT INTO accounts (account_number, status, customer_class, last_sequence, advance_fen, shortfall_fen) \
        VALUES (?, ?, ?, 0, 0, 0) \
        ON CONFLICT (account_number) DO UPDATE SET status = excluded.status, customer_class = excluded.customer_class \
        WHERE (accounts.status, accounts.customer_class) IS NOT (excluded.status, excluded.customer_class)"
}

statement! {
    struct SaveHoldersPg<'a> {
        numbers: Vec<&'a str> => Array<Text>, names: Vec<&'a str> => Array<Text>, addresses: Vec<&'a str> => Array<Text>,
        phones: Vec<&'a str> => Array<Text>, areas: Vec<&'a str> => Array<Text>,
    }
    pg "INSERT INTO account_holders (account_number, name, address, phone, area) SELECT * FROM UNNEST(?, ?, ?, ?, ?) \
        ON CONFLICT (account_number) DO UPDATE SET name = excluded.name, address = excluded.address, \
        phone = excluded.phone, area = excluded.area \
        WHERE (account_holders.name, account_holders.address, account_holders.phone, account_holders.area) \
        IS DISTINCT FROM (excluded.name, excluded.address, excluded.phone, excluded.area)"
}

statement! {
    struct SaveHolderSqlite<'a> {
        number: &'a str => Text, name: &'a str => Text, address: &'a str => Text, phone: &'a str => Text,
        area: &'a str => Text,
    }
    sqlite "INSERT INTO account_holders (account_number, name, address, phone, area) VALUES (?, ?, ?, ?, ?) \
        ON CONFLICT (account_number) DO UPDATE SET name = excluded.name, address = excluded.address, \
        phone = excluded.phone, area = excluded.area \
        WHERE (account_holders.name, account_holders.address, account_holders.phone, account_holders.area) \
        IS NOT (excluded.name, excluded.address, excluded.phone, excluded.area)"
}

fn save_accounts(
    connection: &mut Connection,
    accounts: &InOrder<&SaveAccount>,
    absent: &HashSet<String>,
) -> Result<(), StoreError> {
    if accounts.is_empty() {
        return Ok(());
    }
    match connection {
        Connection::Postgres(connection) => {
            let is_new = |account: &&SaveAccount| absent.contains(&account.number);
            let (new, known): (Vec<_>, Vec<_>) = accounts.iter().copied().partition(is_new);
            create_accounts(connection, &InOrder::of(new))?;
            update_accounts(connection, &InOrder::of(known))?;
            SaveHoldersPg {
                numbers: accounts.iter().map(|account| account.number.as_str()).collect(),
                names: accounts.iter().map(|account| account.holder.name.as_str()).collect(),
                addresses: accounts.iter().map(|account| account.holder.address.as_str()).collect(),
                phones: accounts.iter().map(|account| account.holder.phone.as_str()).collect(),
                areas: accounts.iter().map(|account| account.holder.area.as_str()).collect(),
            }
            .execute(connection)?;
        }
        Connection::Sqlite(connection) => {
            for account in accounts.iter() {
                let (number, holder) = (account.number.as_str(), &account.holder);
                let (status, class) = (account.status.word(), account.class.word());
                SaveAccountSqlite { number, status, class }.execute(connection)?;
                let (name, address) = (holder.name.as_str(), holder.address.as_str());
                let (phone, area) = (holder.phone.as_str(), holder.area.as_str());
                SaveHolderSqlite { number, name, address, phone, area }.execute(connection)?;
            }
        }
    }
    Ok(())
}

/// What this batch decided stands on accounts that weren't there; it doesn't hold where one is there by now. Such a
/// row must not be locked either, so late: its owner may wait for rows of this batch.
fn create_accounts(
    connection: &mut PgConnection,
    accounts: &InOrder<&SaveAccount>,
) -> Result<(), StoreError> {
    if accounts.is_empty() {
        return Ok(());
    }
    let rows_written = InsertAccountsPg {
        numbers: accounts.iter().map(|account| account.number.as_str()).collect(),
        statuses: accounts.iter().map(|account| account.status.word()).collect(),
        classes: accounts.iter().map(|account| account.class.word()).collect(),
    }
    .execute(connection)?;
    if rows_written == accounts.len() { Ok(()) } else { Err(StoreError::Overtaken("an account")) }
}

fn update_accounts(
    connection: &mut PgConnection,
    accounts: &InOrder<&SaveAccount>,
) -> Result<(), StoreError> {
    if accounts.is_empty() {
        return Ok(());
    }
    SaveAccountsPg {
        numbers: accounts.iter().map(|account| account.number.as_str()).collect(),
        statuses: accounts.iter().map(|account| account.status.word()).collect(),
        classes: accounts.iter().map(|account| account.class.word()).collect(),
    }
    .execute(connection)?;
    Ok(())
}

statement! {
    struct InsertBillsPg<'a> {
        account_numbers: Vec<&'a str> => Array<Text>, bill_numbers: Vec<&'a str> => Array<Text>,
        periods: Vec<&'a str> => Array<Text>, classes: Vec<&'a str> => Array<Text>,
        principals: Vec<i64> => Array<BigInt>, issued: Vec<NaiveDate> => Array<Date>, due: Vec<NaiveDate> => Array<Date>,
        statuses: Vec<&'a str> => Array<Text>, principals_paid: Vec<i64> => Array<BigInt>,
        penalties_paid: Vec<i64> => Array<BigInt>, by_day: Vec<String> => Array<Text>,
        sequences: Vec<i64> => Array<BigInt>, movement_ids: Vec<i64> => Array<BigInt>,
    }
    pg "INSERT INTO bills (account_number, bill_number, period, customer_class, principal_fen, issued_on, due_on, \
        status, principal_paid_fen, penalty_paid_fen, principal_by_day, sequence, movement_id) \
        SELECT * FROM UNNEST(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
}

statement! {
    struct InsertBillSqlite<'a> {
        account_number: &'a str => Text, bill_number: &'a str => Text, period: &'a str => Text, class: &'a str => Text,
        principal: i64 => BigInt, issued_on: NaiveDate => Date, due_on: NaiveDate => Date, status: &'a str => Text,
        principal_paid: i64 => BigInt, penalty_paid: i64 => BigInt, by_day: String => Text, sequence: i64 => BigInt,
        movement_id: i64 => BigInt,
    }
    sqlite "INSERT INTO bills (account_number, bill_number, period, customer_class, principal_fen, issued_on, due_on, \
        status, principal_paid_fen, penalty_paid_fen, principal_by_day, sequence, movement_id) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
}

fn insert_bills(connection: &mut Connection, bills: &InOrder<&Bill>) -> Result<(), StoreError> {
    if bills.is_empty() {
        return Ok(());
    }
    match connection {
        Connection::Postgres(connection) => {
            InsertBillsPg {
                account_numbers: bills.iter().map(|bill| bill.account_number.as_str()).collect(),
                bill_numbers: bills.iter().map(|bill| bill.number.as_str()).collect(),
                periods: bills.iter().map(|bill| bill.period.as_str()).collect(),
                classes: bills.iter().map(|bill| bill.class.word()).collect(),
                principals: bills.iter().map(|bill| bill.principal_fen).collect(),
                issued: bills.iter().map(|bill| bill.issued_on).collect(),
                due: bills.iter().map(|bill| bill.due_on).collect(),
                statuses: bills.iter().map(|bill| bill.status.word()).collect(),
                principals_paid: bills.iter().map(|bill| bill.principal_paid_fen).collect(),
                penalties_paid: bills.iter().map(|bill| bill.penalty_paid_fen).collect(),
                by_day: bills.iter().map(|bill| bill.principal_by_day.to_text()).collect(),
                sequences: bills.iter().map(|bill| bill.sequence).collect(),
                movement_ids: bills.iter().map(|bill| bill.movement_id).collect(),
            }
            .execute(connection)?;
        }
        Connection::Sqlite(connection) => {
            for bill in bills.iter() {
                InsertBillSqlite {
                    account_number: &bill.account_number,
                    bill_number: &bill.number,
                    period: &bill.period,
                    class: bill.class.word(),
                    principal: bill.principal_fen,
                    issued_on: bill.issued_on,
                    due_on: bill.due_on,
                    status: bill.status.word(),
                    principal_paid: bill.principal_paid_fen,
                    penalty_paid: bill.penalty_paid_fen,
                    by_day: bill.principal_by_day.to_text(),
                    sequence: bill.sequence,
                    movement_id: bill.movement_id,
                }
                .execute(connection)?;
            }
        }
    }
    Ok(())
}
