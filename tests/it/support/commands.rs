//! Short builders of commands, and a lane to settle them with.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use granary::domain::account::{AccountStatus, CustomerClass, Holder, SaveAccount};
use granary::domain::base::actor::Actor;
use granary::domain::base::keys::Key;
use granary::domain::base::numbers::Given;
use granary::domain::bill::IssueBill;
use granary::domain::bill::policies::Policies;
use granary::domain::book::{Answer, Command, Numbered};
use granary::domain::channel::{Channel, ChannelChange, ChannelKind, ChannelMode};
use granary::domain::command::Rules;
use granary::domain::keyed::Answered;
use granary::domain::payment::{Payment, PostInput, PostPayment};
use granary::domain::reversal::{ReverseInput, ReversePayment, Undone};
use granary::engine::lane::{Faults, Lane, LaneSettings, NoFaults};
use granary::store::base::connection::{Connection, Database};
use granary::store::base::files::FirstOpened;
use granary::store::base::ids::IdBlock;
use granary::store::{bill, channel};

/// 2026-11-20 12:00 in Shanghai.
pub const NOON_MS: i64 = 1_795_147_200_000;

/// A day from its ISO form.
pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("an ISO date")
}

/// A lane without faults.
pub fn lane(database: &Database) -> Lane {
    lane_with(database, Box::new(NoFaults))
}

/// A lane with these faults.
pub fn lane_with(database: &Database, faults: Box<dyn Faults>) -> Lane {
    Lane::new(LaneSettings {
        database: database.clone(),
        first_opened: FirstOpened::default(),
        zone: chrono_tz::Asia::Shanghai,
        seed: 1,
        on_storage_failure: Arc::new(|error| panic!("the storage failed: {error}")),
        faults,
    })
}

/// Settles one batch taken in at [`NOON_MS`]; every command must get an answer.
pub fn settle(lane: &mut Lane, commands: Vec<Command>) -> Vec<Answer> {
    settle_at(lane, NOON_MS, commands)
}

/// Settles one batch taken in at `at_ms`; every command must get an answer.
pub fn settle_at(lane: &mut Lane, at_ms: i64, commands: Vec<Command>) -> Vec<Answer> {
    let batch = commands.into_iter().map(|command| (at_ms, command)).collect();
    lane.settle(batch).into_iter().map(|answer| answer.expect("a definite answer")).collect()
}

/// Who acts in tests.
pub fn actor() -> Actor {
    Actor { subject: "teller-1".to_owned(), token_id: "token-1".to_owned() }
}

/// A key in its scope.
pub fn key(channel_code: &str, text: &str) -> Key {
    Key { channel_code: channel_code.to_owned(), text: text.to_owned() }
}

/// Registers a channel without limits of its own.
pub fn add_channel(code: &str, mode: ChannelMode) -> Command {
    Command::ChannelChange(ChannelChange::Add(Channel::new(code.to_owned(), ChannelKind::Bank, mode)))
}

/// Creates an active account.
pub fn save_account(number: &str, class: CustomerClass) -> Command {
    save_account_as(number, class, AccountStatus::Active)
}

/// Creates an account or brings it to this status.
pub fn save_account_as(number: &str, class: CustomerClass, status: AccountStatus) -> Command {
    let holder = Holder {
        name: "张三".to_owned(),
        address: "蚌埠市龙子湖区解放路1号".to_owned(),
        phone: "13800001234".to_owned(),
        area: "龙子湖".to_owned(),
    };
    Command::SaveAccount(SaveAccount { number: number.to_owned(), status, class, holder })
}

/// Issues a bill a fortnight before it is due.
pub fn issue_bill(account: &str, number: &str, principal_fen: i64, due_on: &str) -> Command {
    let due_on = day(due_on);
    Command::IssueBill(IssueBill {
        account_number: account.to_owned(),
        number: number.to_owned(),
        period: due_on.format("%Y-%m").to_string(),
        principal_fen,
        issued_on: due_on - chrono::Days::new(14),
        due_on,
    })
}

/// A payment now, naming no bill.
pub fn post(channel: &str, key_text: &str, account: &str, amount_fen: i64) -> Command {
    let input =
        PostInput { account_number: account.to_owned(), amount_fen, paid_at_ms: None, bill_numbers: None };
    post_input(channel, key_text, input)
}

/// A payment with this input.
pub fn post_input(channel: &str, key_text: &str, input: PostInput) -> Command {
    Command::PostPayment(PostPayment {
        key: key(channel, key_text),
        input,
        note: None,
        trimmed: None,
        actor: actor(),
    })
}

/// A reversal of the payment with that key.
pub fn reverse(channel: &str, key_text: &str, payment_key: &str) -> Command {
    let input = ReverseInput { payment_key: payment_key.to_owned(), reason: "wrong account".to_owned() };
    Command::ReversePayment(ReversePayment {
        key: key(channel, key_text),
        input,
        trimmed: None,
        actor: actor(),
    })
}

/// The payment in an answer, posted or reversed, and whether it was replayed.
pub fn payment_of(answer: &Answer) -> (&Payment, bool) {
    match answer {
        Answer::PostPayment(Answered::Settled { outcome: Ok(payment), replayed })
        | Answer::ReversePayment(Answered::Settled { outcome: Ok(Undone::Reversed(payment)), replayed }) => {
            (payment, *replayed)
        }
        answer => panic!("no payment in {answer:?}"),
    }
}

/// The code and the field of a refusal, and whether it was replayed.
pub fn refusal_of(answer: &Answer) -> (&'static str, Option<&str>, bool) {
    match answer {
        Answer::PostPayment(Answered::Settled { outcome: Err(refusal), replayed }) => {
            (refusal.code.word(), refusal.field.as_deref(), *replayed)
        }
        Answer::ReversePayment(Answered::Settled { outcome: Err(refusal), replayed }) => {
            (refusal.code.word(), refusal.field.as_deref(), *replayed)
        }
        answer => panic!("no refusal in {answer:?}"),
    }
}

/// A command with a number, taken in at this instant.
pub fn numbered(ids: &mut IdBlock, at_ms: i64, command: Command) -> Numbered {
    let count = command.number_count();
    Numbered { given: Given::taken_in(at_ms).with_numbers(ids.draw(count), count), command }
}

/// The dated rules and the channels as they stand.
pub fn rules(connection: &mut Connection) -> (Policies, HashMap<String, Channel>) {
    let policies =
        bill::policies::policies(connection, chrono_tz::Asia::Shanghai).expect("the rules can be read");
    (policies, channel::load::channels(connection).expect("the channels can be read"))
}
