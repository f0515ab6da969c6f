//! A bill as the model sees it: what was put on it, and a penalty counted day by day. Nothing here
//! looks at how granary computes the same.

use chrono::{Datelike, NaiveDate};
use granary::domain::account::CustomerClass;
use granary::domain::bill::{BillStatus, IssueBill, Part};

/// Days since 1970-01-01.
pub type Day = i64;

/// The least penalty once there is one.
const MINIMUM_FEN: i64 = 100;

/// The day of a date.
pub fn day_number(date: NaiveDate) -> Day {
    i64::from(date.num_days_from_ce()) - 719_163
}

/// The date of a day.
pub fn date_of(day: Day) -> NaiveDate {
    NaiveDate::from_num_days_from_ce_opt(i32::try_from(day + 719_163).expect("a near day")).expect("a day")
}

/// The day of an instant in Shanghai, which has been eight hours ahead since 1991.
pub fn day_at(instant_ms: i64) -> Day {
    (instant_ms + 8 * 3_600_000).div_euclid(86_400_000)
}

/// Money put on a bill.
#[derive(Debug, Clone)]
pub struct Put {
    /// Place of the payment in the model's list; `None` for the advance balance.
    pub payment: Option<usize>,
    /// Day that counts.
    pub day: Day,
    /// Part it settles.
    pub part: Part,
    /// How much.
    pub fen: i64,
}

/// A bill with all that was put on it.
#[derive(Debug, Clone)]
pub struct Bill {
    /// As issued.
    pub issued: IssueBill,
    /// Class at issue.
    pub class: CustomerClass,
    /// Money on it, in order of arrival.
    pub puts: Vec<Put>,
}

impl Bill {
    /// What was put on one part.
    pub fn paid_fen(&self, part: Part) -> i64 {
        self.puts.iter().filter(|put| put.part == part).map(|put| put.fen).sum()
    }

    /// Principal not yet paid.
    pub fn principal_due_fen(&self) -> i64 {
        self.issued.principal_fen - self.paid_fen(Part::Principal)
    }

    /// Penalty a payer on `day` owes beyond what was charged, all that is unpaid counting as paid by them.
    pub fn penalty_due_fen(&self, day: Day) -> i64 {
        (self.penalty_if_settled_fen(day) - self.paid_fen(Part::Penalty)).max(0)
    }

    /// What one part still wants from a payer on `day`.
    pub fn part_due_fen(&self, part: Part, day: Day) -> i64 {
        match part {
            Part::Principal => self.principal_due_fen(),
            Part::Penalty => self.penalty_due_fen(day),
        }
    }

    /// What a payer on `day` still owes; nothing on a bill that is paid.
    pub fn due_fen(&self, day: Day) -> i64 {
        if self.is_payable() { self.principal_due_fen() + self.penalty_due_fen(day) } else { 0 }
    }

    /// Whether it takes money.
    pub fn is_payable(&self) -> bool {
        self.status() != BillStatus::Paid
    }

    /// Follows from what was put on it.
    pub fn status(&self) -> BillStatus {
        // With the principal paid no day adds anything for the payer's own.
        let any_day = day_number(self.issued.due_on);
        if self.principal_due_fen() == 0 && self.penalty_due_fen(any_day) == 0 {
            BillStatus::Paid
        } else if self.puts.is_empty() {
            BillStatus::Open
        } else {
            BillStatus::PartlyPaid
        }
    }

    /// Every day after the due date adds its rate of what was unpaid when it began, until the last
    /// payment, of those known and the one on `day` that settles the rest.
    fn penalty_if_settled_fen(&self, day: Day) -> i64 {
        let mut milli: i128 = 0;
        let due = day_number(self.issued.due_on);
        let year_end = day_number(NaiveDate::from_ymd_opt(self.issued.due_on.year(), 12, 31).expect("a day"));
        let last = self.puts.iter().map(|put| put.day).max().unwrap_or(day).max(day);
        for late in due + 1..=last {
            let was_there = |put: &&Put| put.part == Part::Principal && put.day < late;
            let mut unpaid: i64 = self.issued.principal_fen;
            unpaid -= self.puts.iter().filter(was_there).map(|put| put.fen).sum::<i64>();
            if day < late {
                unpaid -= self.principal_due_fen();
            }
            let rate = match self.class {
                CustomerClass::Residential => 1,
                _ if late <= year_end => 2,
                _ => 3,
            };
            milli += i128::from(rate * unpaid);
        }
        let rounded = i64::try_from((milli + 500) / 1_000).expect("a penalty within range");
        if milli == 0 { 0 } else { rounded.max(MINIMUM_FEN) }
    }
}
