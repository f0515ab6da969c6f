//! Ledgers written by chance: few accounts and few keys, so that commands meet each other often.

use granary::domain::account::{AccountStatus, CustomerClass};
use granary::domain::base::money::format_amount;
use granary::domain::book::Command;
use granary::domain::channel::{AmountRule, ChannelChange, ChannelMode};

use super::scenario::{Ledger, account, bill, channel, date, noon_ms, pay_with, reverse};

const CHANNELS: [&str; 3] = ["ASKING", "REPORTING", "EXACT"];
const ACCOUNTS: [&str; 5] = ["1", "2", "3", "4", "x"];

/// SplitMix64: the same seed gives the same ledger on every machine.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[usize::try_from(self.below(words.len() as u64)).expect("an index")]
    }
}

/// Writes `batch_count` batches of a ledger that depends only on `seed`.
pub fn write(ledger: &mut Ledger, seed: u64, batch_count: u64) {
    use AccountStatus::{Active, Closed, Suspended};
    use CustomerClass::{Commercial, Residential};
    ledger.on("2025-10-01").run(vec![
        channel("ASKING", ChannelMode::Asking, AmountRule::Any),
        channel("REPORTING", ChannelMode::Reporting, AmountRule::Any),
        channel("EXACT", ChannelMode::Reporting, AmountRule::Exact),
        account("1", Active, Residential),
        account("2", Suspended, Commercial),
        account("3", Active, Commercial),
        account("4", Closed, Residential),
    ]);
    let mut chance = Chance(seed);
    let mut day = date("2025-10-02");
    for _ in 0..batch_count {
        day = day + chrono::Days::new(chance.below(4));
        let commands = (0..=chance.below(9)).map(|_| command(&mut chance, day)).collect();
        ledger.on(&day.to_string()).run(commands);
    }
}

fn command(chance: &mut Chance, day: chrono::NaiveDate) -> Command {
    let channel = chance.one_of(&CHANNELS);
    let number = chance.one_of(&ACCOUNTS);
    match chance.below(10) {
        0..=1 => {
            let due_on = (day + chrono::Days::new(chance.below(40))).to_string();
            let principal = format_amount(i64::try_from(chance.below(300) * 100).expect("an amount"));
            bill(number, &format!("B{}", chance.below(60)), &principal, &due_on)
        }
        2..=4 => {
            let (own, of) = (chance.below(400), chance.below(400));
            reverse(channel, &format!("r{own}"), &format!("p{of}"))
        }
        5 => Command::ChannelChange(ChannelChange::Suspend {
            code: channel.to_owned(),
            suspend: chance.below(3) == 0,
        }),
        _ => payment(chance, day, channel, number),
    }
}

fn payment(chance: &mut Chance, day: chrono::NaiveDate, channel: &str, number: &str) -> Command {
    let key = match chance.below(20) {
        0 => format!("r{}", chance.below(400)),
        _ => format!("p{}", chance.below(400)),
    };
    // Small at first, so that bills stay open; then large, so that advances grow.
    let amount_end = if day < date("2026-02-01") { 8_000 } else { 40_000 };
    let amount = format_amount(i64::try_from(1 + chance.below(amount_end)).expect("an amount"));
    let paid_on = day - chrono::Days::new(chance.below(30));
    let paid_at_ms = (chance.below(2) == 0).then(|| noon_ms(&paid_on.to_string()));
    let named = [format!("B{}", chance.below(60)), format!("B{}", chance.below(60))];
    let named = [named[0].as_str(), named[1].as_str()];
    let bills = (chance.below(3) == 0).then_some(named.as_slice());
    pay_with(channel, &key, number, &amount, paid_at_ms, bills)
}
