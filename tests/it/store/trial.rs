//! What the frame can do and no capability needs yet, tried on one that only tests have: commands of several accounts,
//! ranges of numbers, rows that no account owns, claims on what isn't there, links found before the queue.

use granary::domain::account::CustomerClass::Residential;
use granary::domain::base::refusal::Refusal;
use granary::domain::book::{Answer, Command};
use granary::domain::channel::ChannelMode;
use granary::domain::keyed::Answered;
use granary::domain::trial::{CloseVisit, OpenVisit, Visit, VisitRefusalCode as Code};
use granary::engine::{EngineSettings, Priority};
use granary::store::trial::{self, LinkOfVisit};

use super::locks::cross;
use crate::support::app::{TestClock, engine};
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::commands::{actor, add_channel, key, lane, save_account, settle};
use crate::support::reads;
use crate::support::writer::Writer;

const ACCOUNTS: [&str; 3] = ["0001", "0002", "0003"];
/// Rounds of two who want the same accounts in opposite order.
const ROUNDS: usize = 20;

fn set_up(database: &TestDatabase) {
    trial::create(&mut database.writer()).expect("tables can be made");
    let mut commands = vec![add_channel("BANK", ChannelMode::Asking)];
    commands.extend(ACCOUNTS.map(|number| save_account(number, Residential)));
    settle(&mut lane(&database.database), commands);
}

fn opening(text: &str, crew: &str, accounts: &[&str]) -> OpenVisit {
    OpenVisit {
        key: key("BANK", text),
        route: "R".to_owned(),
        crew: crew.to_owned(),
        accounts: accounts.iter().map(|&number| number.to_owned()).collect(),
        actor: actor(),
    }
}

fn open(text: &str, crew: &str, accounts: &[&str]) -> Command {
    opening(text, crew, accounts).into()
}

/// The closing of a visit, whose link is looked up as a caller would.
fn close(database: &TestDatabase, text: &str, number: i64) -> Command {
    use granary::store::base::look_up::LookUp;
    let link = LinkOfVisit(number).run(&mut database.reader()).expect("a link can be looked up");
    CloseVisit { key: key("BANK", text), number, link }.into()
}

#[track_caller]
fn visit(answer: &Answer) -> (&Visit, bool) {
    match answer {
        Answer::OpenVisit(Answered::Settled { outcome: Ok(visit), replayed }) => (visit, *replayed),
        answer => panic!("no visit in {answer:?}"),
    }
}

#[track_caller]
fn refusal(answer: &Answer) -> (Code, Option<&str>) {
    match answer {
        Answer::OpenVisit(Answered::Settled { outcome: Err(Refusal { code, field, .. }), .. })
        | Answer::CloseVisit(Answered::Settled { outcome: Err(Refusal { code, field, .. }), .. }) => {
            (*code, field.as_deref())
        }
        answer => panic!("no refusal in {answer:?}"),
    }
}

#[test]
fn a_command_of_several_accounts_is_settled_whole_and_replayed() {
    for_each_backend(|database| {
        set_up(database);
        let mut lane = lane(&database.database);
        let first = settle(&mut lane, vec![open("K1", "crew-1", &ACCOUNTS)]);
        let (opened, replayed) = visit(&first[0]);
        assert!(!replayed && opened.place == 1 && opened.is_open);
        let numbers = (1..).map(|place| opened.number + place);
        let stops: Vec<(i64, String)> = numbers.zip(ACCOUNTS.map(str::to_owned)).collect();
        assert_eq!(opened.stops, stops, "a range of numbers of its own");
        let again = settle(&mut lane, vec![open("K1", "crew-1", &ACCOUNTS), open("K1", "crew-2", &ACCOUNTS)]);
        assert_eq!(visit(&again[0]), (opened, true));
        assert_eq!(refusal(&again[1]), (Code::IdempotencyKeyReused, Some("crew")));
        let exceptions = reads::exception_page(&mut database.reader(), 10).expect("exceptions can be read");
        assert_eq!(exceptions.len(), 1, "the difference is written down");
    });
}

#[test]
fn a_refused_command_takes_no_place_no_claim_and_no_number_of_the_route() {
    for_each_backend(|database| {
        set_up(database);
        let mut lane = lane(&database.database);
        let answers = settle(
            &mut lane,
            vec![
                open("K1", "crew-1", &["0001", "9999"]),
                open("K2", "crew-1", &["0001"]),
                open("K3", "crew-1", &["0002"]),
            ],
        );
        assert_eq!(refusal(&answers[0]), (Code::AccountNotFound, Some("accounts")));
        assert_eq!(visit(&answers[1]).0.place, 1);
        assert_eq!(refusal(&answers[2]), (Code::CrewIsOut, Some("crew")));
        let later = settle(&mut lane, vec![open("K4", "crew-1", &["0001"]), open("K5", "crew-2", &["0001"])]);
        assert_eq!(refusal(&later[0]).0, Code::CrewIsOut);
        assert_eq!(visit(&later[1]).0.place, 2);
        let mut unused = open("K6", "crew-3", &["0001"]);
        if let Command::OpenVisit(visit) = &mut unused {
            visit.route = "nowhere".to_owned();
        }
        assert_eq!(refusal(&settle(&mut lane, vec![unused])[0]), (Code::RouteNotFound, Some("route")));
        let answers = settle(&mut lane, vec![open("K7", "crew-3", &["0001"])]);
        assert_eq!(visit(&answers[0]).0.place, 3, "a claim that nobody used is let go");
    });
}

#[test]
fn what_is_closed_can_be_claimed_again_in_the_same_batch() {
    for_each_backend(|database| {
        set_up(database);
        let mut lane = lane(&database.database);
        let first = settle(&mut lane, vec![open("K1", "crew-1", &["0001"])]);
        let number = visit(&first[0]).0.number;
        let batch = vec![
            close(database, "C1", number),
            open("K2", "crew-1", &["0002"]),
            close(database, "C2", number),
        ];
        let answers = settle(&mut lane, batch);
        assert_eq!(
            answers[0],
            Answer::CloseVisit(Answered::Settled { outcome: Ok(number), replayed: false })
        );
        assert_eq!(visit(&answers[1]).0.place, 2);
        assert_eq!(refusal(&answers[2]), (Code::AlreadyClosed, Some("number")));
        let later = settle(&mut lane, vec![open("K3", "crew-1", &["0003"]), close(database, "C3", 1)]);
        assert_eq!(refusal(&later[0]).0, Code::CrewIsOut);
        assert_eq!(refusal(&later[1]).0, Code::VisitNotFound);
    });
}

#[test]
fn who_comes_second_to_a_claim_waits_and_is_refused() {
    let Some(database) = TestDatabase::postgres() else { return };
    set_up(&database);
    let second = vec![open("K2", "crew-1", &["0002"])];
    let (first, second) = cross(&database, &[open("K1", "crew-1", &["0001"])], second);
    assert_eq!(visit(&first[0]).0.place, 1);
    assert_eq!(refusal(&second[0]), (Code::CrewIsOut, Some("crew")), "losing is a refusal, never an error");
}

#[test]
fn who_wants_the_same_accounts_in_opposite_order_never_waits_in_a_circle() {
    let Some(database) = TestDatabase::postgres() else { return };
    set_up(&database);
    let backwards: Vec<&str> = ACCOUNTS.iter().rev().copied().collect();
    let run = |name: &str, accounts: &[&str]| {
        let mut writer = Writer::new(&database);
        for round in 0..ROUNDS {
            let text = format!("{name}-{round}");
            let answers = writer.load_and_write(&[open(&text, &text, accounts)]).expect("no circle");
            visit(&answers[0]);
            writer.commit().expect("a commit");
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| run("one", &ACCOUNTS));
        scope.spawn(|| run("other", &backwards));
    });
}

#[test]
fn a_caller_finds_the_link_first_and_hears_the_commands_own_answer() {
    for_each_backend(|database| {
        set_up(database);
        let engine = engine(database, &EngineSettings::default(), TestClock::at_noon());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let answer = engine.submit(Priority::Normal, opening("K1", "crew-1", &["0002", "0001"])).await;
            let Ok(Answered::Settled { outcome: Ok(visit), .. }) = answer else { panic!("{answer:?}") };
            let link =
                engine.look_ups(Priority::Normal).look_up(LinkOfVisit(visit.number)).await.expect("a link");
            assert_eq!(link.as_ref().map(|link| link.account_number.as_str()), Some("0002"));
            let closing = CloseVisit { key: key("BANK", "C1"), number: visit.number, link };
            let answer = engine.submit(Priority::Normal, closing).await;
            assert_eq!(answer, Ok(Answered::Settled { outcome: Ok(visit.number), replayed: false }));
        });
        engine.close();
    });
}
