//! What must be true of a database after everything its clients were told.

use granary::store::audit::{self, Verdict};
use granary::store::connection::Connection;
use serde_json::{Value, json};

use super::load::{Acknowledged, Book, RECORDED};
use super::site::Site;
use crate::support::client::Client;

/// Payments replayed in one request.
const BATCH_LEN: usize = 250;

/// The audit of one snapshot, beside whatever is running, finds nothing broken.
pub fn audit_is_clean(site: &Site) {
    for finding in audit::run(&mut site.reader()).expect("the audit runs") {
        assert!(!matches!(finding.verdict, Verdict::Broken { .. }), "{finding:?}");
    }
}

/// Every payment acknowledged is there once and nothing else is, each is replayed as it was answered
/// first, and the audit is clean. No client is at work any more; `others` payments stand in no book.
pub fn everything_told_is_true(site: &Site, client: &Client, books: &[&Book], others: usize) {
    let acknowledged: Vec<&Acknowledged> = books.iter().flat_map(|book| &book.acknowledged).collect();
    let posted = count(&mut site.reader(), "SELECT count(*) AS found FROM payments");
    assert_eq!(usize::try_from(posted).ok(), Some(acknowledged.len() + others), "payments");
    are_replayed(client, &acknowledged);
    audit_is_clean(site);
}

/// The same inputs again get the same answers again.
pub fn are_replayed(client: &Client, acknowledged: &[&Acknowledged]) {
    let document = format!(
        "mutation($payments: [PaymentPostInput!]!) {{ paymentBatchPost(input: {{ payments: $payments }}) {{ \
         results {{ replayed userErrors {{ code }} payment {{ {RECORDED} }} }} }} }}"
    );
    for batch in acknowledged.chunks(BATCH_LEN) {
        let inputs: Vec<&Value> = batch.iter().map(|acknowledged| &acknowledged.input).collect();
        let data = client.data(&document, json!({ "payments": inputs }));
        let results = data["paymentBatchPost"]["results"].as_array().expect("a list").clone();
        assert_eq!(results.len(), batch.len());
        for (result, acknowledged) in results.iter().zip(batch) {
            assert_eq!(result["replayed"], true, "acknowledged but not there: {acknowledged:?}");
            assert_eq!(result["payment"], acknowledged.payment, "{}", acknowledged.input);
        }
    }
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
