//! One of two servers stands still in the middle of a batch, with its locks held.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::processes::alone;
use crate::processes::load::Load;
use crate::processes::proof::{audit_is_clean, count, everything_told_is_true};
use crate::processes::server::Server;
use crate::processes::site::{BANK, Site};
use crate::support::backends::TestDatabase;
use crate::support::client::Client;
use crate::support::wait::{POLL_EVERY, wait_until};

/// Few, so that every batch touches most of them and the servers wait for each other.
const ACCOUNTS: usize = 10;
const CLIENTS: usize = 6;
/// Freezes that must hit the middle of a batch, and tries for that.
const FREEZES: usize = 3;
const TRIES_MAX: usize = 60;
const WITHIN: Duration = Duration::from_secs(30);
const OTHER_BACK_WITHIN: Duration = Duration::from_secs(10);

/// Transactions that stand still although their server is not waiting for PostgreSQL.
const STANDING: &str = "SELECT count(*) AS found FROM pg_stat_activity \
    WHERE datname = current_database() AND application_name = 'granary' AND state = 'idle in transaction' \
    AND state_change < clock_timestamp() - interval '500 milliseconds'";
const STANDS_WITHIN: Duration = Duration::from_millis(800);

#[test]
fn a_server_frozen_in_mid_batch_does_not_stop_the_other() {
    let Some(database) = TestDatabase::postgres() else { return };
    let _alone = alone();
    let site = Site::new(&database.url, ACCOUNTS);
    let (frozen, other) = (site.serve(), site.serve());
    let loads = [
        Load::start(&site, "frozen", frozen.address, CLIENTS),
        Load::start(&site, "other", other.address, CLIENTS),
    ];
    let client = site.client(&other, BANK);
    let mut frozen_in_batch = 0;
    let mut probed = Vec::new();
    for number in 0..TRIES_MAX {
        for load in &loads {
            load.wait_for_more("payments on both servers", 20, WITHIN);
        }
        let frozen_at = Instant::now();
        frozen.signal("STOP");
        let stands = stands_in_a_transaction(&site);
        if stands {
            probed.push(answer_to_all_accounts(&site, &client, number));
            let back = frozen_at.elapsed();
            println!("the other server answered {back:?} after the freeze");
            assert!(back <= OTHER_BACK_WITHIN, "the other server answered only after {back:?}");
            frozen_in_batch += 1;
        }
        frozen.signal("CONT");
        if frozen_in_batch == FREEZES {
            break;
        }
    }
    assert_eq!(frozen_in_batch, FREEZES, "too few freezes hit the middle of a batch");
    both_are_right_afterwards(&site, &frozen, loads, probed.len());
}

fn stands_in_a_transaction(site: &Site) -> bool {
    let (mut reader, started) = (site.reader(), Instant::now());
    while started.elapsed() < STANDS_WITHIN {
        if count(&mut reader, STANDING) > 0 {
            return true;
        }
        std::thread::sleep(POLL_EVERY);
    }
    false
}

/// A list with a payment for each account, so that it needs every lock the frozen batch holds.
fn answer_to_all_accounts(site: &Site, client: &Client, number: usize) -> serde_json::Value {
    let payment = |account: &String| {
        let key = format!("probe-{number}-{account}");
        json!({ "idempotencyKey": key, "accountNumber": account, "amount": "0.01" })
    };
    let payments: Vec<_> = site.accounts.iter().map(payment).collect();
    let document = "mutation($payments: [PaymentPostInput!]!) { \
        paymentBatchPost(input: { payments: $payments }) { results { payment { number } } } }";
    let mut answered = None;
    wait_until("an answer of the other server", WITHIN, || {
        let reply = client.send(document, json!({ "payments": payments }));
        assert!([200, 503, 504].contains(&reply.status), "{reply:?}");
        answered = (reply.status == 200).then_some(reply.body);
        answered.is_some()
    });
    let body = answered.expect("waited for");
    for result in body["data"]["paymentBatchPost"]["results"].as_array().expect("results") {
        assert!(result["payment"]["number"].is_string(), "{body}");
    }
    body
}

fn both_are_right_afterwards(site: &Site, frozen: &Server, loads: [Load; 2], probe_count: usize) {
    for load in &loads {
        load.wait_for_more("payments on both servers afterwards", 20, WITHIN);
    }
    audit_is_clean(site);
    let [first, second] = loads.map(Load::finish);
    let probes = probe_count * site.accounts.len();
    everything_told_is_true(site, &site.client(frozen, BANK), &[&first, &second], probes);
}
