//! PostgreSQL is stopped as by a crash, and started again, under a server at work.

use std::time::{Duration, Instant};

use serde_json::json;

use super::alone;
use super::load::Load;
use super::proof::{audit_is_clean, everything_told_is_true};
use super::server::wait_until;
use super::site::{BANK, Site};
use crate::support::postgres::Cluster;

const OUTAGES: usize = 3;
const CLIENTS: usize = 8;
const WITHIN: Duration = Duration::from_secs(30);
/// The service returns by itself so soon after PostgreSQL does.
const BACK_WITHIN: Duration = Duration::from_secs(5);

#[test]
fn postgres_stopped_hard_is_busy_meanwhile_and_forgotten_at_once() {
    let Some(cluster) = Cluster::private() else { return };
    let _alone = alone();
    let site = Site::new(&cluster.create_migrated("outage"), 100);
    let server = site.serve();
    let load = Load::start(&site, "outage", server.address, CLIENTS);
    for _ in 0..OUTAGES {
        let wanted = load.acknowledged() + 100;
        wait_until("payments before the outage", WITHIN, || load.acknowledged() >= wanted);
        cluster.stop_hard();
        let wanted = load.book().busy + 4 * u64::try_from(CLIENTS).expect("few");
        wait_until("answers during the outage", WITHIN, || load.book().busy >= wanted);
        look_ups_are_busy(&site, &server);
        cluster.start();
        let accepting_since = Instant::now();
        let before = load.acknowledged();
        wait_until("the service's return", WITHIN, || load.acknowledged() > before);
        let back = accepting_since.elapsed();
        println!("back {back:?} after PostgreSQL accepts connections");
        assert!(back <= BACK_WITHIN, "back only after {back:?}");
        look_ups_are_answered(&site, &server);
        audit_is_clean(&site);
    }
    let book = load.finish();
    assert_eq!(book.unanswered, 0, "tries without any answer; the server is there all the time");
    everything_told_is_true(&site, &site.client(&server, BANK), &[&book], 0);
    let acknowledged = book.acknowledged.len();
    println!("{acknowledged} acknowledged, {} BUSY, {} TIMEOUT", book.busy, book.timeout);
}

const LOOK_UP: &str = "query($number: String!) { account(number: $number) { number amountDue } }";

fn look_ups_are_busy(site: &Site, server: &super::server::Server) {
    let reply = site.client(server, BANK).send(LOOK_UP, json!({ "number": site.accounts[0] }));
    assert_eq!(reply.status, 503, "{reply:?}");
    assert_eq!(reply.body["errors"][0]["extensions"]["code"], "BUSY", "{reply:?}");
    assert_eq!(reply.body["errors"][0]["extensions"]["retryable"], true, "{reply:?}");
    assert!(reply.retry_after.is_some(), "{reply:?}");
}

fn look_ups_are_answered(site: &Site, server: &super::server::Server) {
    let data = site.client(server, BANK).data(LOOK_UP, json!({ "number": site.accounts[0] }));
    assert_eq!(data["account"]["number"], *site.accounts[0]);
}
