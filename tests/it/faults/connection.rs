//! F9: the connection to PostgreSQL is cut, at the COMMIT and anywhere else. Whatever became of the payment, its
//! client hears the truth, and it is there once.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use super::proxy::{Cut, Place, Proxy};
use super::row::{POSTGRES, Trial, runs};
use crate::processes::alone;
use crate::processes::load::{Book, Load};
use crate::processes::proof::audit_is_clean;
use crate::processes::server::Server;
use crate::processes::site::{BANK, Site};
use crate::support::client::Client;
use crate::support::postgres::Cluster;
use crate::support::wait::wait_until;

const CUTS: usize = 4;
const CLIENTS: usize = 6;
const WITHIN: Duration = Duration::from_secs(60);
/// A connection that is reset or ended is noticed at once.
const BACK_WITHIN: Duration = Duration::from_secs(5);
/// A peer that says nothing is waited for a while: the server's own time for an answer, and some.
const BACK_FROM_SILENCE_WITHIN: Duration = Duration::from_secs(16);
/// Bytes of a few payments.
const BYTES_MAX: i64 = 60_000;

/// A site whose servers, with one lane each, go through the proxy.
fn site_behind(cluster: &Cluster, proxy: &Proxy, database: &str) -> Site {
    let direct = cluster.create_migrated(database);
    let through = direct.replace(&format!(":{}/", cluster.port()), &format!(":{}/", proxy.port()));
    assert_ne!(direct, through);
    let site = Site::new(&direct, 20).reached_by(through);
    fs::write(site.folder().join("granary.toml"), "lanes = 1\n").expect("a file");
    site
}

#[test]
fn an_answer_to_commit_that_is_cut_off_is_found_again() {
    let Some(cluster) = Cluster::private() else { return };
    let _alone = alone();
    for (place, where_cut) in [(Place::BeforeCommit, "before COMMIT"), (Place::AfterCommit, "after COMMIT")] {
        for (cut, how) in [(Cut::Reset, "reset"), (Cut::End, "ended")] {
            let what = format!("connection {how} {where_cut}");
            cut_at_commit(&cluster, place, cut, &what, runs(CUTS));
        }
    }
}

#[test]
fn a_connection_that_falls_silent_at_commit_is_given_up() {
    let Some(cluster) = Cluster::private() else { return };
    let _alone = alone();
    for (place, where_cut) in [(Place::BeforeCommit, "before COMMIT"), (Place::AfterCommit, "after COMMIT")] {
        let what = format!("connection silent {where_cut}");
        cut_at_commit(&cluster, place, Cut::Silence, &what, runs(1));
    }
}

fn cut_at_commit(cluster: &Cluster, place: Place, cut: Cut, what: &str, run_count: usize) {
    let mut trial = Trial::begin("F9", what, POSTGRES);
    let proxy = Proxy::start(cluster.port());
    let database: String = what.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let site = site_behind(cluster, &proxy, &database);
    let server = site.serve();
    let client = site.client(&server, BANK);
    let mut book = Book::default();
    for run in 0..run_count {
        post(&client, &site, &format!("before-{run}"), &mut book);
        proxy.cut(place, cut);
        let back = post(&client, &site, &format!("cut-{run}"), &mut book);
        assert_eq!(proxy.made(), run as u64 + 1, "the connection was cut");
        let within = if cut == Cut::Silence { BACK_FROM_SILENCE_WITHIN } else { BACK_WITHIN };
        assert!(back <= within, "answered only after {back:?}");
        trial.made();
        trial.back_after(back);
        audit_is_clean(&site);
    }
    trial.note(format!("{} tries BUSY, {} TIMEOUT", book.busy, book.timeout));
    trial.conclude(&site, &client, &book);
}

/// Posts a payment until it is answered, and says how long that took.
fn post(client: &Client, site: &Site, key: &str, book: &mut Book) -> Duration {
    let sent_at = Instant::now();
    let input = json!({ "idempotencyKey": key, "accountNumber": site.accounts[0], "amount": "1.25" });
    book.post_all(client, vec![input], false);
    sent_at.elapsed()
}

/// The one reader's connection falls silent, or that of the rules, whichever carries the byte.
#[test]
fn a_look_up_whose_connection_falls_silent_is_given_up() {
    let Some(cluster) = Cluster::private() else { return };
    let _alone = alone();
    let proxy = Proxy::start(cluster.port());
    let site = site_behind(&cluster, &proxy, "looked_up");
    fs::write(site.folder().join("granary.toml"), "readers = 1\n").expect("a file");
    let server = site.serve();
    let client = site.client(&server, BANK);
    let is_answered = || {
        let document = "query($number: String!) { account(number: $number) { amountDue } }";
        let reply = client.send(document, json!({ "number": site.accounts[0] }));
        assert!([200, 503].contains(&reply.status), "{reply:?}");
        reply.status == 200
    };
    assert!(is_answered());
    proxy.cut(Place::After(2_000), Cut::Silence);
    while proxy.made() == 0 {
        assert!(is_answered() || proxy.made() > 0, "only a silent connection leaves a look-up unanswered");
    }
    let back = wait_until("look-ups", WITHIN, is_answered);
    assert!(back <= BACK_FROM_SILENCE_WITHIN, "answered only after {back:?}");
}

#[test]
fn connections_cut_anywhere_lose_nothing() {
    let Some(cluster) = Cluster::private() else { return };
    let _alone = alone();
    let mut trial = Trial::begin("F9", "connection reset or ended anywhere, under load", POSTGRES);
    let proxy = Proxy::start(cluster.port());
    let site = site_behind(&cluster, &proxy, "anywhere");
    let server: Server = site.serve();
    let load = Load::start(&site, "anywhere", server.address, CLIENTS);
    for run in 0..runs(5 * CUTS) {
        load.wait_for_more("payments between cuts", 10, WITHIN);
        let bytes = trial.random.between(1, BYTES_MAX).unsigned_abs();
        proxy.cut(Place::After(bytes), if trial.random.chance(50) { Cut::Reset } else { Cut::End });
        wait_until("the cut", WITHIN, || proxy.made() > run as u64);
        let cut_at = Instant::now();
        load.wait_for_more("the service's return", 1, WITHIN);
        trial.made();
        trial.back_after(cut_at.elapsed());
    }
    let book = load.finish();
    assert_eq!(book.unanswered, 0, "tries without any answer; the server is there all the time");
    trial.note(format!("{} tries BUSY, {} TIMEOUT", book.busy, book.timeout));
    trial.conclude(&site, &site.client(&server, BANK), &book);
}
