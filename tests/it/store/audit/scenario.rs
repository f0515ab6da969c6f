//! A ledger with a little of everything in it, made by the same steps as a lane's.

use std::collections::BTreeMap;

use crate::support::commands::numbered;
use chrono::{NaiveDate, TimeZone};
use chrono_tz::Asia::Shanghai;
use granary::domain::account::{AccountStatus, CustomerClass, Holder, SaveAccount};
use granary::domain::base::actor::Actor;
use granary::domain::base::keys::Key;
use granary::domain::base::money::parse_amount;
use granary::domain::bill::IssueBill;
use granary::domain::book::{Answer, Command, Numbered};
use granary::domain::channel::{AmountRule, Channel, ChannelChange, ChannelKind, ChannelMode};
use granary::domain::keyed::Answered;
use granary::domain::payment::{PostInput, PostPayment};
use granary::domain::reversal::{ReverseInput, ReversePayment, Undone};
use granary::store::base::connection::{Connection, begin, commit};
use granary::store::base::ids::IdBlock;
use granary::store::base::migrations;
use granary::store::batch;

/// More numbers than any batch here draws.
const BATCH_IDS_MAX: i64 = 1_000;

/// A database with a lane's means of writing to it.
pub struct Ledger {
    pub connection: Connection,
    ids: IdBlock,
    now_ms: i64,
}

impl Ledger {
    /// Migrates an empty database.
    pub fn new(mut connection: Connection) -> Self {
        migrations::run_pending(&mut connection).expect("migrations run");
        Self { connection, ids: IdBlock::default(), now_ms: 0 }
    }

    /// Sets the clock to noon of a day.
    pub fn on(&mut self, day: &str) -> &mut Self {
        self.now_ms = noon_ms(day);
        self
    }

    /// Runs commands as one batch.
    pub fn run(&mut self, commands: Vec<Command>) -> Vec<Answer> {
        self.ids.reserve(&mut self.connection, BATCH_IDS_MAX).expect("numbers");
        let (ids, at_ms) = (&mut self.ids, self.now_ms);
        let orders: Vec<Numbered> =
            commands.into_iter().map(|command| numbered(ids, at_ms, command)).collect();
        begin(&mut self.connection).expect("BEGIN");
        let mut batch = batch::load(&mut self.connection, &orders, Shanghai).expect("a loaded batch");
        let answer = |order: &Numbered| order.settle(&mut batch.state);
        let answers = orders.iter().map(answer).collect();
        batch::write(&mut self.connection, batch, &mut self.ids).expect("a written batch");
        commit(&mut self.connection).expect("COMMIT");
        answers
    }

    /// The words of one batch's answers, to see that a scenario is what it means to be.
    pub fn words(&mut self, commands: Vec<Command>) -> Vec<&'static str> {
        self.run(commands).iter().map(word).collect()
    }
}

fn word(answer: &Answer) -> &'static str {
    match answer {
        Answer::PostPayment(Answered::Settled { replayed: true, .. })
        | Answer::ReversePayment(Answered::Settled { replayed: true, .. }) => "replayed",
        Answer::PostPayment(Answered::Settled { outcome: Ok(payment), .. }) if payment.reversal.is_some() => {
            "undone"
        }
        Answer::PostPayment(Answered::Settled { outcome: Ok(payment), .. })
            if payment.to_suspense_fen > 0 =>
        {
            "suspense"
        }
        Answer::PostPayment(Answered::Settled { outcome: Ok(_), .. }) => "posted",
        Answer::PostPayment(Answered::Settled { outcome: Err(refusal), .. }) => refusal.code.word(),
        Answer::ReversePayment(Answered::Settled { outcome: Ok(Undone::Reversed(_)), .. }) => "reversed",
        Answer::ReversePayment(Answered::Settled { outcome: Ok(Undone::Remembered(_)), .. }) => "remembered",
        Answer::ReversePayment(Answered::Settled { outcome: Err(refusal), .. }) => refusal.code.word(),
        Answer::PostPayment(Answered::UnknownChannel) | Answer::ReversePayment(Answered::UnknownChannel) => {
            "unknown channel"
        }
        Answer::OpenVisit(_) | Answer::CloseVisit(_) => "visit",
        Answer::IssueBill(_)
        | Answer::SaveAccount(_)
        | Answer::ChannelChange(_)
        | Answer::AccessChange(_) => "line",
    }
}

pub fn date(day: &str) -> NaiveDate {
    day.parse().expect("a day")
}

pub fn noon_ms(day: &str) -> i64 {
    let noon = date(day).and_hms_opt(12, 0, 0).expect("noon");
    Shanghai.from_local_datetime(&noon).single().expect("an instant").timestamp_millis()
}

pub fn fen(yuan: &str) -> i64 {
    parse_amount(yuan).expect("an amount")
}

pub fn channel(code: &str, mode: ChannelMode, rule: AmountRule) -> Command {
    Command::ChannelChange(ChannelChange::Add(Channel {
        amount_rules: BTreeMap::from([(None, rule)]),
        ..Channel::new(code.to_owned(), ChannelKind::Bank, mode)
    }))
}

pub fn account(number: &str, status: AccountStatus, class: CustomerClass) -> Command {
    let holder = Holder {
        name: "张三".to_owned(),
        address: "1 Granary Road".to_owned(),
        phone: "13800001234".to_owned(),
        area: "East".to_owned(),
    };
    Command::SaveAccount(SaveAccount { number: number.to_owned(), status, class, holder })
}

pub fn bill(account: &str, number: &str, principal: &str, due_on: &str) -> Command {
    Command::IssueBill(IssueBill {
        account_number: account.to_owned(),
        number: number.to_owned(),
        period: due_on[..7].to_owned(),
        principal_fen: fen(principal),
        issued_on: date(&format!("{}-01", &due_on[..7])),
        due_on: date(due_on),
    })
}

fn key(channel: &str, text: &str) -> Key {
    Key { channel_code: channel.to_owned(), text: text.to_owned() }
}

fn actor() -> Actor {
    Actor { subject: "teller-7".to_owned(), token_id: "t-1".to_owned() }
}

pub fn pay(channel: &str, text: &str, account: &str, amount: &str) -> Command {
    pay_with(channel, text, account, amount, None, None)
}

pub fn pay_on(channel: &str, text: &str, account: &str, amount: &str, day: &str) -> Command {
    pay_with(channel, text, account, amount, Some(noon_ms(day)), None)
}

pub fn pay_with(
    channel: &str,
    text: &str,
    account: &str,
    amount: &str,
    paid_at_ms: Option<i64>,
    bills: Option<&[&str]>,
) -> Command {
    let bill_numbers = bills.map(|bills| bills.iter().map(|&bill| bill.to_owned()).collect());
    let input =
        PostInput { account_number: account.to_owned(), amount_fen: fen(amount), paid_at_ms, bill_numbers };
    Command::PostPayment(PostPayment {
        key: key(channel, text),
        input,
        note: None,
        trimmed: None,
        actor: actor(),
    })
}

pub fn reverse(channel: &str, text: &str, payment_key: &str) -> Command {
    let input = ReverseInput { payment_key: payment_key.to_owned(), reason: "keyed wrongly".to_owned() };
    Command::ReversePayment(ReversePayment { key: key(channel, text), input, trimmed: None, actor: actor() })
}

/// Masters, then months of bills, payments, refusals, conflicts, replays and reversals.
pub fn write_everything(ledger: &mut Ledger) {
    set_up(ledger);
    late_and_partial_payments(ledger);
    advance_and_shortfall(ledger);
    reversals_before_their_payments(ledger);
    refusals_and_conflicts(ledger);
    suspense(ledger);
}

fn set_up(ledger: &mut Ledger) {
    use AccountStatus::{Active, Closed, Suspended};
    use CustomerClass::{Commercial, Industrial, Residential};
    ledger.on("2025-11-02").run(vec![
        channel("COUNTER", ChannelMode::Asking, AmountRule::Any),
        channel("EXACT", ChannelMode::Asking, AmountRule::Exact),
        channel("BANK", ChannelMode::Reporting, AmountRule::Any),
        channel("WALLET", ChannelMode::Reporting, AmountRule::ExactOrMore),
        account("0001", Active, Residential),
        account("0002", Active, Commercial),
        account("0003", Suspended, Industrial),
        account("0004", Closed, Residential),
        account("0005", Active, Residential),
        bill("0001", "B1", "100.00", "2025-11-30"),
        bill("0001", "B2", "200.00", "2025-12-31"),
        bill("0002", "B1", "5000.00", "2025-11-20"),
        bill("0002", "B2", "300.00", "2025-12-20"),
        bill("0004", "B1", "80.00", "2025-11-30"),
        bill("0005", "ZERO", "0.00", "2025-11-30"),
        bill("0005", "B1", "60.00", "2025-11-30"),
    ]);
}

fn late_and_partial_payments(ledger: &mut Ledger) {
    let words = ledger.on("2026-01-10").words(vec![
        pay_on("COUNTER", "late", "0001", "50.00", "2025-12-20"),
        pay("BANK", "rest", "0001", "300.00"),
        pay_on("BANK", "late", "0002", "2000.00", "2025-12-25"),
        pay_with("COUNTER", "named", "0002", "100.00", None, Some(&["B2"])),
    ]);
    assert_eq!(words, ["posted"; 4]);
    let words = ledger.on("2026-01-12").words(vec![
        pay_on("BANK", "back-dated", "0002", "3000.00", "2025-12-01"),
        reverse("BANK", "undo-late", "late"),
        pay("BANK", "again", "0002", "150.00"),
    ]);
    assert_eq!(words, ["posted", "reversed", "posted"]);
}

fn advance_and_shortfall(ledger: &mut Ledger) {
    let words = ledger.on("2026-01-15").words(vec![
        pay("COUNTER", "top-up", "0003", "120.00"),
        pay("COUNTER", "second", "0003", "30.00"),
        bill("0003", "B1", "100.00", "2026-01-31"),
    ]);
    assert_eq!(words, ["posted", "posted", "line"]);
    let words = ledger.on("2026-01-20").words(vec![
        reverse("COUNTER", "undo-top-up", "top-up"),
        bill("0003", "B2", "10.00", "2026-02-28"),
        pay_with("WALLET", "over", "0005", "75.00", None, Some(&["B1"])),
        pay("COUNTER", "exact", "0004", "50.00"),
    ]);
    assert_eq!(words, ["reversed", "line", "posted", "posted"]);
}

fn reversals_before_their_payments(ledger: &mut Ledger) {
    let words = ledger.on("2026-01-21").words(vec![
        reverse("BANK", "early-1", "comes-later"),
        reverse("BANK", "early-2", "never-comes"),
        reverse("COUNTER", "early-3", "is-refused"),
        reverse("BANK", "early-4", "unknown-later"),
        reverse("BANK", "early-5", "never-comes"),
        reverse("BANK", "early-6", "same-batch"),
        pay("BANK", "same-batch", "0001", "5.00"),
    ]);
    assert_eq!(
        words,
        [
            "remembered",
            "remembered",
            "remembered",
            "remembered",
            "PAYMENT_ALREADY_REVERSED",
            "remembered",
            "undone"
        ]
    );
    let words = ledger.on("2026-01-22").words(vec![
        pay("BANK", "comes-later", "0002", "40.00"),
        pay("COUNTER", "is-refused", "7777", "40.00"),
        pay("BANK", "unknown-later", "7777", "40.00"),
        reverse("BANK", "early-1", "comes-later"),
    ]);
    assert_eq!(words, ["undone", "ACCOUNT_NOT_FOUND", "undone", "replayed"]);
}

fn refusals_and_conflicts(ledger: &mut Ledger) {
    let words = ledger.on("2026-01-23").words(vec![
        pay("COUNTER", "closed", "0004", "500.00"),
        pay_with("COUNTER", "no-bill", "0001", "5.00", None, Some(&["NONE"])),
        pay("EXACT", "not-exact", "0002", "5.00"),
        pay("BANK", "rest", "0001", "301.00"),
        pay("BANK", "rest", "0001", "300.00"),
        reverse("BANK", "rest", "late"),
        reverse("COUNTER", "undo-refused", "closed"),
        reverse("COUNTER", "self", "self"),
        pay("NOBODY", "k", "0001", "5.00"),
        pay_with("COUNTER", "ahead", "0001", "5.00", Some(noon_ms("2026-01-23") + 299_000), None),
        pay_on("BANK", "tomorrow", "0001", "5.00", "2026-01-24"),
        pay("BANK", "closed-over", "0004", "500.00"),
    ]);
    let expected = [
        "ACCOUNT_CLOSED",
        "BILL_NOT_FOUND",
        "AMOUNT_NOT_ACCEPTED",
        "IDEMPOTENCY_KEY_REUSED",
        "replayed",
        "IDEMPOTENCY_KEY_REUSED",
        "PAYMENT_WAS_REFUSED",
        "IDEMPOTENCY_KEY_REUSED",
        "unknown channel",
        "posted",
        "PAID_AT_OUT_OF_RANGE",
        "posted",
    ];
    assert_eq!(words, expected);
}

fn suspense(ledger: &mut Ledger) {
    let words = ledger.on("2026-01-24").words(vec![
        pay("BANK", "unknown", "9999", "12.34"),
        pay("BANK", "malformed", "A\u{7}17", "1.00"),
        pay("BANK", "unknown-2", "9999", "20.00"),
        Command::ChannelChange(ChannelChange::Suspend { code: "WALLET".to_owned(), suspend: true }),
        pay("WALLET", "suspended", "0001", "3.00"),
        reverse("BANK", "undo-unknown-2", "unknown-2"),
        reverse("BANK", "undo-again", "unknown-2"),
    ]);
    let expected =
        ["suspense", "suspense", "suspense", "line", "suspense", "reversed", "PAYMENT_ALREADY_REVERSED"];
    assert_eq!(words, expected);
}
