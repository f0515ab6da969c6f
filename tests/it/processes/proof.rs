//! What must be true of a database after everything its clients were told.

use granary::store::audit;
use granary::store::base::check::Verdict;
use granary::store::base::connection::Connection;
use serde_json::Value;

use super::load::{Acknowledged, Book, post_all};
use super::site::Site;
use crate::support::client::Client;

/// Payments replayed in one request.
const BATCH_LEN: usize = 250;

/// What clients were told, against what is there.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Acknowledged, and not answered like that again.
    pub lost: Vec<String>,
    /// Payments beyond the first of a key.
    pub doubled: i64,
    /// Payments that nobody was told of.
    pub untold: i64,
    /// What is there less what was acknowledged, in fen.
    pub unexplained_fen: i64,
    /// What the audit found broken.
    pub broken: Vec<String>,
}

/// The audit of one snapshot, beside whatever is running, finds nothing broken.
#[track_caller]
pub fn audit_is_clean(site: &Site) {
    assert_eq!(broken(&mut site.reader()), Vec::<String>::new());
}

/// What the audit finds broken.
pub fn broken(connection: &mut Connection) -> Vec<String> {
    let findings = audit::run(connection).expect("the audit runs");
    let broken = findings.iter().filter(|finding| matches!(finding.verdict, Verdict::Broken { .. }));
    broken.map(|finding| format!("{finding:?}")).collect()
}

/// Every payment acknowledged is there once and nothing else is, each is replayed as it was answered
/// first, and the audit is clean. No client is at work any more; `others` payments stand in no book.
#[track_caller]
pub fn everything_told_is_true(site: &Site, client: &Client, books: &[&Book], others: usize) {
    let mut judgement = judge(site, client, books);
    judgement.untold -= i64::try_from(others).expect("few");
    assert_eq!((judgement.untold, &judgement.lost), (0, &Vec::new()));
    assert_eq!((judgement.doubled, &judgement.broken), (0, &Vec::new()));
}

/// Compares what clients were told with what is there. No client is at work any more.
pub fn judge(site: &Site, client: &Client, books: &[&Book]) -> Judgement {
    let acknowledged: Vec<&Acknowledged> = books.iter().flat_map(|book| &book.acknowledged).collect();
    let mut reader = site.reader();
    let told = i64::try_from(acknowledged.len()).expect("a count");
    let told_fen: i64 = acknowledged.iter().map(|acknowledged| fen(&acknowledged.input["amount"])).sum();
    let payments = count(&mut reader, "SELECT count(*) AS found FROM payments");
    let keys =
        "SELECT count(*) AS found FROM (SELECT DISTINCT channel_code, idempotency_key FROM payments) AS keys";
    let there_fen = "SELECT CAST(coalesce(sum(amount_fen), 0) AS BIGINT) AS found FROM payments";
    let doubled = payments - count(&mut reader, keys);
    Judgement {
        lost: not_replayed(client, &acknowledged),
        doubled,
        untold: payments - doubled - told,
        unexplained_fen: count(&mut reader, there_fen) - told_fen,
        broken: broken(&mut reader),
    }
}

/// The same inputs again get the same answers again.
#[track_caller]
pub fn are_replayed(client: &Client, acknowledged: &[&Acknowledged]) {
    assert_eq!(not_replayed(client, acknowledged), Vec::<String>::new());
}

/// Those of which the same input again doesn't get the same answer again.
fn not_replayed(client: &Client, acknowledged: &[&Acknowledged]) -> Vec<String> {
    let mut lost = Vec::new();
    for batch in acknowledged.chunks(BATCH_LEN) {
        let inputs: Vec<Value> = batch.iter().map(|acknowledged| acknowledged.input.clone()).collect();
        let (results, _, _) = post_all(client, &inputs);
        for (result, acknowledged) in results.iter().zip(batch) {
            if result["replayed"] != true || result["payment"] != acknowledged.payment {
                lost.push(format!("{acknowledged:?}, and later {result}"));
            }
        }
    }
    lost
}

/// An amount such as `"1.25"` in fen.
pub fn fen(amount: &Value) -> i64 {
    let text = amount.as_str().expect("an amount");
    text.replace('.', "").parse().expect("yuan with two decimals")
}

/// The number that a query finds as `found`.
pub fn count(connection: &mut Connection, query: &str) -> i64 {
    use diesel::sql_types::BigInt;
    use diesel::{QueryableByName, RunQueryDsl};
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        found: i64,
    }
    let query = diesel::sql_query(query);
    let row: Row = match connection {
        Connection::Postgres(connection) => query.get_result(connection),
        Connection::Sqlite(connection) => query.get_result(connection),
    }
    .expect("the database counts");
    row.found
}
