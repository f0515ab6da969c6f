//! The reference implementation's own clients: the audit suite of GraphQL over HTTP, and the schema as a
//! client builds it.

use serde_json::Value;

use crate::support::app::TestApp;
use crate::support::backends::TestDatabase;
use crate::support::peers;

/// Audits of graphql-http 1.23.
const AUDITS: usize = 61;

#[test]
fn graphql_over_http_is_spoken_in_every_point_of_the_audit_suite() {
    let Some(folder) = peers::node() else { return };
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database, Vec::new());
    let (url, token) = (format!("http://{}/graphql", app.address), app.token("BANK-1", "bills:read", None));
    let output = peers::run_node(&folder, "audit.mjs", &url, &token);
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let results: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let failed: Vec<&Value> = results.iter().filter(|result| result["status"] != "ok").collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(results.len(), AUDITS);
}

#[test]
fn a_client_builds_the_schema_and_a_customer_does_not() {
    let Some(folder) = peers::node() else { return };
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database, Vec::new());
    let url = format!("http://{}/graphql", app.address);
    let of_channel =
        peers::run_node(&folder, "introspect.mjs", &url, &app.token("BANK-1", "bills:read", None));
    let schema = String::from_utf8_lossy(&of_channel.stdout);
    assert!(schema.contains("input PaymentPostInput {"), "{of_channel:?}");
    let customer = app.token("APP", "bills:read", Some(vec!["0000000001".to_owned()]));
    let of_customer = peers::run_node(&folder, "introspect.mjs", &url, &customer);
    assert_eq!(of_customer.status.code(), Some(1), "{of_customer:?}");
}
