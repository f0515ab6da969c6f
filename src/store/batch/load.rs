//! The statements that load a batch. PostgreSQL takes lists as arrays; SQLite, where a statement
//! costs no round trip, takes one row at a time.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;
use chrono_tz::Tz;
use diesel::RunQueryDsl;

use super::super::StoreError;
use super::super::connection::{Connection, on_each};
use super::super::key_row::{KeyRow, KeySql, key_columns};
use super::super::rows::{
    AccountRow, BillRow, BillSql, ChannelRow, PolicyRow, bill_columns, channels_of, policies_of,
};
use super::super::statement::statement;
use super::super::{read, read_payments};
use super::WantedKeys;
use crate::domain::account::Account;
use crate::domain::bill::Bill;
use crate::domain::channel::Channel;
use crate::domain::command::Key;
use crate::domain::payment::Payment;
use crate::domain::state::Policies;

statement! {
    struct InsertKeysPg<'a> {
        channel_codes: Vec<&'a str> => Array<Text>, keys: Vec<&'a str> => Array<Text>,
        mutations: Vec<&'a str> => Array<Text>, movement_ids: Vec<i64> => Array<BigInt>,
        account_numbers: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        amounts: Vec<Option<i64>> => Array<Nullable<BigInt>>,
        paid_ats: Vec<Option<i64>> => Array<Nullable<BigInt>>,
        bill_numbers: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        counterparts: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        reasons: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        actors: Vec<Option<&'a str>> => Array<Nullable<Text>>,
        token_ids: Vec<Option<&'a str>> => Array<Nullable<Text>>,
    } -> (Text, Text)
    pg "INSERT INTO idempotency_keys (channel_code, idempotency_key, mutation, movement_id, account_number, \
        amount_fen, paid_at_ms, bill_numbers, counterpart_key, reason, actor, token_id) \
        SELECT * FROM UNNEST(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
        ON CONFLICT DO NOTHING RETURNING channel_code, idempotency_key"
}

statement! {
    struct InsertKeySqlite<'a> {
        channel_code: &'a str => Text, key: &'a str => Text, mutation: &'a str => Text, movement_id: i64 => BigInt,
        account_number: Option<&'a str> => Nullable<Text>, amount: Option<i64> => Nullable<BigInt>,
        paid_at: Option<i64> => Nullable<BigInt>, bill_numbers: Option<&'a str> => Nullable<Text>,
        counterpart: Option<&'a str> => Nullable<Text>, reason: Option<&'a str> => Nullable<Text>,
        actor: Option<&'a str> => Nullable<Text>, token_id: Option<&'a str> => Nullable<Text>,
    }
    sqlite "INSERT INTO idempotency_keys (channel_code, idempotency_key, mutation, movement_id, account_number, \
        amount_fen, paid_at_ms, bill_numbers, counterpart_key, reason, actor, token_id) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
}

/// Inserts the rows of keys not used before and returns those keys.
pub(super) fn insert_keys(
    connection: &mut Connection,
    wanted: &WantedKeys,
) -> Result<HashSet<Key>, StoreError> {
    if wanted.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = || wanted.values();
    match connection {
        Connection::Postgres(connection) => {
            let inserted: Vec<(String, String)> = InsertKeysPg {
                channel_codes: rows().map(|row| row.channel_code.as_str()).collect(),
                keys: rows().map(|row| row.idempotency_key.as_str()).collect(),
                mutations: rows().map(|row| row.mutation.as_str()).collect(),
                movement_ids: rows().map(|row| row.movement_id).collect(),
                account_numbers: rows().map(|row| row.account_number.as_deref()).collect(),
                amounts: rows().map(|row| row.amount_fen).collect(),
                paid_ats: rows().map(|row| row.paid_at_ms).collect(),
                bill_numbers: rows().map(|row| row.bill_numbers.as_deref()).collect(),
                counterparts: rows().map(|row| row.counterpart_key.as_deref()).collect(),
                reasons: rows().map(|row| row.reason.as_deref()).collect(),
                actors: rows().map(|row| row.actor.as_deref()).collect(),
                token_ids: rows().map(|row| row.token_id.as_deref()).collect(),
            }
            .load(connection)?;
            Ok(inserted.into_iter().map(|(channel_code, text)| Key { channel_code, text }).collect())
        }
        Connection::Sqlite(connection) => {
            let mut inserted = HashSet::new();
            for (key, row) in wanted {
                let rows_written = InsertKeySqlite {
                    channel_code: &row.channel_code,
                    key: &row.idempotency_key,
                    mutation: &row.mutation,
                    movement_id: row.movement_id,
                    account_number: row.account_number.as_deref(),
                    amount: row.amount_fen,
                    paid_at: row.paid_at_ms,
                    bill_numbers: row.bill_numbers.as_deref(),
                    counterpart: row.counterpart_key.as_deref(),
                    reason: row.reason.as_deref(),
                    actor: row.actor.as_deref(),
                    token_id: row.token_id.as_deref(),
                }
                .execute(connection)?;
                if rows_written == 1 {
                    inserted.insert(key.clone());
                }
            }
            Ok(inserted)
        }
    }
}

statement! {
    struct KeyRowsPg<'a> { channel_codes: Vec<&'a str> => Array<Text>, keys: Vec<&'a str> => Array<Text> }
    -> (KeySql)
    pg concat!("SELECT ", key_columns!(), " FROM UNNEST(?, ?) AS w (channel_code, idempotency_key) \
        JOIN idempotency_keys k ON k.channel_code = w.channel_code AND k.idempotency_key = w.idempotency_key")
}

/// Loads the rows of keys that were used before.
pub(super) fn key_rows(connection: &mut Connection, keys: &[&Key]) -> Result<Vec<KeyRow>, StoreError> {
    match connection {
        Connection::Postgres(connection) => Ok(KeyRowsPg {
            channel_codes: keys.iter().map(|key| key.channel_code.as_str()).collect(),
            keys: keys.iter().map(|key| key.text.as_str()).collect(),
        }
        .load(connection)?),
        Connection::Sqlite(_) => {
            let mut rows = Vec::new();
            for key in keys {
                rows.extend(read::find_key_row(connection, &key.channel_code, &key.text)?);
            }
            Ok(rows)
        }
    }
}

statement! {
    struct LockKeysPg<'a> { channel_codes: Vec<&'a str> => Array<Text>, keys: Vec<&'a str> => Array<Text> }
    -> (KeySql)
    pg concat!("SELECT ", key_columns!(), " FROM UNNEST(?, ?) AS w (channel_code, idempotency_key) \
        JOIN idempotency_keys k ON k.channel_code = w.channel_code AND k.idempotency_key = w.idempotency_key \
        ORDER BY k.channel_code, k.idempotency_key FOR UPDATE OF k")
}

/// Locks these rows and loads them again, as they are now. SQLite's writer holds the whole database.
pub(super) fn lock_keys(connection: &mut Connection, rows: Vec<KeyRow>) -> Result<Vec<KeyRow>, StoreError> {
    match connection {
        Connection::Postgres(connection) => Ok(LockKeysPg {
            channel_codes: rows.iter().map(|row| row.channel_code.as_str()).collect(),
            keys: rows.iter().map(|row| row.idempotency_key.as_str()).collect(),
        }
        .load(connection)?),
        Connection::Sqlite(_) => Ok(rows),
    }
}

/// The payments that these movements posted or reversed, with their allocations.
pub(super) fn payments(
    connection: &mut Connection,
    movement_ids: &[i64],
) -> Result<Vec<Payment>, StoreError> {
    read_payments::load_payments_of_movements(connection, movement_ids)
}

statement! {
    struct Channels -> (Text, Text, Text, Bool, BigInt, BigInt, BigInt, Text, Nullable<Text>, Nullable<Text>)
    both "SELECT c.code, c.kind, c.mode, c.is_suspended, c.min_fen, c.max_fen, c.paid_at_back_days, \
          c.documents, r.customer_class, r.amount_rule \
          FROM channels c LEFT JOIN channel_amount_rules r ON r.channel_code = c.code"
}

/// All registered channels with their rules.
pub(in crate::store) fn channels(
    connection: &mut Connection,
) -> Result<HashMap<String, Channel>, StoreError> {
    let rows: Vec<ChannelRow> = on_each!(connection, inner => Channels {}.load(inner))?;
    channels_of(rows)
}

statement! {
    struct PolicyRows -> (Text, Date, BigInt, BigInt, BigInt, BigInt)
    both "SELECT customer_class, effective_from, due_year_permille, later_years_permille, start_day, minimum_fen \
          FROM penalty_policies \
          UNION ALL SELECT first_part, effective_from, 0, 0, 0, 0 FROM allocation_policies"
}

/// The utility's dated rules.
pub(in crate::store) fn policies(connection: &mut Connection, zone: Tz) -> Result<Policies, StoreError> {
    let rows: Vec<PolicyRow> = on_each!(connection, inner => PolicyRows {}.load(inner))?;
    policies_of(rows, zone)
}

statement! {
    struct LockAccountsPg<'a> { numbers: Vec<&'a str> => Array<Text> }
    -> (Text, Text, Text, BigInt, BigInt, BigInt, Nullable<Date>)
    pg "SELECT account_number, status, customer_class, last_sequence, advance_fen, shortfall_fen, open_from \
        FROM accounts WHERE account_number = ANY(?) ORDER BY account_number FOR UPDATE"
}

statement! {
    struct AccountSqlite<'a> { number: &'a str => Text }
    -> (Text, Text, Text, BigInt, BigInt, BigInt, Nullable<Date>)
    sqlite "SELECT account_number, status, customer_class, last_sequence, advance_fen, shortfall_fen, open_from \
        FROM accounts WHERE account_number = ?"
}

/// Locks and loads the hot rows of the accounts that exist, in sorted order.
pub(super) fn lock_accounts(
    connection: &mut Connection,
    numbers: &BTreeSet<&str>,
) -> Result<Vec<Account>, StoreError> {
    let rows: Vec<AccountRow> = match connection {
        Connection::Postgres(connection) => {
            LockAccountsPg { numbers: numbers.iter().copied().collect() }.load(connection)?
        }
        Connection::Sqlite(connection) => {
            let mut rows = Vec::new();
            for number in numbers {
                rows.extend(AccountSqlite { number }.load::<AccountRow>(connection)?);
            }
            rows
        }
    };
    rows.into_iter().map(AccountRow::into_account).collect()
}

statement! {
    struct BillsPg<'a> {
        numbers: Vec<&'a str> => Array<Text>, open_from: Vec<NaiveDate> => Array<Date>,
        named_accounts: Vec<&'a str> => Array<Text>, named_bills: Vec<&'a str> => Array<Text>,
    }
    -> (BillSql)
    pg concat!(
        "SELECT ", bill_columns!(), " FROM UNNEST(?, ?) AS a (account_number, open_from) \
         JOIN bills b ON b.account_number = a.account_number AND b.due_on >= a.open_from \
         AND b.status IN ('OPEN', 'PARTLY_PAID') \
         UNION ALL SELECT ", bill_columns!(), " FROM UNNEST(?, ?) AS n (account_number, bill_number) \
         JOIN bills b ON b.account_number = n.account_number AND b.bill_number = n.bill_number"
    )
}

statement! {
    struct OpenBillsSqlite<'a> { number: &'a str => Text, open_from: NaiveDate => Date }
    -> (BillSql)
    sqlite concat!("SELECT ", bill_columns!(), " FROM bills b WHERE b.account_number = ? AND b.due_on >= ? \
        AND b.status IN ('OPEN', 'PARTLY_PAID')")
}

statement! {
    struct BillSqlite<'a> { account_number: &'a str => Text, bill_number: &'a str => Text }
    -> (BillSql)
    sqlite concat!("SELECT ", bill_columns!(), " FROM bills b WHERE b.account_number = ? AND b.bill_number = ?")
}

/// All payable bills of the accounts and the bills named; one may come twice. The range by due date
/// keeps paid history out of reach.
pub(super) fn bills(
    connection: &mut Connection,
    accounts: &[Account],
    named: &BTreeSet<(&str, &str)>,
) -> Result<Vec<Bill>, StoreError> {
    let open = || accounts.iter().filter_map(|account| Some((account.number.as_str(), account.open_from?)));
    let rows: Vec<BillRow> = match connection {
        Connection::Postgres(connection) => BillsPg {
            numbers: open().map(|(number, _)| number).collect(),
            open_from: open().map(|(_, open_from)| open_from).collect(),
            named_accounts: named.iter().map(|(account_number, _)| *account_number).collect(),
            named_bills: named.iter().map(|(_, bill_number)| *bill_number).collect(),
        }
        .load(connection)?,
        Connection::Sqlite(connection) => {
            let mut rows = Vec::new();
            for (number, open_from) in open() {
                rows.extend(OpenBillsSqlite { number, open_from }.load::<BillRow>(connection)?);
            }
            for (account_number, bill_number) in named {
                rows.extend(BillSqlite { account_number, bill_number }.load::<BillRow>(connection)?);
            }
            rows
        }
    };
    rows.into_iter().map(BillRow::into_bill).collect()
}
