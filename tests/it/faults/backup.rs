//! F21: copies made under load are restored. Each passes the audit and is what was there at one instant: nothing that
//! was acknowledged before it began is missing, nothing is in it that was sent after it ended, and nothing is in it
//! without all that was acknowledged before that was sent.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use granary::store::base::connection::{Connection, Database, Purpose};
use serde_json::Value;

use super::row::{POSTGRES, SQLITE, Trial, runs};
use crate::processes::alone;
use crate::processes::load::{Acknowledged, Book, Load};
use crate::processes::proof::{broken, count, judge};
use crate::processes::site::{BANK, Site};
use crate::support::backends::TestDatabase;
use crate::support::postgres::Cluster;
use crate::support::wait::wait_until;

const COPIES: usize = 3;
const CLIENTS: usize = 6;
const WITHIN: Duration = Duration::from_secs(60);

/// What a copy holds, and when it was made.
struct Copy {
    keys: BTreeSet<String>,
    begun_at: Instant,
    ended_at: Instant,
}

impl Copy {
    /// Looks at a restored database; the audit must find nothing.
    fn look(url: &str, begun_at: Instant, ended_at: Instant) -> Self {
        let database = Database::from_url(url).expect("a database URL");
        let mut reader = database.connect(Purpose::Read).expect("the restored database answers");
        assert_eq!(broken(&mut reader), Vec::<String>::new());
        Self { keys: keys(&mut reader), begun_at, ended_at }
    }

    /// What speaks against its being a prefix of what was acknowledged.
    fn gaps(&self, book: &Book) -> Vec<String> {
        let key = |acknowledged: &Acknowledged| text(&acknowledged.input["idempotencyKey"]);
        let (held, missing): (Vec<&Acknowledged>, Vec<&Acknowledged>) =
            book.acknowledged.iter().partition(|acknowledged| self.keys.contains(&key(acknowledged)));
        let newest = held.iter().map(|acknowledged| acknowledged.sent_at).max();
        let lost = missing.iter().filter(|missing| {
            missing.answered_at < self.begun_at || newest.is_some_and(|newest| missing.answered_at < newest)
        });
        let early = held.iter().filter(|held| held.sent_at > self.ended_at);
        let gap = |what: &str, acknowledged: &&&Acknowledged| format!("{what}: {acknowledged:?}");
        let lost = lost.map(|acknowledged| gap("missing", &acknowledged));
        lost.chain(early.map(|acknowledged| gap("from later", &acknowledged))).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

fn keys(connection: &mut Connection) -> BTreeSet<String> {
    use diesel::sql_types::Text;
    use diesel::{QueryableByName, RunQueryDsl};
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        idempotency_key: String,
    }
    let query = diesel::sql_query("SELECT idempotency_key FROM payments");
    let rows: Vec<Row> = match connection {
        Connection::Postgres(connection) => query.load(connection),
        Connection::Sqlite(connection) => query.load(connection),
    }
    .expect("the copy answers");
    rows.into_iter().map(|row| row.idempotency_key).collect()
}

/// Makes copies while clients are at work, restores each, and compares.
fn copied_under_load(site: &Site, trial: &mut Trial, mut copy: impl FnMut(usize) -> Copy) {
    let server = site.serve();
    let load = Load::start(site, "backup", server.address, CLIENTS);
    let mut copies = Vec::new();
    for number in 0..runs(COPIES) {
        load.wait_for_more("payments before the copy", 150, WITHIN);
        copies.push(copy(number));
        trial.made();
    }
    load.wait_for_more("payments after the last copy", 50, WITHIN);
    let book = load.finish();
    for copy in &copies {
        assert_eq!(copy.gaps(&book), Vec::<String>::new());
        assert!(!copy.keys.is_empty() && copy.keys.len() < book.acknowledged.len(), "a copy under load");
    }
    let held = copies.iter().map(|copy| copy.keys.len());
    let (least, most) = (held.clone().min().unwrap_or(0), held.max().unwrap_or(0));
    trial.note(format!("copies held {least} to {most} payments"));
    trial.heard(&book);
    trial.judged(&judge(site, &site.client(&server, BANK), &[&book]));
}

#[test]
fn a_copy_of_a_sqlite_file_under_load_is_whole() {
    let database = TestDatabase::sqlite();
    let _alone = alone();
    let mut trial = Trial::begin("F21", "granary backup under load", SQLITE);
    let site = Site::new(&database.url, 100);
    copied_under_load(&site, &mut trial, |number| {
        let file = site.folder().join(format!("copy-{number}.db"));
        let begun_at = Instant::now();
        site.succeed(&["backup", file.to_str().expect("UTF-8")]);
        let ended_at = Instant::now();
        let again = site.run(&["backup", file.to_str().expect("UTF-8")]);
        assert_eq!(again.status.code(), Some(1), "a copy is never written over: {again:?}");
        Copy::look(&format!("sqlite://{}", file.display()), begun_at, ended_at)
    });
    trial.end();
}

#[test]
fn a_base_backup_of_postgres_under_load_is_whole() {
    let Some(cluster) = Cluster::private() else { return };
    let _alone = alone();
    let mut trial = Trial::begin("F21", "pg_basebackup under load", POSTGRES);
    let site = Site::new(&cluster.create_migrated("backup"), 100);
    copied_under_load(&site, &mut trial, |_| {
        let begun_at = Instant::now();
        let restored = cluster.base_backup();
        let ended_at = Instant::now();
        restored.start();
        Copy::look(&restored.url("backup"), begun_at, ended_at)
    });
    trial.end();
}

/// A base backup, an archive of the log, and a named instant to return to.
#[test]
fn postgres_is_restored_to_a_chosen_instant() {
    let Some(cluster) = Cluster::archiving() else { return };
    let _alone = alone();
    let mut trial = Trial::begin("F21", "restored to an instant from the archived log", POSTGRES);
    let site = Site::new(&cluster.create_migrated("instant"), 100);
    let mut admin = site.reader();
    copied_under_load(&site, &mut trial, |number| {
        let restored = cluster.base_backup();
        let later = count(&mut admin, "SELECT count(*) AS found FROM payments") + 50;
        wait_until("payments after the base backup", WITHIN, || {
            count(&mut admin, "SELECT count(*) AS found FROM payments") >= later
        });
        let begun_at = Instant::now();
        let name = format!("instant-{number}");
        cluster.name_instant(&name);
        let ended_at = Instant::now();
        restored.recover_to(&name, &cluster.archive_folder());
        restored.start();
        restored.wait_until_recovered();
        Copy::look(&restored.url("instant"), begun_at, ended_at)
    });
    trial.end();
}

#[test]
fn a_gap_in_a_copy_is_found() {
    let start = Instant::now();
    let at = |second| start + Duration::from_secs(second);
    let acknowledged = |key: &str, sent: u64, answered: u64| Acknowledged {
        input: serde_json::json!({ "idempotencyKey": key }),
        payment: Value::Null,
        sent_at: at(sent),
        answered_at: at(answered),
    };
    let book = Book {
        acknowledged: vec![acknowledged("a", 0, 2), acknowledged("b", 1, 4), acknowledged("c", 5, 6)],
        ..Book::default()
    };
    let gaps = |keys: &[&str], begun: u64, ended: u64| {
        let keys = keys.iter().map(|&key| key.to_owned()).collect();
        Copy { keys, begun_at: at(begun), ended_at: at(ended) }.gaps(&book).len()
    };
    assert_eq!(gaps(&["a"], 3, 3), 0);
    assert_eq!(gaps(&["a", "b"], 3, 3), 0, "what was under way may be there");
    assert_eq!(gaps(&[], 3, 3), 1, "acknowledged before and missing");
    assert_eq!(gaps(&["a", "c"], 1, 7), 1, "sent after an acknowledgement, and there without that");
    assert_eq!(gaps(&["a", "b", "c"], 3, 4), 1, "sent after the copy ended");
}
