//! Where a run plays: its channels, accounts and clock. All names carry the seed, so that runs can
//! share a database.

use granary::domain::account::{AccountStatus, CustomerClass};
use granary::domain::book::Command;
use granary::domain::channel::{AmountRule, Channel, ChannelChange, ChannelKind, ChannelMode};

use super::random::Random;
use crate::support::commands::save_account_as;

/// 2026-12-27 12:00 in Shanghai: runs cross the end of a year.
const START_MS: i64 = 1_798_344_000_000;
const HOUR_MS: i64 = 3_600_000;

/// Names of one run, and its clock.
#[derive(Debug)]
pub struct World {
    /// Codes of asking channels, then of reporting ones.
    pub channels: Vec<String>,
    /// A code nobody registered.
    pub unknown_channel: String,
    /// Numbers of accounts; the last two don't exist at first.
    pub accounts: Vec<String>,
    /// Now.
    pub now_ms: i64,
}

/// How many of the channels are asking.
pub const ASKING_COUNT: usize = 3;
const ACCOUNT_COUNT: usize = 7;

impl World {
    /// The world of a seed.
    pub fn new(seed: u64) -> Self {
        let code = |name: &str| format!("{name}-{seed}");
        Self {
            channels: ["ANY", "MORE", "EXACT", "TOPUP", "DEBIT"].map(code).into(),
            unknown_channel: code("NOBODY"),
            accounts: (0..ACCOUNT_COUNT).map(|at| format!("0{seed}00{at}")).collect(),
            now_ms: START_MS,
        }
    }

    /// What is there before the first client comes.
    pub fn set_up(&self, random: &mut Random) -> Vec<Command> {
        let mut commands: Vec<Command> = self
            .channels()
            .into_iter()
            .map(|channel| Command::ChannelChange(ChannelChange::Add(channel)))
            .collect();
        for number in &self.accounts[..ACCOUNT_COUNT - 2] {
            let status =
                random.one_of(&[AccountStatus::Active, AccountStatus::Active, AccountStatus::Suspended]);
            commands.push(save_account_as(number, random.one_of(CustomerClass::ALL), status));
        }
        commands
    }

    /// Lets time pass: mostly hours, at times days, at times back.
    pub fn pass_time(&mut self, random: &mut Random) {
        self.now_ms += match random.between(0, 19) {
            0 => -HOUR_MS * random.between(1, 48),
            1 | 2 => 24 * HOUR_MS * random.between(1, 40),
            3..=5 => 24 * HOUR_MS * random.between(1, 3),
            _ => random.between(0, 5 * HOUR_MS),
        };
    }

    fn channels(&self) -> Vec<Channel> {
        let new = |at: usize, kind, mode| Channel::new(self.channels[at].clone(), kind, mode);
        let any = new(0, ChannelKind::Counter, ChannelMode::Asking);
        let mut more = new(1, ChannelKind::Bank, ChannelMode::Asking);
        more.amount_rules.insert(None, AmountRule::ExactOrMore);
        (more.min_fen, more.max_fen, more.paid_at_back_days) = (50, 500_000, 30);
        let mut exact = new(2, ChannelKind::Bank, ChannelMode::Asking);
        exact.amount_rules.insert(Some(CustomerClass::Residential), AmountRule::Exact);
        let top_up = new(3, ChannelKind::Mobile, ChannelMode::Reporting);
        let mut debit = new(4, ChannelKind::Bank, ChannelMode::Reporting);
        debit.amount_rules.insert(None, AmountRule::Exact);
        debit.amount_rules.insert(Some(CustomerClass::Other), AmountRule::Any);
        debit.paid_at_back_days = 60;
        vec![any, more, exact, top_up, debit]
    }
}
