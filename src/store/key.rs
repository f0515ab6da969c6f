//! The key table: the one keyed path's rows. A key is claimed by inserting its row; what was recorded under it is read
//! from there for ever.

use std::collections::{BTreeMap, HashSet};

use diesel::RunQueryDsl;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use serde_json::Value as Json;

use super::StoreError;
use super::base::check::{Tally, for_each_row};
use super::base::connection::{Connection, on_each};
use super::base::in_order::{InOrder, Place};
use super::base::statement::statement;
use super::base::table::table;
use super::base::update::update;
use crate::domain::base::keys::{Key, KeyState, Keys, Record, Value};
use crate::domain::base::refusal::Refusal;
use crate::domain::book::{is_readable, kind_of_word};

/// Version of the text that inputs are kept in.
const INPUT_VERSION: i64 = 1;

table! {
    /// Every key ever used.
    idempotency_keys as k, columns key_columns, order (channel_code, idempotency_key),
        insert " ON CONFLICT DO NOTHING" {
        channel_code: String, idempotency_key: String, kind: String, number: i64, input: Built,
        refusal_code: Option<String>, refusal_message: Option<String>, refusal_field: Option<String>,
    }
}

update! {
    /// Rows that held what another command wanted.
    claimed_keys on idempotency_keys, key { channel_code: String, idempotency_key: String, }
        set { kind: String, number: i64, input: Built, }
}

update! {
    /// Keys whose command was refused.
    refused_keys on idempotency_keys, key { channel_code: String, idempotency_key: String, }
        set { refusal_code: String, refusal_message: String, refusal_field: Option<String>, }
}

impl idempotency_keys::Row {
    /// The key.
    pub(in crate::store) fn key(&self) -> Key {
        Key { channel_code: self.channel_code.clone(), text: self.idempotency_key.clone() }
    }

    /// What is recorded under it.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where no replay could be answered from it.
    pub(in crate::store) fn record(&self) -> Result<Record, StoreError> {
        let unreadable = |what: &str| StoreError::Corrupt(format!("key {:?}: {what}", self.key()));
        let refusal = self.refusal_code.as_ref().map(|code| Refusal {
            code: code.clone(),
            message: self.refusal_message.clone().unwrap_or_default(),
            field: self.refusal_field.clone(),
        });
        let record = Record {
            kind: kind_of_word(&self.kind).ok_or_else(|| unreadable("its kind"))?,
            number: self.number,
            input: input_of_text(&self.input).ok_or_else(|| unreadable("its input"))?,
            refusal,
        };
        if is_readable(&record) {
            Ok(record)
        } else {
            Err(unreadable("its input, its refusal, or what waits under it"))
        }
    }
}

fn new_row<'a>(key: &'a Key, record: &'a Record) -> idempotency_keys::New<'a> {
    idempotency_keys::New {
        channel_code: &key.channel_code,
        idempotency_key: &key.text,
        kind: record.kind.0,
        number: record.number,
        input: text_of_input(&record.input),
        refusal_code: None,
        refusal_message: None,
        refusal_field: None,
    }
}

/// An input as text: a JSON list of the version and the values, in order.
fn text_of_input(input: &[Value]) -> String {
    let mut json = String::with_capacity(64);
    json.push('[');
    push_number(&mut json, INPUT_VERSION);
    for value in input {
        json.push(',');
        match value {
            Value::Absent => json.push_str("null"),
            Value::Number(number) => push_number(&mut json, *number),
            Value::Text(text) => push_text(&mut json, text),
            Value::Texts(texts) => json.push_str(&Json::from(texts.as_slice()).to_string()),
        }
    }
    json.push(']');
    json
}

fn push_number(json: &mut String, number: i64) {
    use std::fmt::Write as _;
    let _a_string_takes_all = write!(json, "{number}");
}

/// Most texts are digits and need no escapes.
fn push_text(json: &mut String, text: &str) {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        json.push_str(&Json::from(text).to_string());
    }
}

/// Reads what [`text_of_input`] has written; `None` for any other text.
fn input_of_text(text: &str) -> Option<Vec<Value>> {
    let list: Vec<Json> = serde_json::from_str(text).ok()?;
    let (version, values) = list.split_first()?;
    let value = |json: &Json| match json {
        Json::Null => Some(Value::Absent),
        Json::Number(number) => number.as_i64().map(Value::Number),
        Json::String(text) => Some(Value::Text(text.clone())),
        Json::Array(texts) => {
            let texts = texts.iter().map(|text| text.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<String>>>().map(Value::Texts)
        }
        Json::Bool(_) | Json::Object(_) => None,
    };
    (version.as_i64() == Some(INPUT_VERSION)).then(|| values.iter().map(value).collect()).flatten()
}

/// Inserts the rows of keys not used before and returns those keys.
pub(in crate::store) fn insert(
    connection: &mut Connection,
    wanted: &BTreeMap<Key, Record>,
) -> Result<HashSet<Key>, StoreError> {
    if wanted.is_empty() {
        return Ok(HashSet::new());
    }
    match connection {
        Connection::Postgres(connection) => {
            let rows = InOrder::of(wanted.iter().map(|(key, record)| new_row(key, record)));
            let inserted: Vec<(String, String)> =
                InsertKeys(idempotency_keys::Columns::of(rows)).load(connection)?;
            Ok(inserted.into_iter().map(|(channel_code, text)| Key { channel_code, text }).collect())
        }
        Connection::Sqlite(connection) => {
            let mut inserted = HashSet::new();
            for (key, record) in wanted {
                if idempotency_keys::insert_one(connection, new_row(key, record))? {
                    inserted.insert(key.clone());
                }
            }
            Ok(inserted)
        }
    }
}

/// Returns the keys whose rows it has inserted.
struct InsertKeys<'a>(idempotency_keys::Columns<'a>);

impl QueryId for InsertKeys<'_> {
    type QueryId = InsertKeys<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for InsertKeys<'_> {
    type SqlType = (diesel::sql_types::Text, diesel::sql_types::Text);
}

impl<Conn> RunQueryDsl<Conn> for InsertKeys<'_> {}

impl QueryFragment<Pg> for InsertKeys<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> diesel::QueryResult<()> {
        self.0.walk(&mut out)?;
        out.push_sql(" ON CONFLICT DO NOTHING RETURNING channel_code, idempotency_key");
        Ok(())
    }
}

statement! {
    struct KeyRowsPg<'a> { channel_codes: Vec<&'a str> => Array<Text>, keys: Vec<&'a str> => Array<Text> }
    -> (idempotency_keys::Sql)
    pg concat!("SELECT ", key_columns!(), " FROM UNNEST(?, ?) AS w (channel_code, idempotency_key) \
        JOIN idempotency_keys k ON k.channel_code = w.channel_code AND k.idempotency_key = w.idempotency_key")
}

/// Loads the rows of keys that were used before.
pub(in crate::store) fn rows(
    connection: &mut Connection,
    keys: &[&Key],
) -> Result<Vec<idempotency_keys::Row>, StoreError> {
    match connection {
        Connection::Postgres(connection) => Ok(KeyRowsPg {
            channel_codes: keys.iter().map(|key| key.channel_code.as_str()).collect(),
            keys: keys.iter().map(|key| key.text.as_str()).collect(),
        }
        .load(connection)?),
        Connection::Sqlite(_) => {
            let mut rows = Vec::new();
            for key in keys {
                rows.extend(find_row(connection, key)?);
            }
            Ok(rows)
        }
    }
}

statement! {
    struct LockKeysPg<'a> { channel_codes: Vec<&'a str> => Array<Text>, keys: Vec<&'a str> => Array<Text> }
    -> (idempotency_keys::Sql)
    pg concat!("SELECT ", key_columns!(), " FROM UNNEST(?, ?) AS w (channel_code, idempotency_key) \
        JOIN idempotency_keys k ON k.channel_code = w.channel_code AND k.idempotency_key = w.idempotency_key \
        ORDER BY k.channel_code, k.idempotency_key FOR UPDATE OF k")
}

/// Locks these rows and loads them again, as they are now. SQLite's writer holds the whole database.
pub(in crate::store) fn lock(
    connection: &mut Connection,
    rows: Vec<idempotency_keys::Row>,
) -> Result<Vec<idempotency_keys::Row>, StoreError> {
    match connection {
        Connection::Postgres(connection) => Ok(LockKeysPg {
            channel_codes: rows.iter().map(|row| row.channel_code.as_str()).collect(),
            keys: rows.iter().map(|row| row.idempotency_key.as_str()).collect(),
        }
        .load(connection)?),
        Connection::Sqlite(_) => Ok(rows),
    }
}

statement! {
    struct KeyOf<'a> { channel_code: &'a str => Text, key: &'a str => Text } -> (idempotency_keys::Sql)
    both concat!("SELECT ", key_columns!(), " FROM idempotency_keys k WHERE k.channel_code = ? AND k.idempotency_key = ?")
}

fn find_row(connection: &mut Connection, key: &Key) -> Result<Option<idempotency_keys::Row>, StoreError> {
    let statement = KeyOf { channel_code: &key.channel_code, key: &key.text };
    let rows: Vec<idempotency_keys::Row> = on_each!(connection, inner => statement.load(inner))?;
    Ok(rows.into_iter().next())
}

/// What is recorded under a key; `None` where nothing was ever committed under it.
///
/// # Errors
/// Whatever the database says, and [`StoreError::Corrupt`].
pub fn find(connection: &mut Connection, key: &Key) -> Result<Option<Record>, StoreError> {
    find_row(connection, key)?.map(|row| row.record()).transpose()
}

/// A key that says something was done under it, which isn't there.
pub(in crate::store) fn lacks_outcome(key: &Key) -> StoreError {
    StoreError::Corrupt(format!("key {key:?} lacks what was done under it"))
}

impl Place for &Key {
    fn place(&self) -> impl Ord {
        *self
    }
}

/// Writes key rows again where they no longer say what was decided; `inserted` are keys whose rows this batch has
/// inserted: those that nobody used in the end go again.
pub(in crate::store) fn write(
    connection: &mut Connection,
    keys: &Keys,
    inserted: &HashSet<Key>,
) -> Result<(), StoreError> {
    let claimed = keys.claimed.iter().map(|(key, record)| claimed_keys::Change {
        channel_code: &key.channel_code,
        idempotency_key: &key.text,
        kind: record.kind.0,
        number: record.number,
        input: text_of_input(&record.input),
    });
    claimed_keys::make(connection, InOrder::of(claimed))?;
    let refused = keys.refused.iter().map(|(key, refusal)| refused_keys::Change {
        channel_code: &key.channel_code,
        idempotency_key: &key.text,
        refusal_code: &refusal.code,
        refusal_message: &refusal.message,
        refusal_field: refusal.field.as_deref(),
    });
    refused_keys::make(connection, InOrder::of(refused))?;
    let is_free = |key: &&Key| matches!(keys.get(key), KeyState::Free { .. });
    delete(connection, InOrder::of(inserted.iter().filter(is_free)))
}

statement! {
    struct DeleteKeysPg<'a> { channel_codes: Vec<&'a str> => Array<Text>, keys: Vec<&'a str> => Array<Text> }
    pg "DELETE FROM idempotency_keys k USING UNNEST(?, ?) AS n (channel_code, idempotency_key) \
        WHERE k.channel_code = n.channel_code AND k.idempotency_key = n.idempotency_key"
}

statement! {
    struct DeleteKeySqlite<'a> { channel_code: &'a str => Text, key: &'a str => Text }
    sqlite "DELETE FROM idempotency_keys WHERE channel_code = ? AND idempotency_key = ?"
}

fn delete(connection: &mut Connection, keys: InOrder<&Key>) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    match connection {
        Connection::Postgres(connection) => {
            DeleteKeysPg {
                channel_codes: keys.iter().map(|key| key.channel_code.as_str()).collect(),
                keys: keys.iter().map(|key| key.text.as_str()).collect(),
            }
            .execute(connection)?;
        }
        Connection::Sqlite(connection) => {
            for key in keys {
                DeleteKeySqlite { channel_code: &key.channel_code, key: &key.text }.execute(connection)?;
            }
        }
    }
    Ok(())
}

/// A recorded answer that no replay could repeat.
pub(in crate::store) const UNREADABLE: &str = "key whose recorded input or refusal can't be read";

statement! {
    struct AllKeys -> (idempotency_keys::Sql)
    both concat!("SELECT ", key_columns!(), " FROM idempotency_keys k")
}

/// Reads every key row as a replay would.
pub(in crate::store) fn read_all(connection: &mut Connection, tally: &mut Tally) -> Result<(), StoreError> {
    for_each_row!(connection, AllKeys {}, idempotency_keys::Row, |row: idempotency_keys::Row| {
        if row.record().is_err() {
            tally.add(|| format!("{UNREADABLE}: channel {} key {}", row.channel_code, row.idempotency_key));
        }
    });
    Ok(())
}
