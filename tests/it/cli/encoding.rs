//! A database that keeps its text in another encoding than UTF-8 is refused by every command, with what to do. What the
//! client's side says of encodings changes nothing.

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use super::Desk;
use crate::support::backends::TestDatabase;
use crate::support::reads;

const ACCOUNTS: &str = "account_number,name,customer_class,address,phone,area,status\n\
    0552000001,张三,RESIDENTIAL,蚌埠市龙子湖区解放路1号,13800001234,龙子湖,ACTIVE\n";
const SECRET: (&str, &str) = ("GRANARY_JWT_SECRET", "0123456789abcdef0123456789abcdef");

fn assert_refused(desk: &Desk, url: &str, encoding: &str) {
    desk.write("accounts.csv", ACCOUNTS);
    for arguments in [
        &["migrate"][..],
        &["migrate", "--check"],
        &["serve", "--listen", "127.0.0.1:0"],
        &["channel", "list"],
        &["channel", "add", "X", "--kind", "bank", "--mode", "asking"],
        &["import", "accounts", "accounts.csv"],
        &["audit"],
    ] {
        let words = format!("the database keeps its text in {encoding}, and granary needs UTF");
        desk.run_with(arguments, &[SECRET, ("DATABASE_URL", url)]).fails(1, &words);
    }
}

#[test]
fn a_postgres_database_in_another_encoding_is_refused() {
    for encoding in ["SQL_ASCII", "LATIN1", "EUC_CN"] {
        let Some(database) = TestDatabase::postgres_encoded(encoding) else { return };
        assert_refused(&Desk::new(), &database.url, encoding);
    }
}

#[test]
fn a_sqlite_file_in_another_encoding_is_refused() {
    for encoding in ["UTF-16le", "UTF-16be"] {
        let desk = Desk::new();
        let path = desk.path("granary.db");
        let mut connection =
            SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("a SQLite file can be created");
        let statements = format!("PRAGMA encoding = '{encoding}'; CREATE TABLE other (name TEXT)");
        connection.batch_execute(&statements).expect("a table");
        assert_refused(&desk, "sqlite://granary.db", encoding);
    }
}

#[test]
fn an_encoding_that_the_client_s_side_names_changes_nothing() {
    let Some(database) = TestDatabase::postgres() else { return };
    for (at, (encoding, parameter)) in
        [("LATIN1", ""), ("SQL_ASCII", ""), ("nonsense", ""), ("", "client_encoding=GBK")].iter().enumerate()
    {
        let desk = Desk::new();
        let number = format!("055200000{at}");
        desk.write("accounts.csv", ACCOUNTS.replace("0552000001", &number));
        let separator = if database.url.contains('?') { '&' } else { '?' };
        let url = if parameter.is_empty() {
            database.url.clone()
        } else {
            format!("{}{separator}{parameter}", database.url)
        };
        let mut variables = vec![("DATABASE_URL", url.as_str())];
        if !encoding.is_empty() {
            variables.push(("PGCLIENTENCODING", encoding));
        }
        desk.run_with(&["import", "accounts", "accounts.csv"], &variables).succeeds();
        let found = reads::account(&mut database.reader(), &number).expect("accounts").expect("it is there");
        assert_eq!(found.holder.name, "张三");
    }
}
