//! A small, single-threaded, naive utility, written from the rules of money alone. What it answers
//! and what it holds is what granary must answer and hold.

use std::collections::{BTreeMap, BTreeSet};

use granary::domain::account::{AccountStatus, CustomerClass};
use granary::domain::base::keys::Key;
use granary::domain::base::money::FEN_MAX;
use granary::domain::bill::{IssueBill, Part};
use granary::domain::book::Command;
use granary::domain::channel::{Channel, ChannelChange, TotalDelta};
use granary::domain::payment::PostInput;
use granary::domain::reversal::ReverseInput;

pub mod bill;
mod post;
mod reverse;
pub mod said;

use bill::{Bill, Day, Put, day_at, day_number};
use said::{Heard, Said};

/// An account with its bills in order of issue.
#[derive(Debug, Clone)]
pub struct Account {
    /// State of the contract.
    pub status: AccountStatus,
    /// Class of the customer.
    pub class: CustomerClass,
    /// Advance above zero, shortfall below.
    pub advance_fen: i64,
    /// Accepted movements.
    pub movements: i64,
    /// All bills.
    pub bills: Vec<Bill>,
}

/// What is asked under a key.
#[derive(Debug, Clone)]
pub enum Input {
    /// A payment.
    Post(PostInput),
    /// A reversal.
    Reverse(ReverseInput),
}

impl Input {
    /// The first field in which another input differs.
    fn differs(&self, given: &Self) -> Option<&'static str> {
        match (self, given) {
            (Self::Post(first), Self::Post(given)) => post::differs(first, given),
            (Self::Reverse(first), Self::Reverse(given)) => reverse::differs(first, given),
            (Self::Post(_) | Self::Reverse(_), _) => Some(KEY),
        }
    }
}

/// What is told under a key, the first time and ever after.
#[derive(Debug, Clone)]
pub enum Told {
    /// The same for ever.
    Said(Box<Said>),
    /// The payment at that place in the list was posted; it is told as it is by then.
    Posted(usize),
    /// The payment at that place was undone.
    Reversed(usize),
    /// The payment of that key will be undone; it is told once it has come and was posted.
    Remembered(Key),
}

/// What a key was used for.
#[derive(Debug, Clone)]
pub enum Used {
    /// By a command that asked this and was told that.
    By(Input, Told),
    /// Kept for its payment by the reversal of that key and reason.
    Kept(String, String),
}

/// Name of the key's own field.
const KEY: &str = "idempotencyKey";

/// An exception: channel, key, kind, what tells two of one kind apart.
pub type Difference = (String, String, &'static str, String);

/// The whole utility.
#[derive(Debug, Default)]
pub struct Model {
    /// Registered channels by code.
    pub channels: BTreeMap<String, Channel>,
    /// Accounts by number.
    pub accounts: BTreeMap<String, Account>,
    /// Every key used.
    pub keys: BTreeMap<Key, Used>,
    /// Every payment posted, in order, as it is told now.
    pub payments: Vec<Heard>,
    /// What channels posted and reversed by business day.
    pub totals: BTreeMap<(String, Day), TotalDelta>,
    /// Exceptions.
    pub differences: BTreeSet<Difference>,
}

impl Model {
    /// Takes one command in and says what its caller hears, and whether as a replay.
    pub fn take(&mut self, at_ms: i64, command: &Command) -> (Said, bool) {
        match command {
            Command::PostPayment(command) => self.post(at_ms, command),
            Command::ReversePayment(command) => self.reverse(at_ms, command),
            Command::IssueBill(command) => (self.issue(at_ms, command), false),
            Command::SaveAccount(command) => {
                let (status, class) = (command.status, command.class);
                let account = self.accounts.entry(command.number.clone()).or_insert(Account {
                    status,
                    class,
                    advance_fen: 0,
                    movements: 0,
                    bills: Vec::new(),
                });
                (account.status, account.class) = (status, class);
                (Said::Saved, false)
            }
            Command::ChannelChange(ChannelChange::Add(channel)) => {
                self.channels.insert(channel.code.clone(), channel.clone());
                (Said::Saved, false)
            }
            Command::ChannelChange(ChannelChange::Suspend { code, suspend }) => {
                (self.suspend(code, *suspend), false)
            }
            Command::OpenVisit(_)
            | Command::CloseVisit(_)
            | Command::ChannelChange(ChannelChange::RuleDocuments { .. })
            | Command::AccessChange(_) => {
                unreachable!("no client asks for it")
            }
        }
    }

    /// What a payer on `day` owes on these bills (all, where none is named), the shortfall included
    /// where none is named.
    pub fn due_fen(&self, account_number: &str, named: &[String], day: Day) -> i64 {
        let Some(account) = self.accounts.get(account_number) else { return 0 };
        let is_meant = |bill: &&Bill| named.is_empty() || named.contains(&bill.issued.number);
        let on_bills: i64 = account.bills.iter().filter(is_meant).map(|bill| bill.due_fen(day)).sum();
        if named.is_empty() { on_bills + (-account.advance_fen).max(0) } else { on_bills }
    }

    /// What is heard under a key that stands in this input's way: the same again where the same was asked under it,
    /// else a refusal. `None` where the key is free for it.
    fn heard_before(&mut self, key: &Key, input: &Input) -> Option<(Said, bool)> {
        let field = match self.keys.get(key)? {
            Used::By(first, told) => match first.differs(input) {
                None => return Some((self.tell(told), true)),
                Some(field) => field,
            },
            Used::Kept(..) if matches!(input, Input::Post(_)) => return None,
            Used::Kept(..) => KEY,
        };
        Some((self.conflict(key, input, field), false))
    }

    fn tell(&self, told: &Told) -> Said {
        match told {
            Told::Said(said) => said.as_ref().clone(),
            Told::Posted(place) => Said::Posted(self.payments[*place].clone()),
            Told::Reversed(place) => Said::Reversed(self.payments[*place].clone()),
            Told::Remembered(key) => Said::Remembered(self.posted_under(key).cloned()),
        }
    }

    fn posted_under(&self, key: &Key) -> Option<&Heard> {
        match self.keys.get(key)? {
            Used::By(Input::Post(_), Told::Posted(place)) => self.payments.get(*place),
            Used::By(..) | Used::Kept(..) => None,
        }
    }

    /// The refusal of a key that was used otherwise.
    fn conflict(&mut self, key: &Key, input: &Input, field: &str) -> Said {
        self.differ(key, "IDEMPOTENCY_KEY_REUSED", format!("{input:?}"));
        Said::Refused("IDEMPOTENCY_KEY_REUSED", Some(field.to_owned()))
    }

    fn differ(&mut self, key: &Key, kind: &'static str, told_apart_by: String) {
        self.differences.insert((key.channel_code.clone(), key.text.clone(), kind, told_apart_by));
    }

    fn suspend(&mut self, code: &str, suspend: bool) -> Said {
        match self.channels.get_mut(code) {
            None => Said::UnknownChannel,
            Some(channel) if channel.is_suspended == suspend => Said::Unchanged,
            Some(channel) => {
                channel.is_suspended = suspend;
                Said::Saved
            }
        }
    }

    fn issue(&mut self, at_ms: i64, command: &IssueBill) -> Said {
        if !(0..=FEN_MAX).contains(&command.principal_fen) {
            return Said::LineRefused("principal");
        }
        if command.due_on < command.issued_on {
            return Said::LineRefused("due_on");
        }
        let Some(account) = self.accounts.get_mut(&command.account_number) else {
            return Said::LineRefused("account_number");
        };
        if let Some(bill) = account.bills.iter().find(|bill| bill.issued.number == command.number) {
            return match &bill.issued {
                known if known == command => Said::Unchanged,
                known if known.period != command.period => Said::LineRefused("period"),
                known if known.principal_fen != command.principal_fen => Said::LineRefused("principal"),
                known if known.issued_on != command.issued_on => Said::LineRefused("issued_on"),
                _ => Said::LineRefused("due_on"),
            };
        }
        account.bills.push(Bill { issued: command.clone(), class: account.class, puts: Vec::new() });
        account.movements += 1;
        account.apply_advance(day_at(at_ms));
        Said::Saved
    }

    fn total(&mut self, channel_code: &str, at_ms: i64) -> &mut TotalDelta {
        self.totals.entry((channel_code.to_owned(), day_at(at_ms))).or_default()
    }
}

impl Account {
    /// Places of payable bills, oldest due date first.
    pub fn payable(&self) -> Vec<usize> {
        let mut places: Vec<usize> =
            (0..self.bills.len()).filter(|&place| self.bills[place].is_payable()).collect();
        places.sort_by_key(|&place| {
            let issued = &self.bills[place].issued;
            (issued.due_on, issued.number.clone())
        });
        places
    }

    /// Spends the advance on payable bills; it counts on the due date or now, whichever is earlier.
    fn apply_advance(&mut self, today: Day) {
        for place in self.payable() {
            for part in [Part::Principal, Part::Penalty] {
                let bill = &mut self.bills[place];
                let fen = bill.part_due_fen(part, today).min(self.advance_fen.max(0));
                if fen > 0 {
                    self.advance_fen -= fen;
                    let day = day_number(bill.issued.due_on).min(today);
                    bill.puts.push(Put { payment: None, day, part, fen });
                }
            }
        }
    }
}
