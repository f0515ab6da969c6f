//! Under overload counters and callbacks go first, batches and apps are shed first, and what was shed
//! left no trace.

use std::pin::pin;
use std::time::{Duration, Instant};

use crate::support::reads;
use futures_util::future::{join_all, maybe_done};
use granary::domain::account::CustomerClass::Residential;
use granary::domain::book::Answer;
use granary::engine::{Engine, EngineError, EngineSettings, Priority};
use granary::store::audit;
use granary::store::base::check::Verdict;
use serde_json::json;

use super::raw::exchange;
use crate::support::app::{TestApp, TestClock, engine};
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::blockade::Blockade;
use crate::support::commands::{NOON_MS, add_channel, key, lane, payment_of, post, save_account, settle};
use crate::support::wait::wait_until;

const ACCOUNT: &str = "0000000001";
const CHANNEL: &str = "BANK-1";
/// Places in the queue: 4 for the last, 6 for the usual, 8 for the first.
const PLACES: usize = 8;
const WITHIN: Duration = Duration::from_secs(10);

#[test]
fn the_last_are_shed_first_and_served_last() {
    for_each_backend(|database| {
        settle(
            &mut lane(&database.database),
            vec![
                add_channel(CHANNEL, granary::domain::channel::ChannelMode::Asking),
                save_account(ACCOUNT, Residential),
            ],
        );
        let settings = EngineSettings { queue_len_max: PLACES, ..EngineSettings::default() };
        let engine = engine(database, &settings, TestClock::at_noon());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(overload(&engine, database));
        engine.close();
        for finding in audit::run(&mut database.reader()).expect("the audit runs") {
            assert!(!matches!(finding.verdict, Verdict::Broken { .. }), "{finding:?}");
        }
    });
}

async fn overload(engine: &Engine, database: &TestDatabase) {
    let submit = |priority, text: &str| engine.submit(priority, post(CHANNEL, text, ACCOUNT, 100));
    let blockade = Blockade::on(database);
    let mut first = pin!(maybe_done(submit(Priority::High, "taken")));
    assert!(futures_util::poll!(first.as_mut()).is_pending());
    let started = Instant::now();
    while engine.load().commands > 0 {
        assert!(started.elapsed() < WITHIN, "the lane takes the first command");
        tokio::task::yield_now().await;
    }
    let mut waiting = Vec::new();
    for (priority, fits) in [(Priority::Low, 4), (Priority::Normal, 2), (Priority::High, 2)] {
        for number in 0..fits {
            let mut answer = Box::pin(submit(priority, &format!("{}-{number}", priority.word())));
            assert!(futures_util::poll!(answer.as_mut()).is_pending(), "{priority:?} {number} fits");
            waiting.push(answer);
        }
        let shed = submit(priority, &format!("{}-shed", priority.word())).await;
        assert_eq!(shed, Err(EngineError::Busy), "{priority:?}");
    }
    assert_eq!(engine.load().commands_shed, [1, 1, 1]);
    blockade.lift();
    first.as_mut().await;
    let answers: Vec<Answer> =
        join_all(waiting).await.into_iter().map(|answer| answer.expect("a definite answer")).collect();
    let numbers: Vec<i64> = answers.iter().map(|answer| payment_of(answer).0.id).collect();
    let (last, urgent) = (&numbers[..4], &numbers[6..]);
    let earliest_of_last = last.iter().min().expect("four");
    assert!(urgent.iter().all(|number| number < earliest_of_last), "the urgent come first: {numbers:?}");
    for priority in Priority::ALL {
        let key = key(CHANNEL, &format!("{}-shed", priority.word()));
        let found = reads::record(&mut database.reader(), &key);
        assert!(found.is_none(), "{priority:?}: what was shed left {found:?}");
    }
}

#[test]
fn a_server_whose_commands_wait_too_long_is_not_ready() {
    for_each_backend(|database| {
        let commands = vec![save_account(ACCOUNT, Residential)];
        let app = TestApp::start_with(database, commands, |settings| {
            settings.admin_listen = Some(std::net::SocketAddr::from(([127, 0, 0, 1], 0)));
        });
        let admin = app.admin.expect("the operator's listener");
        let ready = || exchange(admin, "GET", "/readyz", &[], b"");
        let post = &|key: &str| {
            let input = json!({ "idempotencyKey": key, "accountNumber": ACCOUNT, "amount": "1.00" });
            app.channel(CHANNEL).post(input)
        };
        let blockade = Blockade::on(database);
        std::thread::scope(|scope| {
            let mut posts = Vec::new();
            // A lane takes what came first into its hands; what comes while it is held up there waits.
            wait_until("a command that waits", WITHIN, || {
                let key = format!("k{}", posts.len());
                posts.push(scope.spawn(move || post(&key)));
                app.engine.load().commands > 0
            });
            // Tokens were looked at by the clock as it was.
            let inside = format!("granary_requests_inside {}", posts.len());
            wait_until("all are inside", WITHIN, || {
                exchange(admin, "GET", "/metrics", &[], b"").text.lines().any(|line| line == inside)
            });
            for by_ms in [-3_600_000, 3_600_000, 0] {
                app.clock.set(NOON_MS + by_ms);
                assert_eq!(ready().json()["oldestCommandAgeMs"], 0, "a clock that is set makes nobody wait");
            }
            app.clock.pass(5_000);
            assert_eq!(ready().status, 200, "five seconds are no reason");
            app.clock.pass(1);
            let late = ready();
            assert_eq!((late.status, &late.json()["oldestCommandAgeMs"]), (503, &json!(5_001)), "{late:?}");
            blockade.lift();
            for post in posts {
                assert_eq!(post.join().expect("an answer")["userErrors"], json!([]));
            }
        });
        assert_eq!(ready().status, 200, "it is ready again by itself");
    });
}

/// Of four places the bank may take three, an app two; the last is kept for who can't wait.
#[test]
fn a_request_too_many_is_turned_away_at_the_door() {
    for_each_backend(|database| {
        let commands = vec![save_account(ACCOUNT, Residential)];
        let app = TestApp::start_with(database, commands, |settings| settings.requests_max = 4);
        let asks = |channel: &str| app.channel(channel).send("{ __typename }", json!({}));
        // While it asks whether there is room, the test takes a place itself.
        let post = &|key: &str| {
            let input = json!({ "idempotencyKey": key, "accountNumber": ACCOUNT, "amount": "1.00" });
            loop {
                let reply = app.channel(CHANNEL).try_post(&input).expect("the server answers");
                if reply.status != 503 {
                    return reply.body["data"]["paymentPost"]["userErrors"].clone();
                }
            }
        };
        let blockade = Blockade::on(database);
        std::thread::scope(|scope| {
            let posts = ["k1", "k2", "k3"].map(|key| scope.spawn(move || post(key)));
            wait_until("three inside", WITHIN, || asks(CHANNEL).status == 503);
            let shed = asks(CHANNEL);
            assert_eq!(shed.body["errors"][0]["extensions"]["code"], "BUSY", "{shed:?}");
            assert_eq!(shed.body["errors"][0]["extensions"]["retryable"], true);
            assert_eq!(shed.retry_after.as_deref(), Some("1"));
            assert_eq!(asks("APP").status, 503);
            assert_eq!(asks("COUNTER-1").status, 200, "a teller's place is kept");
            blockade.lift();
            for post in posts {
                assert_eq!(post.join().expect("an answer"), json!([]));
            }
        });
        assert_eq!((asks(CHANNEL).status, asks("APP").status), (200, 200), "places are given back");
    });
}
