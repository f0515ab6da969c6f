//! What is asked for: a household for each channel, with an object of every kind in it, and canaries
//! in every field that not everybody may see.

use granary::domain::account::{AccountStatus, CustomerClass, Holder, SaveAccount};
use granary::domain::book::Command;
use granary::domain::channel::{Channel, ChannelChange, ChannelKind, ChannelMode};
use granary::domain::payment::{PostInput, PostPayment};
use granary::domain::reversal::{ReverseInput, ReversePayment};
use serde_json::{Value, json};

use crate::support::app::{TestApp, at};
use crate::support::backends::TestDatabase;
use crate::support::commands::{NOON_MS, actor, issue_bill, key, post_input};

/// The channel whose household is everybody's other.
pub const NEIGHBOUR: &str = "ALIPAY";
const CHANNELS: [&str; 5] = ["COUNTER-1", "BANK-1", "WECHAT", "APP", NEIGHBOUR];
const ACCOUNTS_EACH: usize = 3;
/// One for each account, so that each name is unique.
const SURNAMES: [char; CHANNELS.len() * ACCOUNTS_EACH] =
    ['甲', '乙', '丙', '丁', '戊', '己', '庚', '辛', '壬', '癸', '子', '丑', '寅', '卯', '辰'];
const DAY_MS: i64 = 86_400_000;
/// Business day of [`NOON_MS`], on which everything is seeded.
const SEED_DAY: &str = "2026-11-20";
/// Characters of a phone number that a mask shows at its head.
const PHONE_HEAD: usize = 3;
/// Characters of a phone number from its head to its last four.
const PHONE_HIDDEN_UNTIL: usize = 7;
/// Characters of an address that a mask shows.
const ADDRESS_HEAD: usize = 6;

/// A text that may appear only where these fields are allowed.
pub struct Canary {
    /// Whose it is, by channel.
    pub household: &'static str,
    /// Where it belongs.
    pub fields: &'static [&'static str],
    /// The part that a mask must hide too.
    pub text: String,
}

/// One channel's payments, and the accounts they were made for.
pub struct Household {
    /// The channel.
    pub channel: &'static str,
    index: usize,
    account_id: String,
    bill_id: String,
    payment_id: String,
}

/// What the holder of an account is called, in clear.
fn holder(account: usize) -> Holder {
    Holder {
        name: format!("金丝雀{}", SURNAMES[account]),
        address: format!("蚌埠市龙子湖区金丝雀里{account:02}号"),
        phone: format!("139{:04}{:04}", 7_103 + 37 * account, 5_201 + account),
        area: "龙子湖".to_owned(),
    }
}

impl Household {
    /// What the household's accounts show in a field of personal data: in clear and masked.
    pub fn personal_values(&self, field: &str) -> Option<Vec<(String, String)>> {
        let value = |holder: Holder| match field {
            "Account.name" => Some((holder.name, "金**".to_owned())),
            "Account.phone" => {
                let masked = format!("139****{}", &holder.phone[PHONE_HIDDEN_UNTIL..]);
                Some((holder.phone, masked))
            }
            "Account.address" => Some((holder.address, "蚌埠市龙子湖***".to_owned())),
            _ => None,
        };
        self.account_indexes().map(|account| value(holder(account))).collect()
    }

    /// The numbers of its accounts: one with bills and payments, one with nothing due, and one to
    /// pay for.
    pub fn account_numbers(&self) -> [String; ACCOUNTS_EACH] {
        numbers(self.index)
    }

    /// Puts the household's own into a text with `<holes>`; `fresh` is a key not used yet.
    pub fn fill(&self, text: &str, fresh: &str) -> String {
        let [main, idle, till] = self.account_numbers();
        let own = Texts::of(self.channel);
        let holes = [
            ("<account>", main.as_str()),
            ("<idle>", &idle),
            ("<till>", &till),
            ("<account_id>", &self.account_id),
            ("<bill_id>", &self.bill_id),
            ("<payment_id>", &self.payment_id),
            ("<channel>", self.channel),
            ("<key>", &own.key),
            ("<refused_key>", &own.refused_key),
            ("<reversal_key>", &own.reversal_key),
            ("<reason>", &own.reason),
            ("<day>", SEED_DAY),
            ("<amount>", "0.01"),
            ("<fresh>", fresh),
        ];
        holes.iter().fold(text.to_owned(), |text, (hole, value)| text.replace(hole, value))
    }

    fn account_indexes(&self) -> std::ops::Range<usize> {
        self.index * ACCOUNTS_EACH..(self.index + 1) * ACCOUNTS_EACH
    }

    fn canaries(&self) -> Vec<Canary> {
        let canary =
            |fields: &'static [&'static str], text: String| Canary { household: self.channel, fields, text };
        let own = Texts::of(self.channel);
        let mut canaries = vec![
            canary(&["Payment.idempotencyKey", "Exception.idempotencyKey"], own.key),
            canary(&["Payment.note"], own.note),
            canary(&["Reversal.idempotencyKey"], own.reversal_key),
            canary(&["Reversal.reason"], own.reason),
        ];
        for holder in self.account_indexes().map(holder) {
            canaries.extend([
                canary(&["Account.name"], holder.name.chars().skip(1).collect()),
                canary(&["Account.address"], holder.address.chars().skip(ADDRESS_HEAD).collect()),
                canary(&["Account.phone"], holder.phone[..PHONE_HIDDEN_UNTIL].to_owned()),
                canary(&["Account.phone"], holder.phone[PHONE_HEAD..].to_owned()),
            ]);
        }
        canaries
    }
}

/// What only a household's own channel knows.
struct Texts {
    key: String,
    refused_key: String,
    reversal_key: String,
    note: String,
    reason: String,
}

impl Texts {
    fn of(channel: &str) -> Self {
        Self {
            key: format!("{channel}-canary-paid"),
            refused_key: format!("{channel}-refused"),
            reversal_key: format!("{channel}-canary-undone"),
            note: format!("note with a canary of {channel}"),
            reason: format!("reason with a canary of {channel}"),
        }
    }
}

fn numbers(index: usize) -> [String; ACCOUNTS_EACH] {
    std::array::from_fn(|account| format!("05520{index}{account}"))
}

/// Accounts and bills; commands that come before the server starts.
fn accounts_of(index: usize) -> Vec<Command> {
    let numbers = numbers(index);
    let save = |(account, number): (usize, &String)| {
        Command::SaveAccount(SaveAccount {
            number: number.clone(),
            status: AccountStatus::Active,
            class: CustomerClass::Residential,
            holder: holder(index * ACCOUNTS_EACH + account),
        })
    };
    let mut commands: Vec<Command> = numbers.iter().enumerate().map(save).collect();
    let [main, _, till] = &numbers;
    commands.extend([
        issue_bill(main, "PAID", 10_000, "2026-11-30"),
        issue_bill(main, "OPEN", 5_000, "2026-12-31"),
        issue_bill(till, "LONG", 1_000_000_000, "2026-12-31"),
    ]);
    commands
}

/// A payment posted and reversed, one that stands, one refused, a key used twice, and a payment for a
/// bill that isn't there: where the channel reports, it is posted and leaves an exception.
fn payments_of(index: usize, channel: &str) -> Vec<Command> {
    let [main, idle, _] = numbers(index);
    let own = Texts::of(channel);
    let to_main = |amount_fen, paid_at_ms| PostInput {
        account_number: main.clone(),
        amount_fen,
        paid_at_ms,
        bill_numbers: None,
    };
    let stray = PostInput {
        account_number: idle,
        amount_fen: 100,
        paid_at_ms: None,
        bill_numbers: Some(vec!["NONE".to_owned()]),
    };
    vec![
        Command::PostPayment(PostPayment {
            key: key(channel, &own.key),
            input: to_main(10_000, None),
            note: Some(own.note.clone()),
            trimmed: None,
            actor: actor(),
        }),
        Command::ReversePayment(ReversePayment {
            key: key(channel, &own.reversal_key),
            input: ReverseInput { payment_key: own.key.clone(), reason: own.reason.clone() },
            trimmed: None,
            actor: actor(),
        }),
        post_input(channel, &format!("{channel}-stands"), to_main(10_000, None)),
        post_input(channel, &own.refused_key, to_main(10_000, Some(NOON_MS + DAY_MS))),
        post_input(channel, &own.key, to_main(20_000, None)),
        post_input(channel, &format!("{channel}-stray"), stray),
    ]
}

/// A running server with a household for each channel. The seeding lies a day back, so that what is
/// posted later stands on another day.
pub fn town(database: &TestDatabase) -> (TestApp<'_>, Vec<Household>) {
    let neighbour = Channel::new(NEIGHBOUR.to_owned(), ChannelKind::Mobile, ChannelMode::Reporting);
    let mut setup = vec![Command::ChannelChange(ChannelChange::Add(neighbour))];
    setup.extend((0..CHANNELS.len()).flat_map(accounts_of));
    let app = TestApp::start(database, setup);
    for (index, channel) in CHANNELS.iter().enumerate() {
        for command in payments_of(index, channel) {
            app.submit(vec![command]);
        }
    }
    app.clock.set(NOON_MS + DAY_MS);
    let households =
        CHANNELS.iter().enumerate().map(|(index, channel)| household(&app, index, channel)).collect();
    (app, households)
}

fn household(app: &TestApp<'_>, index: usize, channel: &'static str) -> Household {
    let query = "query($n: String!, $k: String!) { payment(idempotencyKey: $k) { status payment { id } } \
        account(number: $n) { id bills { nodes { id number status } } } }";
    let variables = json!({ "n": numbers(index)[0], "k": Texts::of(channel).key });
    let data = app.channel(channel).data(query, variables);
    assert_eq!(at(&data, "payment.status"), "REVERSED", "{data}");
    let bill = at(&data, "account.bills.nodes.0");
    assert_eq!((&bill["number"], &bill["status"]), (&json!("PAID"), &json!("PAID")), "{data}");
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    Household {
        channel,
        index,
        account_id: text(at(&data, "account.id")),
        bill_id: text(&bill["id"]),
        payment_id: text(at(&data, "payment.payment.id")),
    }
}

/// Every canary of the town.
pub fn canaries(households: &[Household]) -> Vec<Canary> {
    households.iter().flat_map(Household::canaries).collect()
}

/// The household of a channel.
pub fn household_of<'h>(households: &'h [Household], channel: &str) -> &'h Household {
    households.iter().find(|household| household.channel == channel).expect("each channel has a household")
}
