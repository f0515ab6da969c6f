//! What each table is kept by. Beyond one machine an account's rows lie together, so that every unique key of theirs
//! names the account; keys lie by channel and key; what is small is everywhere.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{QueryableByName, RunQueryDsl, sql_types};
use granary::store::base::connection::Connection;

use crate::support::backends::TestDatabase;
use crate::support::tables::{KeptBy, TABLES};

const UNIQUE_KEYS: &str = "SELECT t.relname::text AS table_name, \
    string_agg(a.attname::text, ',' ORDER BY a.attname) AS columns \
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace \
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY(i.indkey) \
    WHERE i.indisunique AND n.nspname = 'public' \
    GROUP BY t.relname, i.indexrelid";

const NAMES: &str =
    "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = 'public'";

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = sql_types::Text)]
    name: String,
}

#[derive(Debug, QueryableByName)]
struct UniqueKey {
    #[diesel(sql_type = sql_types::Text)]
    table_name: String,
    #[diesel(sql_type = sql_types::Text)]
    columns: String,
}

#[test]
fn every_table_is_in_the_list() {
    let Some(database) = TestDatabase::postgres() else { return };
    let Connection::Postgres(mut connection) = database.reader() else { unreachable!("it is PostgreSQL") };
    let names: Vec<Name> = diesel::sql_query(NAMES).load(&mut connection).expect("its tables");
    let found: BTreeSet<&str> = names.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(found, TABLES.iter().map(|table| table.name).collect());
}

#[test]
fn every_unique_key_holds_what_its_table_is_kept_by() {
    let Some(database) = TestDatabase::postgres() else { return };
    let Connection::Postgres(mut connection) = database.reader() else { unreachable!("it is PostgreSQL") };
    let keys: Vec<UniqueKey> =
        diesel::sql_query(UNIQUE_KEYS).load(&mut connection).expect("the catalogue can be read");
    let declared: BTreeMap<&str, KeptBy> = TABLES.iter().map(|table| (table.name, table.kept_by)).collect();
    let found: BTreeSet<&str> = keys.iter().map(|key| key.table_name.as_str()).collect();
    assert_eq!(found, declared.keys().copied().collect(), "each table says what it is kept by");
    for UniqueKey { table_name, columns } in &keys {
        let columns: Vec<&str> = columns.split(',').collect();
        let needed: &[&str] = match declared[table_name.as_str()] {
            KeptBy::Reference => &[],
            KeptBy::Account => &["account_number"],
            KeptBy::Key => &["channel_code", "idempotency_key"],
            KeptBy::Number => &["id"],
        };
        assert!(needed.iter().all(|column| columns.contains(column)), "{table_name}: {columns:?}");
    }
}
