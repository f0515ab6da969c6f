//! F14: the clock goes back, across the ends of a month and of a year. Order comes from the account's sequence, no
//! penalty shrinks, and a replay is what it was.

use granary::domain::account::CustomerClass::Commercial;
use granary::domain::book::{Answer, Command};
use granary::domain::channel::ChannelMode;

use super::row::{Trial, runs};
use crate::processes::proof::{Judgement, broken, count};
use crate::simulator::random::Random;
use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::commands::{
    add_channel, issue_bill, lane, payment_of, post, reverse, save_account, settle_at,
};

const ACCOUNT: &str = "0000000001";
const BANK: &str = "BANK-1";
/// 2026-12-31 23:59:59.999 in Shanghai: the last instant of a month and of a year.
const YEAR_END_MS: i64 = 1_798_732_799_999;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;
const STEPS: usize = 40;

#[test]
fn order_and_penalties_do_not_follow_a_clock_that_goes_back() {
    for_each_backend(|database| {
        let mut trial = Trial::begin("F14", "clock set back across a year's end", database.name());
        for run in 0..runs(3) {
            let account = format!("{ACCOUNT}{run:02}");
            let acknowledged = clock_goes_back(database, &account, &mut trial.random);
            trial.made();
            trial.counted(acknowledged, 0, 0);
        }
        trial.judged(&Judgement { broken: broken(&mut database.reader()), ..Judgement::default() });
        trial.end();
    });
}

/// An instant within two minutes of the year's end, or some days to either side, in no order.
fn instant(random: &mut Random) -> i64 {
    match random.chance(70) {
        true => YEAR_END_MS + random.between(-2 * MINUTE_MS, 2 * MINUTE_MS),
        false => YEAR_END_MS + random.between(-20, 20) * DAY_MS,
    }
}

/// Pays late bills at such instants, and undoes some payments. Returns how many were acknowledged.
fn clock_goes_back(database: &TestDatabase, account: &str, random: &mut Random) -> usize {
    let mut lane = lane(&database.database);
    let mut setup = vec![save_account(account, Commercial)];
    if count(&mut database.reader(), "SELECT count(*) AS found FROM channels") == 0 {
        setup.push(add_channel(BANK, ChannelMode::Asking));
    }
    let bills = [("B1", "2026-10-15"), ("B2", "2026-11-15"), ("B3", "2026-12-15")];
    setup.extend(bills.map(|(number, due_on)| issue_bill(account, number, 100_000, due_on)));
    settle_at(&mut lane, YEAR_END_MS - 60 * DAY_MS, setup);
    let mut told: Vec<(Command, Answer)> = Vec::new();
    let (mut penalty, mut sequence) = (0, sequence_of(database, account));
    for step in 0..STEPS {
        let command = match told.last() {
            Some((Command::PostPayment(paid), _)) if random.chance(20) => {
                reverse(BANK, &format!("{account}-R{step}"), &paid.key.text)
            }
            _ => post(BANK, &format!("{account}-{step}"), account, random.between(1, 30_000)),
        };
        let is_reversal = matches!(command, Command::ReversePayment(_));
        let answer = settle_at(&mut lane, instant(random), vec![command.clone()]).remove(0);
        let charged = penalty_of(database, account);
        assert!(is_reversal || charged >= penalty, "a penalty shrank from {penalty} to {charged} fen");
        let moved = sequence_of(database, account);
        assert_eq!(moved, sequence + 1, "one movement, one place in the account's order");
        (penalty, sequence) = (charged, moved);
        told.push((command, answer));
    }
    for (command, answer) in &told {
        let again = settle_at(&mut lane, instant(random), vec![command.clone()]).remove(0);
        let ((first, _), (payment, replayed)) = (payment_of(answer), payment_of(&again));
        assert!(replayed, "{command:?}");
        assert_eq!(
            (first.id, first.posted_at_ms, first.paid_at_ms, &first.allocations),
            (payment.id, payment.posted_at_ms, payment.paid_at_ms, &payment.allocations)
        );
    }
    told.len()
}

fn sequence_of(database: &TestDatabase, account: &str) -> i64 {
    let query = format!("SELECT last_sequence AS found FROM accounts WHERE account_number = '{account}'");
    count(&mut database.reader(), &query)
}

/// The penalty charged on all bills of the account.
fn penalty_of(database: &TestDatabase, account: &str) -> i64 {
    let query = format!(
        "SELECT CAST(coalesce(sum(penalty_paid_fen), 0) AS BIGINT) AS found FROM bills \
         WHERE account_number = '{account}'"
    );
    count(&mut database.reader(), &query)
}
