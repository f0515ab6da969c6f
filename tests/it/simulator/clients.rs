//! What clients do: pay, ask again, lie, undo before and after, and name what isn't there.

use granary::domain::account::{AccountStatus, CustomerClass};
use granary::domain::base::keys::Key;
use granary::domain::base::money::FEN_MAX;
use granary::domain::bill::IssueBill;
use granary::domain::book::Command;
use granary::domain::channel::{ChannelChange, ChannelMode};
use granary::domain::payment::{PostInput, PostPayment, SentInstant, SentPayment};
use granary::domain::reversal::{ReversePayment, SentReversal};

use super::model::Model;
use super::model::bill::{date_of, day_at};
use super::random::Random;
use super::world::{ASKING_COUNT, World};
use crate::support::commands::{actor, save_account_as};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;

/// All clients of a run, with what they have sent.
#[derive(Debug, Default)]
pub struct Clients {
    sent: Vec<Command>,
    /// Keys of payments that were reversed before they came.
    foretold: Vec<Key>,
    /// Commands whose answer was lost; they come again.
    unanswered: Vec<Command>,
    next_key: u32,
    next_bill: u32,
}

impl Clients {
    /// The next batch, at most `len_max` long.
    pub fn batch(
        &mut self,
        random: &mut Random,
        world: &World,
        model: &Model,
        len_max: i64,
    ) -> Vec<(i64, Command)> {
        let len = random.between(1, len_max);
        let mut batch = Vec::new();
        for _ in 0..len {
            let command = self.next(random, world, model);
            self.sent.push(command.clone());
            batch.push((world.now_ms + random.between(-2_000, 2_000), command));
        }
        batch
    }

    /// The answers to these were lost.
    pub fn lose(&mut self, commands: impl Iterator<Item = Command>) {
        self.unanswered.extend(commands);
    }

    fn next(&mut self, random: &mut Random, world: &World, model: &Model) -> Command {
        if !self.unanswered.is_empty() && random.chance(50) {
            let at = random.index(self.unanswered.len());
            return self.unanswered.swap_remove(at);
        }
        match random.between(0, 99) {
            0..=37 => self.pay(random, world, model),
            38..=48 => self.again(random, world, model),
            49..=55 => self.lie(random, world, model),
            56..=70 => self.undo(random, world),
            71..=74 => self.undo_early(random, world),
            75..=77 => self.cross(random, world),
            78..=91 => self.issue(random, world),
            92..=95 => save(random, world),
            _ => Command::ChannelChange(ChannelChange::Suspend {
                code: random.pick(&world.channels).clone(),
                suspend: random.chance(40),
            }),
        }
    }

    fn pay(&mut self, random: &mut Random, world: &World, model: &Model) -> Command {
        let key = match self.foretold.is_empty() || random.chance(70) {
            true => self.new_key(random, world),
            false => random.pick(&self.foretold).clone(),
        };
        let is_asking = world.channels[..ASKING_COUNT].contains(&key.channel_code);
        let account_number = match random.between(0, 39) {
            0 if !is_asking => random.pick(&["", "12a", "户号", "123456789012345678901"]).to_string(),
            1 => format!("99{}", world.accounts[0]),
            _ => random.pick(&world.accounts).clone(),
        };
        let paid_at_ms = paid_at(random, world.now_ms);
        let bill_numbers = named_bills(random, model, &account_number);
        let day = day_at(paid_at_ms.unwrap_or(world.now_ms).min(world.now_ms));
        let due_fen = model.due_fen(&account_number, &bill_numbers.clone().unwrap_or_default(), day);
        let amount_fen = amount(random, due_fen);
        let input = PostInput { account_number, amount_fen, paid_at_ms, bill_numbers };
        let note = random.chance(20).then(|| "窗口3".to_owned());
        if !is_asking && random.chance(12) {
            return too_much(random, key, input);
        }
        Command::PostPayment(PostPayment { key, input, note, trimmed: None, actor: actor() })
    }

    fn again(&mut self, random: &mut Random, world: &World, model: &Model) -> Command {
        match self.sent.is_empty() {
            true => self.pay(random, world, model),
            false => random.pick(&self.sent).clone(),
        }
    }

    /// An earlier key with another input.
    fn lie(&mut self, random: &mut Random, world: &World, model: &Model) -> Command {
        let mut command = self.again(random, world, model);
        match &mut command {
            Command::PostPayment(PostPayment { input, .. }) => match random.between(0, 3) {
                0 => input.account_number = random.pick(&world.accounts).clone(),
                1 => input.amount_fen = (input.amount_fen - 1).max(1),
                2 => input.paid_at_ms = paid_at(random, world.now_ms),
                _ => input.bill_numbers = Some(vec!["B0".to_owned()]),
            },
            Command::ReversePayment(ReversePayment { input, .. }) => match random.chance(50) {
                true => input.payment_key = format!("K{}", random.between(0, i64::from(self.next_key))),
                false => input.reason.push('?'),
            },
            Command::IssueBill(bill) => match random.between(0, 4) {
                0 => bill.principal_fen += 1,
                1 => bill.due_on = bill.issued_on - chrono::Days::new(1),
                2 => bill.due_on = bill.due_on + chrono::Days::new(1),
                3 => bill.principal_fen = -1,
                _ => bill.period = "2020-01".to_owned(),
            },
            _ => {}
        }
        command
    }

    fn undo(&mut self, random: &mut Random, world: &World) -> Command {
        let is_payment = |command: &&Command| matches!(command, Command::PostPayment(_));
        let recent = self.sent.iter().rev().filter(is_payment).take(12);
        let keys: Vec<Key> = recent.filter_map(key_of).collect();
        match keys.is_empty() {
            true => self.undo_early(random, world),
            false => {
                let payment_key = random.pick(&keys).clone();
                let own = self.numbered(payment_key.channel_code.clone());
                reversal(random, own, payment_key.text)
            }
        }
    }

    /// Reverses a payment that hasn't come, and may never come.
    fn undo_early(&mut self, random: &mut Random, world: &World) -> Command {
        let payment_key = self.new_key(random, world);
        self.foretold.push(payment_key.clone());
        let own = self.numbered(payment_key.channel_code);
        reversal(random, own, payment_key.text)
    }

    /// Uses keys for what they were not made for, or of a channel that isn't there.
    fn cross(&mut self, random: &mut Random, world: &World) -> Command {
        let used: Vec<Key> = self.sent.iter().filter_map(key_of).collect();
        let key = match used.is_empty() {
            true => self.new_key(random, world),
            false => random.pick(&used).clone(),
        };
        let in_channel = || used.iter().filter(|other| other.channel_code == key.channel_code);
        let others: Vec<String> = in_channel().map(|other| other.text.clone()).collect();
        match random.between(0, 4) {
            0 => reversal(random, key.clone(), key.text),
            1 => {
                let own = self.numbered(key.channel_code);
                reversal(random, own.clone(), own.text)
            }
            2 if !others.is_empty() => {
                let other = random.pick(&others).clone();
                reversal(random, key, other)
            }
            3 => {
                let own = self.numbered(world.unknown_channel.clone());
                reversal(random, own, key.text)
            }
            _ => {
                let key = match random.chance(30) {
                    true => self.numbered(world.unknown_channel.clone()),
                    false => key,
                };
                let account_number = random.pick(&world.accounts).clone();
                let input =
                    PostInput { account_number, amount_fen: 500, paid_at_ms: None, bill_numbers: None };
                Command::PostPayment(PostPayment { key, input, note: None, trimmed: None, actor: actor() })
            }
        }
    }

    fn issue(&mut self, random: &mut Random, world: &World) -> Command {
        self.next_bill += 1;
        let age_days = match random.between(0, 9) {
            0 => random.between(200, 420),
            1..=5 => random.between(0, 40),
            _ => random.between(-25, 0),
        };
        let due_on = date_of(day_at(world.now_ms) - age_days);
        let principal_fen = match random.between(0, 29) {
            0 => 0,
            1 => FEN_MAX,
            2..=8 => random.between(1, 300),
            _ => random.between(301, 60_000),
        };
        Command::IssueBill(IssueBill {
            account_number: random.pick(&world.accounts).clone(),
            number: format!("B{}", self.next_bill),
            period: due_on.format("%Y-%m").to_string(),
            principal_fen,
            issued_on: due_on - chrono::Days::new(10),
            due_on,
        })
    }

    fn new_key(&mut self, random: &mut Random, world: &World) -> Key {
        self.numbered(random.pick(&world.channels).clone())
    }

    fn numbered(&mut self, channel_code: String) -> Key {
        self.next_key += 1;
        Key { channel_code, text: format!("K{}", self.next_key) }
    }
}

fn key_of(command: &Command) -> Option<Key> {
    match command {
        Command::PostPayment(command) => Some(command.key.clone()),
        Command::ReversePayment(command) => Some(command.key.clone()),
        _ => None,
    }
}

/// The same with more than can be kept, as it is cut.
fn too_much(random: &mut Random, key: Key, input: PostInput) -> Command {
    let paid_at = |at_ms| SentInstant::At { at_ms, is_cut: false };
    let mut sent = SentPayment {
        key,
        account_number: input.account_number,
        amount_fen: Some(input.amount_fen),
        paid_at: input.paid_at_ms.map_or(SentInstant::Absent, paid_at),
        bill_numbers: input.bill_numbers.unwrap_or_default(),
        note: None,
        actor: actor(),
    };
    match random.between(0, 4) {
        0 => sent.note = Some("窗口\0\n".repeat(60)),
        1 => sent.account_number.push_str("\r\n"),
        2 => sent.account_number.insert(0, '\0'),
        3 => sent.bill_numbers.insert(0, "户\0".to_owned()),
        _ => sent.paid_at = SentInstant::Unreadable("0".repeat(99)),
    }
    let command = sent.read(ChannelMode::Reporting).expect("it is cut to what fits");
    Command::PostPayment(command)
}

fn reversal(random: &mut Random, key: Key, payment_key: String) -> Command {
    let reason = random.pick(&["wrong account", "退款", "退\0款"]).to_string();
    let sent = SentReversal { key, payment_key, reason, actor: actor() };
    Command::ReversePayment(sent.read(ChannelMode::Reporting).expect("it is cut to what fits"))
}

fn save(random: &mut Random, world: &World) -> Command {
    let status = match random.between(0, 4) {
        0 => AccountStatus::Closed,
        1 => AccountStatus::Suspended,
        _ => AccountStatus::Active,
    };
    save_account_as(random.pick(&world.accounts).as_str(), random.one_of(CustomerClass::ALL), status)
}

fn paid_at(random: &mut Random, now_ms: i64) -> Option<i64> {
    match random.between(0, 11) {
        0..=4 => None,
        5 => Some(now_ms),
        6 => Some(now_ms + random.between(1, 4) * MINUTE_MS),
        7 => Some(now_ms + random.between(6, 2_000) * MINUTE_MS),
        8 => Some(now_ms - random.between(0, 450) * DAY_MS),
        _ => Some(now_ms - random.between(0, 45 * 24 * 60) * MINUTE_MS),
    }
}

fn named_bills(random: &mut Random, model: &Model, account_number: &str) -> Option<Vec<String>> {
    if random.chance(70) {
        return None;
    }
    let account = model.accounts.get(account_number);
    let known = account.into_iter().flat_map(|account| &account.bills);
    let mut numbers: Vec<String> = known.map(|bill| bill.issued.number.clone()).collect();
    if random.chance(8) {
        numbers.push("B9999".to_owned());
    }
    let count = random.between(0, 3);
    match numbers.is_empty() {
        true => Some(Vec::new()),
        false => Some((0..count).map(|_| random.pick(&numbers).clone()).collect()),
    }
}

fn amount(random: &mut Random, due_fen: i64) -> i64 {
    let wanted = match random.between(0, 9) {
        0..=3 => due_fen,
        4 => due_fen + random.between(-1, 1),
        5 => due_fen / 2,
        6 => due_fen + random.between(1, 30_000),
        7 => random.between(1, 200),
        _ => random.between(1, 50_000),
    };
    wanted.clamp(1, FEN_MAX)
}
