//! The sample district of `granary demo`: some 3,000 accounts with three months of bills, the same
//! every time. All days hang on the month of the first run, which is found again in the database, so
//! that a second run on another day sends the same input under the same keys and changes nothing.

use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;

use crate::domain::account::{AccountStatus, CustomerClass, Holder, SaveAccount};
use crate::domain::base::actor::Actor;
use crate::domain::base::keys::Key;
use crate::domain::bill::IssueBill;
use crate::domain::book::Command;
use crate::domain::channel::{AmountRule, Channel, ChannelChange, ChannelKind, ChannelMode};
use crate::domain::payment::{PostInput, PostPayment};

use super::district_names::{address, company, draw, person};

/// Number of accounts.
const ACCOUNTS: u32 = 3_000;
/// Months with a bill; the newest is due at the end of the month of the first run.
const MONTHS: u32 = 3;
/// Day of issue, in the month before the bill is due.
const ISSUE_DAY: u32 = 25;
/// The account of the commands that are shown: one overdue bill, one open.
const SHOWN_ACCOUNT: u32 = 6;

pub(super) const COUNTER: &str = "COUNTER-01";
pub(super) const BANK: &str = "BANK-ICBC";
pub(super) const MOBILE: &str = "WECHAT";
pub(super) const APP: &str = "APP";
const BILLING: &str = "BILLING";
/// Channels of the district.
pub(super) const CHANNEL_CODES: [&str; 5] = [COUNTER, BANK, MOBILE, APP, BILLING];

/// The district as of one month.
pub(super) struct District {
    /// First day of the month of the first run.
    month: NaiveDate,
    zone: Tz,
}

/// How the customers of an account pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    /// All but the newest bill.
    OnTime,
    /// All, the newest too.
    Early,
    /// Owes the last month and the newest.
    OneOverdue,
    /// Has paid half of the last month.
    PartlyPaid,
    /// Owes everything.
    NeverPays,
    /// Tops up ahead; bills are settled from the advance balance.
    TopsUp,
    /// Pays more than is due.
    RoundsUp,
}

/// The number of an account; leading zeros count.
pub(super) fn account_number(index: u32) -> String {
    format!("0552{index:06}")
}

/// The account that the printed commands are about.
pub(super) fn shown_account() -> String {
    account_number(SHOWN_ACCOUNT)
}

/// The number of no account.
pub(super) fn unknown_account() -> String {
    account_number(999_999)
}

/// The first account, by whose bills the month of an earlier run is found again.
pub(super) fn first_account() -> String {
    account_number(1)
}

/// The month of the first run, from the day of issue of the first account's oldest bill.
pub(super) fn month_from_oldest_issue(issued_on: NaiveDate) -> Option<NaiveDate> {
    issued_on.with_day(1)?.checked_add_months(Months::new(MONTHS))
}

impl District {
    /// The district as of the month of this day.
    pub(super) fn new(day: NaiveDate, zone: Tz) -> Self {
        Self { month: day.with_day(1).unwrap_or(day), zone }
    }

    /// The commands in the order in which they must take effect: those of one list may go at once.
    pub(super) fn phases(&self) -> Vec<Vec<Command>> {
        let accounts = || 1..=ACCOUNTS;
        let mut phases = vec![channels(), accounts().map(save_account).collect()];
        for age in (0..MONTHS).rev() {
            if age == 0 {
                phases.push(accounts().filter_map(|index| self.top_up(index)).collect());
            }
            phases.push(accounts().filter_map(|index| self.bill(index, age)).collect());
            phases.push(accounts().filter_map(|index| self.payment(index, age)).collect());
        }
        phases
    }

    fn bill(&self, index: u32, age: u32) -> Option<Command> {
        let is_after_the_end = status(index) == AccountStatus::Closed && age < MONTHS - 1;
        if is_after_the_end {
            return None;
        }
        let due_in = self.month.checked_sub_months(Months::new(age))?;
        let used_in = due_in.checked_sub_months(Months::new(1))?;
        Some(Command::IssueBill(IssueBill {
            account_number: account_number(index),
            number: bill_number(used_in),
            period: used_in.format("%Y-%m").to_string(),
            principal_fen: principal_fen(index, age),
            issued_on: used_in.with_day(ISSUE_DAY)?,
            due_on: due_in.checked_add_months(Months::new(1))?.pred_opt()?,
        }))
    }

    fn payment(&self, index: u32, age: u32) -> Option<Command> {
        let principal = principal_fen(index, age);
        let amount_fen = match (habit(index), age) {
            (Habit::NeverPays | Habit::TopsUp, _) => return None,
            (Habit::OneOverdue, 0 | 1) => return None,
            (Habit::PartlyPaid, 0) | (Habit::OnTime, 0) => return None,
            (Habit::PartlyPaid, 1) => principal / 2,
            // Whole hundreds of yuan, the next one up.
            (Habit::RoundsUp, _) => (principal / 10_000 + 1) * 10_000,
            (Habit::OnTime | Habit::Early | Habit::OneOverdue | Habit::PartlyPaid, _) => principal,
        };
        let used_in = self.month.checked_sub_months(Months::new(age + 1))?;
        let is_closed_long_ago = status(index) == AccountStatus::Closed && age < MONTHS - 1;
        if is_closed_long_ago || amount_fen == 0 {
            return None;
        }
        let bills = Some(vec![bill_number(used_in)]);
        self.post(index, &format!("{}", used_in.format("%Y%m")), amount_fen, used_in, bills)
    }

    /// Money that comes before the newest bill, and more than it.
    fn top_up(&self, index: u32) -> Option<Command> {
        let month = self.month.checked_sub_months(Months::new(1))?;
        let amount_fen = 50_000 + 10_000 * i64::from(draw(index, 7, 6));
        let is_meant = habit(index) == Habit::TopsUp && status(index) != AccountStatus::Closed;
        is_meant.then(|| self.post(index, "TOPUP", amount_fen, month, None))?
    }

    fn post(
        &self,
        index: u32,
        what: &str,
        amount_fen: i64,
        used_in: NaiveDate,
        bill_numbers: Option<Vec<String>>,
    ) -> Option<Command> {
        let channel = [COUNTER, BANK, MOBILE][draw(index, 8, 3) as usize];
        let day =
            used_in.with_day(ISSUE_DAY)?.checked_add_days(Days::new(1 + u64::from(draw(index, 9, 3))))?;
        let time = NaiveTime::from_num_seconds_from_midnight_opt(8 * 3_600 + draw(index, 10, 43_200), 0)?;
        let paid_at = self.zone.from_local_datetime(&day.and_time(time)).earliest()?;
        Some(Command::PostPayment(PostPayment {
            key: Key {
                channel_code: channel.to_owned(),
                text: format!("DISTRICT-{}-{what}", account_number(index)),
            },
            input: PostInput {
                account_number: account_number(index),
                amount_fen,
                paid_at_ms: Some(paid_at.timestamp_millis()),
                bill_numbers,
            },
            note: None,
            trimmed: None,
            actor: Actor { subject: "demo".to_owned(), token_id: "demo".to_owned() },
        }))
    }
}

fn channels() -> Vec<Command> {
    let new = |code: &str, kind, mode| Channel::new(code.to_owned(), kind, mode);
    let mut app = new(APP, ChannelKind::App, ChannelMode::Asking);
    app.amount_rules.insert(None, AmountRule::ExactOrMore);
    (app.min_fen, app.max_fen) = (100, 5_000_000);
    let channels = [
        new(COUNTER, ChannelKind::Counter, ChannelMode::Asking),
        new(BANK, ChannelKind::Bank, ChannelMode::Asking),
        new(MOBILE, ChannelKind::Mobile, ChannelMode::Reporting),
        app,
        new(BILLING, ChannelKind::Billing, ChannelMode::Reporting),
    ];
    channels.into_iter().map(|channel| Command::ChannelChange(ChannelChange::Add(channel))).collect()
}

fn save_account(index: u32) -> Command {
    let class = class(index);
    Command::SaveAccount(SaveAccount {
        number: account_number(index),
        status: status(index),
        class,
        holder: Holder {
            name: if class == CustomerClass::Residential { person(index) } else { company(index, class) },
            address: address(index, class),
            // Numbers with four zeros in the middle belong to nobody.
            phone: format!("{}0000{:04}", ["138", "139", "150", "186"][(index % 4) as usize], index),
            area: format!("龙子湖供电所{:02}台区", 1 + index % 24),
        },
    })
}

fn class(index: u32) -> CustomerClass {
    match index % 20 {
        3 | 11 => CustomerClass::Commercial,
        17 => CustomerClass::Agricultural,
        18 => CustomerClass::Industrial,
        19 => CustomerClass::Other,
        _ => CustomerClass::Residential,
    }
}

fn status(index: u32) -> AccountStatus {
    match index % 61 {
        13 => AccountStatus::Suspended,
        29 | 47 => AccountStatus::Closed,
        _ => AccountStatus::Active,
    }
}

fn habit(index: u32) -> Habit {
    match index {
        SHOWN_ACCOUNT => Habit::OneOverdue,
        _ => match draw(index, 1, 20) {
            0..=8 => Habit::OnTime,
            9..=11 => Habit::Early,
            12 | 13 => Habit::OneOverdue,
            14 => Habit::PartlyPaid,
            15 => Habit::NeverPays,
            16 | 17 => Habit::TopsUp,
            _ => Habit::RoundsUp,
        },
    }
}

/// Larger customers use more; nobody uses the same twice.
fn principal_fen(index: u32, age: u32) -> i64 {
    let drawn = i64::from(draw(index, 20 + age, 10_000));
    match class(index) {
        CustomerClass::Residential => 4_000 + 3 * drawn,
        CustomerClass::Commercial | CustomerClass::Agricultural => 20_000 + 30 * drawn,
        CustomerClass::Other => 50_000 + 80 * drawn,
        CustomerClass::Industrial => 800_000 + 1_500 * drawn,
    }
}

fn bill_number(used_in: NaiveDate) -> String {
    format!("{}-01", used_in.format("%Y%m"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn district(day: &str) -> Vec<Command> {
        let day = day.parse().expect("a day");
        District::new(day, chrono_tz::Asia::Shanghai).phases().concat()
    }

    #[test]
    fn a_later_day_of_the_month_makes_the_same_district() {
        assert_eq!(district("2026-11-01"), district("2026-11-30"));
    }

    #[test]
    fn the_month_of_the_first_run_is_found_again() {
        for command in district("2027-01-31") {
            if let Command::IssueBill(bill) = command {
                let expected = NaiveDate::from_ymd_opt(2027, 1, 1);
                assert_eq!(bill.account_number, first_account());
                assert_eq!(month_from_oldest_issue(bill.issued_on), expected);
                return;
            }
        }
        panic!("the first account has a bill");
    }

    #[test]
    fn every_key_is_used_once_and_every_payment_lies_in_the_past() {
        let first_day = NaiveDate::from_ymd_opt(2026, 3, 1).expect("a day");
        let start = chrono_tz::Asia::Shanghai.from_local_datetime(&first_day.and_time(NaiveTime::MIN));
        let start_ms = start.earliest().expect("an instant").timestamp_millis();
        let mut keys = HashSet::new();
        for command in district("2026-03-01") {
            if let Command::PostPayment(payment) = command {
                assert!(payment.input.paid_at_ms.is_some_and(|paid_at_ms| paid_at_ms < start_ms));
                assert!(keys.insert(payment.key));
            }
        }
        assert!(keys.len() > 3_000);
    }
}
