//! F2: PostgreSQL is stopped as by a crash, and started again, or loses a process by force, under a server at work.

use std::time::{Duration, Instant};

use serde_json::json;

use super::row::{POSTGRES, Trial, runs};
use crate::processes::alone;
use crate::processes::load::Load;
use crate::processes::proof::{audit_is_clean, count};
use crate::processes::server::Server;
use crate::processes::site::{BANK, Site};
use crate::support::postgres::Cluster;
use crate::support::wait::wait_until;

const OUTAGES: usize = 3;
const CLIENTS: usize = 8;
const WITHIN: Duration = Duration::from_secs(30);
/// The service returns by itself so soon after PostgreSQL does.
const BACK_WITHIN: Duration = Duration::from_secs(5);

#[test]
fn postgres_stopped_hard_is_busy_meanwhile_and_forgotten_at_once() {
    let Some(cluster) = Cluster::private() else { return };
    let _alone = alone();
    let mut trial = Trial::begin("F2", "PostgreSQL stopped at once, started later", POSTGRES);
    let site = Site::new(&cluster.create_migrated("outage"), 100);
    let server = site.serve();
    let load = Load::start(&site, "outage", server.address, CLIENTS);
    for _ in 0..runs(OUTAGES) {
        load.wait_for_more("payments before the outage", 100, WITHIN);
        cluster.stop_hard();
        let wanted = load.book().busy + 4 * u64::try_from(CLIENTS).expect("few");
        wait_until("answers during the outage", WITHIN, || load.book().busy >= wanted);
        look_ups_are_busy(&site, &server);
        cluster.start();
        let accepting_since = Instant::now();
        load.wait_for_more("the service's return", 1, WITHIN);
        let back = accepting_since.elapsed();
        trial.made();
        trial.back_after(back);
        assert!(back <= BACK_WITHIN, "back only after {back:?}");
        look_ups_are_answered(&site, &server);
        audit_is_clean(&site);
    }
    let book = load.finish();
    assert_eq!(book.unanswered, 0, "tries without any answer; the server is there all the time");
    trial.note(format!("{} tries BUSY, {} TIMEOUT", book.busy, book.timeout));
    trial.conclude(&site, &site.client(&server, BANK), &book);
}

/// The oldest session that is in the middle of a batch.
const AT_WORK: &str = "SELECT coalesce(min(pid), 0)::bigint AS found FROM pg_stat_activity \
    WHERE datname = current_database() AND application_name = 'granary' AND xact_start IS NOT NULL \
    AND pid <> pg_backend_pid()";

/// PostgreSQL then ends all its sessions and recovers by itself.
#[test]
fn a_process_of_postgres_killed_is_noticed_and_forgotten_at_once() {
    let Some(cluster) = Cluster::private() else { return };
    let _alone = alone();
    let mut trial = Trial::begin("F2", "a process of PostgreSQL killed in mid-batch", POSTGRES);
    let site = Site::new(&cluster.create_migrated("killed"), 100);
    let server = site.serve();
    let load = Load::start(&site, "killed", server.address, CLIENTS);
    for _ in 0..runs(OUTAGES) {
        load.wait_for_more("payments before the kill", 100, WITHIN);
        let mut at_work = 0;
        let mut reader = site.reader();
        wait_until("a batch", WITHIN, || {
            at_work = count(&mut reader, AT_WORK);
            at_work != 0
        });
        drop(reader);
        cluster.kill_process(at_work);
        let back = load.wait_for_more("the service's return", 1, WITHIN);
        trial.made();
        trial.back_after(back);
        assert!(back <= BACK_WITHIN, "back only after {back:?}");
        audit_is_clean(&site);
    }
    let book = load.finish();
    assert_eq!(book.unanswered, 0, "tries without any answer; the server is there all the time");
    trial.note(format!("{} tries BUSY, {} TIMEOUT", book.busy, book.timeout));
    trial.conclude(&site, &site.client(&server, BANK), &book);
}

const LOOK_UP: &str = "query($number: String!) { account(number: $number) { number amountDue } }";

fn look_ups_are_busy(site: &Site, server: &Server) {
    let reply = site.client(server, BANK).send(LOOK_UP, json!({ "number": site.accounts[0] }));
    assert_eq!(reply.status, 503, "{reply:?}");
    assert_eq!(reply.body["errors"][0]["extensions"]["code"], "BUSY", "{reply:?}");
    assert_eq!(reply.body["errors"][0]["extensions"]["retryable"], true, "{reply:?}");
    assert!(reply.retry_after.is_some(), "{reply:?}");
}

fn look_ups_are_answered(site: &Site, server: &Server) {
    let data = site.client(server, BANK).data(LOOK_UP, json!({ "number": site.accounts[0] }));
    assert_eq!(data["account"]["number"], *site.accounts[0]);
}
