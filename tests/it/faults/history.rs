//! What readers see while payments are posted, the server is killed and the database goes away: per account no update
//! is lost, nothing is seen that was rolled back, no bill is seen paid and later unpaid, and whoever asks after an
//! acknowledgement sees what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use super::row::{Trial, runs};
use crate::processes::alone;
use crate::processes::load::{Acknowledged, Load};
use crate::processes::site::{BANK, Site, client_with};
use crate::support::backends::for_each_backend;
use crate::support::client::Client;

/// Accounts for each kill, so that a page holds all payments of an account.
const ACCOUNTS_EACH: usize = 40;
/// So little that a few payments settle it.
const PRINCIPAL_FEN: i64 = 900;
const CLIENTS: usize = 6;
const READERS: usize = 3;
const KILLS: usize = 3;
const PROGRESS_MIN: u64 = 400;
const WITHIN: Duration = Duration::from_secs(60);
/// The most that one page of payments holds.
const PAGE: usize = 100;
const LOOK_UP: &str = "query($number: String!) { account(number: $number) { \
    payments(first: 100) { nodes { number } } bills(first: 100) { nodes { number status } } } }";

/// What one look at an account saw.
#[derive(Debug, Clone)]
struct Sight {
    account: String,
    asked_at: Instant,
    answered_at: Instant,
    payments: BTreeSet<String>,
    paid_bills: BTreeSet<String>,
}

/// A payment that was acknowledged.
#[derive(Debug, Clone)]
struct Write {
    account: String,
    payment: String,
    answered_at: Instant,
}

/// What of a history can't be. The payments of each account `at_last` are what a look saw after everything.
fn contradictions(
    sights: &[Sight],
    writes: &[Write],
    at_last: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<String> {
    let mut found = Vec::new();
    let nothing = BTreeSet::new();
    for write in writes {
        let last = at_last.get(&write.account).unwrap_or(&nothing);
        if !last.contains(&write.payment) {
            found.push(format!("an update was lost: {write:?}"));
        }
    }
    for sight in sights {
        let last = at_last.get(&sight.account).unwrap_or(&nothing);
        let rolled_back: Vec<_> = sight.payments.difference(last).collect();
        if !rolled_back.is_empty() {
            found.push(format!("{rolled_back:?} was seen and rolled back: {sight:?}"));
        }
        let acknowledged = writes
            .iter()
            .filter(|write| write.account == sight.account && write.answered_at < sight.asked_at)
            .map(|write| &write.payment);
        let unseen: Vec<_> = acknowledged.filter(|payment| !sight.payments.contains(*payment)).collect();
        if !unseen.is_empty() {
            found.push(format!("{unseen:?} was acknowledged and not seen later: {sight:?}"));
        }
    }
    found.extend(sights.iter().flat_map(|later| {
        let earlier = sights
            .iter()
            .filter(|earlier| earlier.account == later.account && earlier.answered_at < later.asked_at);
        earlier.filter_map(|earlier| went_back(earlier, later)).collect::<Vec<_>>()
    }));
    found
}

/// What the earlier look saw that the later one doesn't.
fn went_back(earlier: &Sight, later: &Sight) -> Option<String> {
    if !earlier.payments.is_subset(&later.payments) {
        return Some(format!("a payment was seen and later not: {earlier:?}, {later:?}"));
    }
    let is_so = earlier.paid_bills.is_subset(&later.paid_bills);
    (!is_so).then(|| format!("a bill was seen paid and later unpaid: {earlier:?}, {later:?}"))
}

#[test]
fn what_readers_see_never_goes_back() {
    for_each_backend(|database| {
        let _alone = alone();
        let mut trial = Trial::begin("F1", "reads logged while the server is killed", database.name());
        let kills = runs(KILLS);
        let site = Site::with_bills_of(&database.url, ACCOUNTS_EACH * (kills + 1), PRINCIPAL_FEN);
        let mut server = site.serve();
        let load = Load::start(&site, "history", server.address, CLIENTS);
        let (address, is_over) = (Mutex::new(server.address), AtomicBool::new(false));
        let token = site.token(BANK);
        let read = |index| read_on(&site, &address, &token, &is_over, index);
        let sights = std::thread::scope(|scope| {
            let read = &read;
            let readers: Vec<_> = (0..READERS).map(|index| scope.spawn(move || read(index))).collect();
            for _ in 0..kills {
                load.wait_for_more("payments between kills", PROGRESS_MIN, WITHIN);
                server.kill();
                trial.made();
                server = site.serve();
                load.turn_to(server.address);
                *address.lock().unwrap_or_else(PoisonError::into_inner) = server.address;
            }
            load.wait_for_more("payments afterwards", PROGRESS_MIN, WITHIN);
            is_over.store(true, Ordering::SeqCst);
            let sights = readers.into_iter().map(|reader| reader.join().expect("a reader ends well"));
            sights.flatten().collect::<Vec<Sight>>()
        });
        let book = load.finish();
        let client = site.client(&server, BANK);
        let writes: Vec<Write> = book.acknowledged.iter().map(write).collect();
        let look = |account: &String| (account.clone(), look(&client, account).expect("an answer").payments);
        let at_last: BTreeMap<String, BTreeSet<String>> = site.accounts.iter().map(look).collect();
        assert!(
            at_last.values().all(|payments| payments.len() < PAGE),
            "a page holds all payments of an account"
        );
        assert!(
            sights.iter().any(|sight| !sight.paid_bills.is_empty()),
            "bills were paid while readers looked"
        );
        let found = contradictions(&sights, &writes, &at_last);
        trial.note(format!("{} looks, {} of them contradict something", sights.len(), found.len()));
        trial.conclude(&site, &client, &book);
        assert!(found.is_empty(), "{found:#?}");
    });
}

fn write(acknowledged: &Acknowledged) -> Write {
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    Write {
        account: text(&acknowledged.input["accountNumber"]),
        payment: text(&acknowledged.payment["number"]),
        answered_at: acknowledged.answered_at,
    }
}

/// Looks at one account after the other until it is over. Looks that aren't answered are none.
fn read_on(
    site: &Site,
    address: &Mutex<SocketAddr>,
    token: &str,
    is_over: &AtomicBool,
    index: usize,
) -> Vec<Sight> {
    let mut sights = Vec::new();
    let mut current: Option<(SocketAddr, Client)> = None;
    // Few accounts each, so that every one is looked at again soon.
    let accounts: Vec<&String> = site.accounts.iter().skip(index).step_by(READERS).collect();
    for number in 0_usize.. {
        if is_over.load(Ordering::SeqCst) {
            break;
        }
        let address = *address.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_none_or(|(known, _)| *known != address) {
            current = Some((address, client_with(address, token)));
        }
        let (_, client) = current.as_ref().expect("just set");
        sights.extend(look(client, accounts[number * number % accounts.len()]));
    }
    sights
}

fn look(client: &Client, account: &str) -> Option<Sight> {
    let asked_at = Instant::now();
    let reply = client.try_send(LOOK_UP, json!({ "number": account })).ok()?;
    let seen = &reply.body["data"]["account"];
    let nodes = |list: &str| seen[list]["nodes"].as_array();
    let text = |value: &serde_json::Value| value["number"].as_str().expect("a number").to_owned();
    let payments = nodes("payments")?.iter().map(text).collect();
    let paid = nodes("bills")?.iter().filter(|bill| bill["status"] == "PAID");
    let (paid_bills, answered_at) = (paid.map(text).collect(), Instant::now());
    Some(Sight { account: account.to_owned(), asked_at, answered_at, payments, paid_bills })
}

/// Instants of the checker's own tests, in order.
fn instants() -> [Instant; 4] {
    let start = Instant::now();
    [0, 1, 2, 3].map(|second| start + Duration::from_secs(second))
}

fn sight(from: Instant, to: Instant, payments: &[&str], paid_bills: &[&str]) -> Sight {
    let set = |of: &[&str]| of.iter().map(|&text| text.to_owned()).collect();
    let (payments, paid_bills) = (set(payments), set(paid_bills));
    Sight { account: "1".to_owned(), asked_at: from, answered_at: to, payments, paid_bills }
}

#[test]
fn the_checker_finds_each_kind_of_contradiction() {
    let [a, b, c, d] = instants();
    let last = |payments: &[&str]| {
        BTreeMap::from([("1".to_owned(), payments.iter().map(|&text| text.to_owned()).collect())])
    };
    let write = |payment: &str, answered_at| Write {
        account: "1".to_owned(),
        payment: payment.to_owned(),
        answered_at,
    };
    let says =
        |sights: &[Sight], writes: &[Write], at_last| contradictions(sights, writes, &at_last).join("\n");
    let well = [sight(a, c, &[], &[]), sight(b, c, &["7"], &["B1"]), sight(d, d, &["7", "8"], &["B1"])];
    assert_eq!(says(&well, &[write("7", b), write("8", c)], last(&["7", "8"])), "");
    assert!(says(&[], &[write("7", a)], last(&[])).contains("an update was lost"));
    assert!(says(&[sight(a, b, &["7"], &[])], &[], last(&[])).contains("rolled back"));
    assert!(says(&[sight(b, c, &[], &[])], &[write("7", a)], last(&["7"])).contains("not seen later"));
    let back = [sight(a, b, &["7"], &[]), sight(c, d, &[], &[])];
    assert!(says(&back, &[], last(&["7"])).contains("a payment was seen and later not"));
    let unpaid = [sight(a, b, &["7"], &["B1"]), sight(c, d, &["7"], &[])];
    assert!(says(&unpaid, &[], last(&["7"])).contains("paid and later unpaid"));
}
