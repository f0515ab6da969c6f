//! A utility held in memory: commands go through `decide` and `apply` with ids and instants that the
//! test gives. After each command the invariants are checked, so every test checks them for free.

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Asia::Shanghai;
use granary::domain::account::{Account, AccountStatus, CustomerClass, Holder, SaveAccount};
use granary::domain::base::actor::Actor;
use granary::domain::base::keys::Key;
use granary::domain::base::ledger::{Entry, LedgerAccount};
use granary::domain::base::line::LineOutcome;
use granary::domain::base::numbers::Given;
use granary::domain::base::refusal::Refusal;
use granary::domain::bill::penalty::PenaltyPolicy;
use granary::domain::bill::policies::Policies;
use granary::domain::bill::{Bill, IssueBill, Part};
use granary::domain::book::{Answer, Command, Numbered};
use granary::domain::channel::{AmountRule, Channel, ChannelChange, ChannelKind, ChannelMode};
use granary::domain::exception::ExceptionKind;
use granary::domain::keyed::Answered;
use granary::domain::payment::{Payment, PostInput, PostOutcome, PostPayment, PostRefusalCode};
use granary::domain::reversal::{ReverseInput, ReverseOutcome, ReversePayment, Undone};
use granary::domain::state::State;

use super::invariants;
use super::naive::{self, Law};

/// The household that most tests are about.
pub const ACCOUNT: &str = "0100200300";
/// A channel that asks before it takes.
pub const COUNTER: &str = "counter";
/// A channel that reports what it took.
pub const WECHAT: &str = "wechat";

/// What an allocation shows: bill, part, amount, what remained.
pub type Line<'a> = (&'a str, Part, i64, i64);

/// A utility in memory.
pub struct World {
    pub state: State,
    pub now_ms: i64,
    last_id: i64,
}

/// A payment in the making: from the counter, for the household, now, naming no bill.
#[derive(Debug, Clone)]
pub struct Pay(pub PostPayment);

pub fn pay(key: &str, amount_fen: i64) -> Pay {
    let input =
        PostInput { account_number: ACCOUNT.to_owned(), amount_fen, paid_at_ms: None, bill_numbers: None };
    Pay(PostPayment { key: key_of(COUNTER, key), input, note: None, trimmed: None, actor: actor() })
}

impl Pay {
    pub fn by(mut self, channel: &str) -> Self {
        self.0.key.channel_code = channel.to_owned();
        self
    }

    pub fn to(mut self, account: &str) -> Self {
        self.0.input.account_number = account.to_owned();
        self
    }

    pub fn paid_at(mut self, time: &str) -> Self {
        self.0.input.paid_at_ms = Some(instant(time));
        self
    }

    pub fn paid_on(mut self, day: &str) -> Self {
        self.0.input.paid_at_ms = Some(noon(day));
        self
    }

    pub fn naming(mut self, bills: &[&str]) -> Self {
        self.0.input.bill_numbers = Some(bills.iter().map(|bill| (*bill).to_owned()).collect());
        self
    }

    pub fn noting(mut self, note: &str) -> Self {
        self.0.note = Some(note.to_owned());
        self
    }
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Milliseconds of a local time such as `2026-11-03 09:30:00`.
pub fn instant(text: &str) -> i64 {
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap();
    Shanghai.from_local_datetime(&local).unwrap().timestamp_millis()
}

pub fn noon(day: &str) -> i64 {
    instant(&format!("{day} 12:00:00"))
}

pub fn key_of(channel: &str, text: &str) -> Key {
    Key { channel_code: channel.to_owned(), text: text.to_owned() }
}

fn actor() -> Actor {
    Actor { subject: "tester".to_owned(), token_id: "t1".to_owned() }
}

pub fn policy(class: CustomerClass, effective_from: &str, law: Law) -> PenaltyPolicy {
    let Law { due_year_permille, later_years_permille, start_day, minimum_fen } = law;
    let effective_from = day(effective_from);
    PenaltyPolicy { class, effective_from, due_year_permille, later_years_permille, start_day, minimum_fen }
}

/// What the payment settled, in order.
pub fn lines(payment: &Payment) -> Vec<Line<'_>> {
    let allocations = payment.allocations.iter();
    allocations.map(|a| (a.bill_number.as_str(), a.part, a.amount_fen, a.remaining_after_fen)).collect()
}

impl World {
    /// One household, an asking and a reporting channel, the law as it stands, noon of 1 November 2026.
    pub fn new() -> Self {
        let of_class = |class: &CustomerClass| policy(*class, "2000-01-01", naive::law_of(*class));
        let penalty = CustomerClass::ALL.iter().map(of_class).collect();
        let policies = Policies { zone: Shanghai, penalty, first_part: Vec::new() };
        let mut world =
            Self { state: State::new(policies, HashMap::new()), now_ms: noon("2026-11-01"), last_id: 0 };
        for (code, kind, mode) in [
            (COUNTER, ChannelKind::Counter, ChannelMode::Asking),
            (WECHAT, ChannelKind::Mobile, ChannelMode::Reporting),
        ] {
            world.give(Command::ChannelChange(ChannelChange::Add(Channel::new(code.to_owned(), kind, mode))));
        }
        world.save(ACCOUNT, CustomerClass::Residential, AccountStatus::Active);
        world
    }

    /// The same with a household of another class.
    pub fn of_class(class: CustomerClass) -> Self {
        let mut world = Self::new();
        world.save(ACCOUNT, class, AccountStatus::Active);
        world
    }

    /// Lets it be noon of that day.
    pub fn on(&mut self, day: &str) -> &mut Self {
        self.now_ms = noon(day);
        self
    }

    pub fn give(&mut self, command: Command) -> Answer {
        self.last_id += 1;
        let given = Given::taken_in(self.now_ms).with_numbers(self.last_id, 1);
        let answer = Numbered { given, command }.settle(&mut self.state);
        invariants::check(&self.state);
        check_words(&self.state, &answer);
        answer
    }

    pub fn save(&mut self, number: &str, class: CustomerClass, status: AccountStatus) {
        let text = String::new;
        let holder = Holder { name: text(), address: text(), phone: text(), area: text() };
        self.give(Command::SaveAccount(SaveAccount { number: number.to_owned(), status, class, holder }));
    }

    pub fn close(&mut self) {
        let class = self.account().class;
        self.save(ACCOUNT, class, AccountStatus::Closed);
    }

    pub fn suspend(&mut self, channel: &str) {
        self.give(Command::ChannelChange(ChannelChange::Suspend { code: channel.to_owned(), suspend: true }));
    }

    pub fn rule(&mut self, channel: &str, class: Option<CustomerClass>, rule: AmountRule) {
        self.state.channels.get_mut(channel).unwrap().amount_rules.insert(class, rule);
    }

    /// Issues a bill to the household twenty days before it falls due.
    pub fn issue(&mut self, number: &str, principal_fen: i64, due_on: &str) -> LineOutcome {
        self.issue_bill(bill_of(number, principal_fen, due_on))
    }

    pub fn issue_bill(&mut self, bill: IssueBill) -> LineOutcome {
        line_of(self.give(Command::IssueBill(bill)))
    }

    /// The outcome and whether it repeats the first answer.
    pub fn pay(&mut self, pay: &Pay) -> (PostOutcome, bool) {
        match self.give(Command::PostPayment(pay.0.clone())) {
            Answer::PostPayment(Answered::Settled { outcome, replayed }) => (outcome, replayed),
            answer => panic!("{answer:?} is no answer to a payment"),
        }
    }

    /// Posts a payment that must succeed.
    pub fn post(&mut self, pay: &Pay) -> Payment {
        match self.pay(pay) {
            (Ok(payment), false) => *payment,
            outcome => panic!("{pay:?} was not posted: {outcome:?}"),
        }
    }

    /// Posts a payment that must be refused.
    pub fn refuse(&mut self, pay: &Pay) -> Refusal<PostRefusalCode> {
        match self.pay(pay) {
            (Err(refusal), false) => refusal,
            outcome => panic!("{pay:?} was not refused: {outcome:?}"),
        }
    }

    /// Reverses a payment of the counter's; the outcome and whether it repeats the first answer.
    pub fn reverse(&mut self, key: &str, payment_key: &str) -> (ReverseOutcome, bool) {
        self.reverse_by(COUNTER, key, payment_key, "typed twice")
    }

    pub fn reverse_by(
        &mut self,
        channel: &str,
        key: &str,
        payment_key: &str,
        reason: &str,
    ) -> (ReverseOutcome, bool) {
        let input = ReverseInput { payment_key: payment_key.to_owned(), reason: reason.to_owned() };
        let command = ReversePayment { key: key_of(channel, key), input, trimmed: None, actor: actor() };
        match self.give(Command::ReversePayment(command)) {
            Answer::ReversePayment(Answered::Settled { outcome, replayed }) => (outcome, replayed),
            answer => panic!("{answer:?} is no answer to a reversal"),
        }
    }

    /// Reverses a payment of the counter's that must be reversible.
    pub fn undo(&mut self, key: &str, payment_key: &str) -> Payment {
        match self.reverse(key, payment_key) {
            (Ok(Undone::Reversed(payment)), false) => *payment,
            outcome => panic!("{payment_key} was not reversed: {outcome:?}"),
        }
    }

    pub fn account(&self) -> &Account {
        &self.state.accounts[ACCOUNT].account
    }

    /// Advance balance and shortfall of the household.
    pub fn advance(&self) -> (i64, i64) {
        (self.account().advance_fen, self.account().shortfall_fen)
    }

    pub fn bill(&self, number: &str) -> &Bill {
        self.state.accounts[ACCOUNT].bill(number).unwrap()
    }

    /// Principal and penalty paid on a bill.
    pub fn paid(&self, number: &str) -> (i64, i64) {
        (self.bill(number).principal_paid_fen, self.bill(number).penalty_paid_fen)
    }

    /// What a payer on that day would owe on a bill.
    pub fn due(&self, number: &str, on: &str) -> i64 {
        let bill = self.bill(number);
        bill.amount_due_fen(self.state.policies.penalty_of(bill), day(on))
    }

    /// Kinds of the exceptions left under a key, in the order they were written.
    pub fn exceptions(&self, key: &str) -> Vec<ExceptionKind> {
        let exceptions = self.state.changes.exceptions.iter();
        exceptions.filter(|exception| exception.idempotency_key == key).map(|found| found.kind).collect()
    }

    pub fn entries_of(&self, movement_id: i64) -> Vec<&Entry> {
        self.state.changes.entries.iter().filter(|entry| entry.movement_id == movement_id).collect()
    }

    /// What one ledger account holds of that account number: credits less debits.
    pub fn balance(&self, account: &str, ledger: LedgerAccount) -> i64 {
        let entries = self.state.changes.entries.iter().filter(|entry| entry.account_number == account);
        let signed = |entry: &Entry| {
            let credit = if entry.credit == ledger { entry.amount_fen } else { 0 };
            credit - if entry.debit == ledger { entry.amount_fen } else { 0 }
        };
        entries.map(signed).sum()
    }
}

/// What a person reads is in plain words: it shows nothing of how a value is written in the program.
fn check_words(state: &State, answer: &Answer) {
    let refusal = match answer {
        Answer::PostPayment(Answered::Settled { outcome: Err(refusal), .. }) => Some(&refusal.message),
        Answer::ReversePayment(Answered::Settled { outcome: Err(refusal), .. }) => Some(&refusal.message),
        _ => None,
    };
    let details = state.changes.exceptions.iter().map(|exception| &exception.detail);
    for words in details.chain(refusal) {
        let marks = ["None", "Some(", "\"", "{", "[", "::", "_fen", "_ms"];
        let shows = marks.iter().find(|mark| outside_quotes(words).contains(**mark));
        assert_eq!(shows, None, "{words}");
    }
}

/// Without what was sent, which stands between quotation marks.
fn outside_quotes(words: &str) -> String {
    let words = words.replace("””", "");
    words.split('“').map(|part| part.rsplit('”').next().unwrap_or_default()).collect()
}

/// What became of a line.
#[track_caller]
pub fn line_of(answer: Answer) -> LineOutcome {
    answer.into_line().unwrap_or_else(|answer| panic!("{answer:?} is no answer to a line"))
}

/// A bill of the household, issued twenty days before it falls due.
pub fn bill_of(number: &str, principal_fen: i64, due_on: &str) -> IssueBill {
    let due_on = day(due_on);
    IssueBill {
        account_number: ACCOUNT.to_owned(),
        number: number.to_owned(),
        period: "2026-10".to_owned(),
        principal_fen,
        issued_on: due_on - chrono::Days::new(20),
        due_on,
    }
}
