//! Two writers who write the same rows in opposite order wait for each other, but never in a circle. Each table is
//! tried that two writers can want the same row of; of the others `support::tables` says why they can't.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use granary::domain::access::{AccessChange, Revocation, TrustedDocument};
use granary::domain::account::CustomerClass::Residential;
use granary::domain::book::Command;
use granary::domain::channel::ChannelMode::{Asking, Reporting};
use granary::domain::channel::{ChannelChange, DocumentRule};
use granary::store::StoreError;

use crate::support::backends::TestDatabase;
use crate::support::commands::{add_channel, issue_bill, lane, post, reverse, save_account, settle};
use crate::support::tables::{Crossing, TABLES, Table};
use crate::support::writer::{Writer, wait_for_waiting};

/// What two writers do in opposite order, and a third with the middle one alone.
struct Case {
    table: &'static str,
    before: Vec<Command>,
    first: Vec<Command>,
    second: Vec<Command>,
    middle: Vec<Command>,
    /// Whether the second may find what it wanted to create, and has to begin anew.
    may_be_overtaken: bool,
}

const NAMES: [&str; 3] = ["1", "2", "3"];

/// The same thing three times; told apart by name and, where that matters, by who does it.
fn case(table: &'static str, make: impl Fn(&str, &str) -> Command) -> Case {
    let of = |who: &str| NAMES.iter().map(|name| make(who, name)).collect::<Vec<_>>();
    let (first, mut second, mut middle) = (of("first"), of("second"), of("third"));
    second.reverse();
    middle = vec![middle.remove(1)];
    Case { table, before: Vec::new(), first, second, middle, may_be_overtaken: false }
}

fn each(make: impl Fn(&str) -> Command) -> Vec<Command> {
    NAMES.iter().map(|name| make(name)).collect()
}

fn suspend(name: &str) -> Command {
    Command::ChannelChange(ChannelChange::Suspend { code: format!("C{name}"), suspend: true })
}

fn rule(name: &str) -> Command {
    Command::ChannelChange(ChannelChange::RuleDocuments {
        code: format!("C{name}"),
        documents: DocumentRule::Trusted,
    })
}

fn cases() -> Vec<Case> {
    let account = |name: &str| format!("000{name}");
    let document = |name: &str| TrustedDocument::new(format!("query Q{name} {{ __typename }}"));
    let trust = |name: &str| Command::AccessChange(AccessChange::Trust(document(name)));
    let revoke = |revocation| Command::AccessChange(AccessChange::Revoke(revocation));
    let channels = || each(|name| add_channel(&format!("C{name}"), Asking));
    vec![
        case("idempotency_keys", |_, name| post("BANK", name, "7777", 500)),
        Case {
            before: each(|name| reverse("BANK", &format!("undoes-{name}"), name)),
            ..case("idempotency_keys", |_, name| post("BANK", name, &account(name), 500))
        },
        case("accounts", |who, name| post("BANK", &format!("{who}-{name}"), &account(name), 500)),
        case("accounts", |_, name| save_account(&account(name), Residential)),
        Case {
            may_be_overtaken: true,
            ..case("accounts", |_, name| save_account(&format!("9{name}"), Residential))
        },
        case("bills", |who, name| issue_bill(&account(name), &format!("B-{who}"), 1_000, "2026-11-30")),
        case("bills", |_, name| issue_bill(&account(name), "B", 1_000, "2026-11-30")),
        Case {
            before: each(|name| post("WX", name, "7777", 500)),
            ..case("reversals", |who, name| reverse("WX", &format!("{who}-{name}"), name))
        },
        Case {
            before: each(|name| post("BANK", name, &account(name), 500)),
            ..case("exceptions", |_, name| post("BANK", name, &account(name), 501))
        },
        Case {
            may_be_overtaken: true,
            ..case("channels", |_, name| add_channel(&format!("D{name}"), Asking))
        },
        Case { before: channels(), ..case("channels", |_, name| suspend(name)) },
        Case { before: channels(), ..case("channels", |_, name| rule(name)) },
        Case {
            before: channels(),
            first: vec![suspend("3"), rule("2"), rule("1")],
            second: vec![suspend("1"), rule("2"), rule("3")],
            ..case("channels", |_, name| rule(name))
        },
        case("trusted_documents", |_, name| trust(name)),
        Case {
            before: each(trust),
            ..case("trusted_documents", |_, name| {
                Command::AccessChange(AccessChange::Distrust(document(name).sha256))
            })
        },
        case("revocations", |_, name| revoke(Revocation::Token(name.to_owned()))),
        Case {
            first: vec![
                revoke(Revocation::Token("1".to_owned())),
                revoke(Revocation::Token("2".to_owned())),
                revoke(Revocation::Subject("1".to_owned())),
            ],
            second: vec![
                revoke(Revocation::Subject("1".to_owned())),
                revoke(Revocation::Token("2".to_owned())),
                revoke(Revocation::Token("1".to_owned())),
            ],
            ..case("revocations", |_, name| revoke(Revocation::Token(name.to_owned())))
        },
    ]
}

#[test]
fn who_writes_the_same_rows_in_opposite_order_never_waits_in_a_circle() {
    let mut wrong = Vec::new();
    for (at, case) in cases().into_iter().enumerate() {
        let Some(database) = TestDatabase::postgres() else { return };
        let mut set_up = vec![add_channel("BANK", Asking), add_channel("WX", Reporting)];
        set_up.extend(each(|name| save_account(&format!("000{name}"), Residential)));
        let mut lane = lane(&database.database);
        settle(&mut lane, set_up);
        settle(&mut lane, case.before.clone());
        let failed = cross(&database, &case);
        let is_circle = failed.iter().any(|error| error.to_string().contains("deadlock"));
        if is_circle || failed.len() > usize::from(case.may_be_overtaken) {
            wrong.push(format!("case {at}, {}: {failed:?}", case.table));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The third writer stops both of the others in the middle of their rows, and goes. Returns what went wrong then.
fn cross(database: &TestDatabase, case: &Case) -> Vec<StoreError> {
    let mut third = Writer::new(database);
    third.load_and_write(&case.middle).expect("nobody is in its way");
    let is_over = AtomicBool::new(false);
    let write = |commands: &[Command]| {
        let mut writer = Writer::new(database);
        let written = writer.load_and_write(commands).and_then(|_| writer.commit());
        is_over.store(true, Ordering::SeqCst);
        written
    };
    std::thread::scope(|scope| {
        let both = [&case.first, &case.second].map(|commands| scope.spawn(|| write(commands)));
        wait_for_waiting(database, 2, || is_over.load(Ordering::SeqCst));
        third.roll_back();
        both.into_iter().filter_map(|writer| writer.join().expect("a writer ends").err()).collect()
    })
}

#[test]
fn every_table_is_tried_or_said_to_be_written_apart() {
    let tried: BTreeSet<&str> = cases().iter().map(|case| case.table).collect();
    let is_tried = |table: &&Table| table.crossing == Crossing::Tried;
    assert_eq!(tried, TABLES.iter().filter(is_tried).map(|table| table.name).collect());
}

/// Both find that an account isn't there. The one who comes second must not write over what the first has put there.
#[test]
fn who_wants_to_create_an_account_that_another_has_just_created_begins_anew() {
    let Some(database) = TestDatabase::postgres() else { return };
    let issue =
        |bill: &str| vec![save_account("0001", Residential), issue_bill("0001", bill, 1_000, "2026-11-30")];
    let (mut slow, mut quick) = (Writer::new(&database), Writer::new(&database));
    let loaded = slow.load(&issue("B1")).expect("nobody is in its way");
    quick.load_and_write(&issue("B2")).expect("nobody is in its way");
    quick.commit().expect("a commit");
    let error = slow.write(loaded).expect_err("the account is there by now");
    assert!(matches!(error, StoreError::Overtaken(_)), "{error:?}");
    slow.roll_back();
    slow.load_and_write(&issue("B1")).expect("it knows now");
    slow.commit().expect("a commit");
    let (_, _, last_sequence) = super::payments::balance(&mut database.reader(), "0001");
    assert_eq!(last_sequence, 2, "each bill has a number of its own");
}
