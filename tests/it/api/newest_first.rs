//! Newest first is newest first, whoever draws which numbers: by an account's sequence, elsewhere by time.

use granary::domain::account::CustomerClass::Residential;
use granary::domain::payment::PostInput;
use granary::engine::lane::Lane;
use serde_json::{Value, json};

use crate::support::app::{TestApp, at};
use crate::support::backends::for_each_backend;
use crate::support::client::Client;
use crate::support::commands::{NOON_MS, issue_bill, lane, post_input, save_account, settle_at};

const ACCOUNT: &str = "0000000001";
/// Fewer than the posts of one lane, and no divisor of all.
const PAGE_LEN: usize = 5;

/// What two lanes posted by turns.
#[derive(Default)]
struct Posted {
    /// Keys in the order in which they were committed.
    committed: Vec<String>,
    /// The same, in the order of the clock, then of the numbers.
    timed: Vec<(i64, usize, String)>,
}

impl Posted {
    /// Posts a payment that is an exception too. The second lane's numbers are all above the first's.
    fn post(&mut self, lanes: &mut [Lane; 2], at_ms: i64) {
        let turn = self.committed.len();
        let by = turn % 2;
        let key = format!("k{turn:03}");
        let input = PostInput {
            account_number: ACCOUNT.to_owned(),
            amount_fen: 100,
            paid_at_ms: None,
            bill_numbers: Some(vec!["B".to_owned(), "nobody's".to_owned()]),
        };
        assert_eq!(settle_at(&mut lanes[by], at_ms, vec![post_input("WECHAT", &key, input)]).len(), 1);
        self.timed.push((at_ms, by * 1_000 + turn, key.clone()));
        self.committed.push(key);
    }

    fn by_sequence(&self) -> Vec<String> {
        self.committed.iter().rev().cloned().collect()
    }

    fn by_time(&self) -> Vec<String> {
        let mut timed = self.timed.clone();
        timed.sort();
        timed.into_iter().rev().map(|(.., key)| key).collect()
    }
}

/// A list that is read page by page.
struct List {
    /// All before its arguments, and all after its own selection.
    around: (String, &'static str),
    path: &'static str,
    order: fn(&Posted) -> Vec<String>,
}

impl List {
    fn all() -> [Self; 4] {
        let account = |inner: &str| format!("account(number: \"{ACCOUNT}\") {{ {inner}");
        [
            Self { around: (account("payments"), "}"), path: "account.payments", order: Posted::by_sequence },
            Self {
                around: (account("bills(first: 1) { nodes { payments"), "} } }"),
                path: "account.bills.nodes.0.payments",
                order: Posted::by_sequence,
            },
            Self {
                around: ("channel { payments".to_owned(), "}"),
                path: "channel.payments",
                order: Posted::by_time,
            },
            Self { around: ("exceptions".to_owned(), ""), path: "exceptions", order: Posted::by_time },
        ]
    }

    /// The keys of one page, and the cursor of the next; `None` at the end.
    fn page(&self, client: &Client, len: usize, after: Option<&str>) -> (Vec<String>, Option<String>) {
        let (before, behind) = &self.around;
        let query = format!(
            "query($after: String) {{ {before}(first: {len}, after: $after) {{ nodes {{ idempotencyKey }} \
             pageInfo {{ hasNextPage endCursor }} }} {behind} }}"
        );
        let data = client.data(&query, json!({ "after": after }));
        let page = at(&data, self.path);
        let key = |node: &Value| node["idempotencyKey"].as_str().expect("a key").to_owned();
        let keys = page["nodes"].as_array().expect("nodes").iter().map(key).collect();
        let has_next = at(page, "pageInfo.hasNextPage") == true;
        (keys, at(page, "pageInfo.endCursor").as_str().filter(|_| has_next).map(str::to_owned))
    }
}

#[test]
fn the_newest_comes_first_and_a_walk_shows_each_once() {
    for_each_backend(|database| {
        let setup = vec![save_account(ACCOUNT, Residential), issue_bill(ACCOUNT, "B", 100_000, "2026-11-30")];
        let app = TestApp::start(database, setup);
        let client = app.channel("WECHAT");
        let mut lanes = [lane(&database.database), lane(&database.database)];
        let mut posted = Posted::default();
        // One clock is behind now and then, and two payments are of one millisecond.
        for ms in [0, 1, 2, 3, 4, 4, 6, 5, 3, 9, 10, 7] {
            posted.post(&mut lanes, NOON_MS + ms);
        }
        for list in List::all() {
            let expected = (list.order)(&posted);
            let newest = list.page(&client, 1, None).0;
            assert_eq!(newest, expected[..1], "{}", list.path);
            let (mut walked, mut next) = list.page(&client, PAGE_LEN, None);
            while let Some(after) = next {
                // Newer ones don't move what was there, and one that comes late in time is shown at most once.
                posted.post(&mut lanes, NOON_MS + 2);
                posted.post(&mut lanes, NOON_MS + 20);
                let (page, then) = list.page(&client, PAGE_LEN, Some(&after));
                walked.extend(page);
                next = then;
            }
            let old: Vec<_> = walked.iter().filter(|&key| expected.contains(key)).cloned().collect();
            assert_eq!(old, expected, "{}", list.path);
            let all = walked.len();
            walked.sort();
            walked.dedup();
            assert_eq!(walked.len(), all, "{}", list.path);
        }
    });
}
