//! The district: accounts with Chinese names, months of paid history and open bills, always the same,
//! written by set-based SQL straight into granary's tables. What it writes is what granary itself
//! would have written; `granary audit` says so.
//!
//! A movement's number follows from its account and month, so that no statement needs to look at what
//! another has written. Nearly all of the SQL is one text for both back ends.

use anyhow::Context;
use chrono::{Datelike, Days, FixedOffset, Months, NaiveDate, TimeZone};

use crate::district_words::{holders, words_table};
use crate::target::Target;

/// Months of history in all; the newest is paid for in the month before this one.
pub const HISTORY_MONTHS: u32 = 24;
/// Channels of kind bank, asking.
pub const BANKS: u32 = 8;
/// A large open bill, which small payments never exhaust.
pub const LARGE_PRINCIPAL_FEN: u64 = 100_000_000;
/// Accounts after which the principal of a bill comes again.
pub const PRINCIPALS: u64 = 200;
/// The utility's zone, where no clock is put forward.
const ZONE_OFFSET_S: i32 = 8 * 3_600;
/// Odd, so that multiplying by it modulo 2^32 is a bijection; it spreads keys as random ones would.
const SCATTER: u64 = 2_654_435_761;

/// What is still owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// (a) One bill for each account, large enough for many small payments.
    OneLarge,
    /// (b) Twelve bills for each account, all of the same principal: a payment of just that settles
    /// just the oldest.
    Twelve,
}

/// How large a district is, and as of which day.
#[derive(Debug, Clone, Copy)]
pub struct District {
    /// Number of accounts, from number 0 on.
    pub accounts: u64,
    /// The day it is made, on which nothing is overdue.
    pub today: NaiveDate,
}

/// The number of an account.
pub fn account_number(index: u64) -> String {
    format!("{index:010}")
}

/// What each bill of an account comes to, in fen, but for the large one.
pub fn principal_fen(index: u64) -> u64 {
    5_000 + (index % PRINCIPALS) * 100
}

/// The number of the nth open bill of every account, the oldest first.
pub fn open_bill_number(today: NaiveDate, place: u32) -> Option<String> {
    let month = today.with_day(1)?.checked_add_months(Months::new(place))?;
    Some(bill_number(month))
}

fn bill_number(period: NaiveDate) -> String {
    period.format("%Y%m-01").to_string()
}

/// Today in the utility's zone.
pub fn today() -> anyhow::Result<NaiveDate> {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().context("the clock stands before 1970")?;
    let now = FixedOffset::east_opt(ZONE_OFFSET_S).context("an offset")?;
    let instant = now.timestamp_opt(i64::try_from(since.as_secs())?, 0).single().context("an instant")?;
    Ok(instant.date_naive())
}

impl District {
    /// A district as of today.
    pub fn new(accounts: u64) -> anyhow::Result<Self> {
        Ok(Self { accounts, today: today()? })
    }

    /// Writes accounts, their holders and the channels into an empty, migrated database.
    pub fn write_accounts(&self, target: &mut Target) -> anyhow::Result<()> {
        target.execute(&self.index_table(target))?;
        target.execute(&words_table())?;
        target.together(&[
            channels(),
            "INSERT INTO accounts (account_number, status, customer_class, last_sequence, advance_fen, \
             shortfall_fen, open_from) \
             SELECT account_number, 'ACTIVE', class, 0, 0, 0, NULL FROM bench_index ORDER BY i"
                .to_owned(),
            holders(),
        ])?;
        target.execute("DROP TABLE bench_words")?;
        target.tidy("channels accounts account_holders")
    }

    /// Writes months `from..to` of paid history, counted from the oldest; those before are there.
    pub fn write_history(&self, target: &mut Target, from: u32, to: u32) -> anyhow::Result<()> {
        let indexes = target.take_indexes()?;
        for month in from..to {
            target.together(&self.history_month(month)?)?;
        }
        for index in indexes {
            target.execute(&index)?;
        }
        self.tidy_all(target)
    }

    /// Writes what is owed on top of `history_months`, and closes the loading.
    pub fn write_open(&self, target: &mut Target, open: Open, history_months: u32) -> anyhow::Result<()> {
        let bill_count = if open == Open::OneLarge { 1 } else { 12 };
        let mut statements = Vec::new();
        for place in 0..bill_count {
            let bill = Issue {
                base: self.base(2 * history_months + place),
                sequence: 2 * history_months + place + 1,
                period: add_months(self.this_month(), place)?,
                issued_on: self.this_month(),
                due_on: last_day(add_months(self.this_month(), place + 1)?)?,
                principal: match open {
                    Open::OneLarge => LARGE_PRINCIPAL_FEN.to_string(),
                    Open::Twelve => "principal_fen".to_owned(),
                },
                paid_on: None,
            };
            statements.extend(bill.statements());
        }
        let (sequence, first_due) =
            (2 * history_months + bill_count, last_day(add_months(self.this_month(), 1)?)?);
        statements.push(format!("UPDATE accounts SET last_sequence = {sequence}, open_from = '{first_due}'"));
        let next_id = self.base(sequence) + u64::from(BANKS * HISTORY_MONTHS);
        statements.push(format!("UPDATE id_blocks SET next_id = {next_id}"));
        statements.push("DROP TABLE bench_index".to_owned());
        target.together(&statements)?;
        self.tidy_all(target)
    }

    fn tidy_all(&self, target: &mut Target) -> anyhow::Result<()> {
        target.tidy("accounts bills idempotency_keys payments entries channel_total_deltas")
    }

    /// The number before the first of the nth movement of every account.
    fn base(&self, movement: u32) -> u64 {
        1 + u64::from(movement) * self.accounts
    }

    fn this_month(&self) -> NaiveDate {
        self.today.with_day(1).unwrap_or(self.today)
    }

    fn history_month(&self, month: u32) -> anyhow::Result<Vec<String>> {
        let age = HISTORY_MONTHS + 1 - month;
        let period = self.this_month().checked_sub_months(Months::new(age)).context("a month")?;
        let next = add_months(period, 1)?;
        let paid_on = next.with_day(5).context("a day")?;
        let issue = Issue {
            base: self.base(2 * month),
            sequence: 2 * month + 1,
            period,
            issued_on: period.with_day(25).context("a day")?,
            due_on: last_day(next)?,
            principal: "principal_fen".to_owned(),
            paid_on: Some(paid_on),
        };
        let mut statements = issue.statements();
        statements.extend(self.payments(month, &issue, paid_on)?);
        Ok(statements)
    }

    /// Each account's payment of one bill, with its key, its entry and its channel's total.
    fn payments(&self, month: u32, bill: &Issue, paid_on: NaiveDate) -> anyhow::Result<Vec<String>> {
        let (base, sequence, bill_number) = (self.base(2 * month + 1), 2 * month + 2, bill.number());
        let offset = FixedOffset::east_opt(ZONE_OFFSET_S).context("an offset")?;
        let noon = paid_on.and_hms_opt(12, 0, 0).context("noon")?;
        let at_ms = offset.from_local_datetime(&noon).single().context("an instant")?.timestamp_millis();
        let delta_id = self.base(2 * month + 2) + u64::from(month * BANKS);
        Ok(vec![
            format!(
                "INSERT INTO payments (id, account_number, sequence, channel_code, idempotency_key, amount_fen, \
                 to_advance_fen, to_suspense_fen, paid_at_ms, posted_at_ms, paid_on, business_day, actor, token_id) \
                 SELECT {base} + i, account_number, {sequence}, channel_code, scatter || '-{bill_number}', \
                 principal_fen, 0, 0, {at_ms}, {at_ms}, '{paid_on}', '{paid_on}', channel_code, 'history' \
                 FROM bench_index ORDER BY i"
            ),
            format!(
                "INSERT INTO idempotency_keys (channel_code, idempotency_key, kind, number, input) \
                 SELECT channel_code, scatter || '-{bill_number}', 'PAYMENT_POST', {base} + i, \
                 '[1,\"' || account_number || '\",' || principal_fen || ']' FROM bench_index \
                 ORDER BY channel_code, scatter"
            ),
            format!(
                "INSERT INTO entries (movement_id, line, account_number, debit, credit, channel_code, bill_number, \
                 amount_fen, paid_on, remaining_after_fen, business_day) \
                 SELECT {base} + i, 1, account_number, 'CLEARING', 'RECEIVABLE', channel_code, '{bill_number}', \
                 principal_fen, '{paid_on}', 0, '{paid_on}' FROM bench_index ORDER BY i"
            ),
            format!(
                "INSERT INTO channel_total_deltas (id, channel_code, business_day, posted_fen, posted_count, \
                 reversed_fen, reversed_count) SELECT {delta_id} + min(bank), channel_code, '{paid_on}', \
                 sum(principal_fen), count(*), 0, 0 FROM bench_index GROUP BY channel_code"
            ),
        ])
    }

    /// What all other statements select from: one row for each account.
    fn index_table(&self, target: &Target) -> String {
        let last = self.accounts - 1;
        let (numbers, account_number, scatter) = match target {
            Target::Postgres(_) => (
                format!("SELECT i::bigint AS i FROM generate_series(0, {last}) AS i"),
                "lpad(i::text, 10, '0')",
                format!("lpad(to_hex(i * {SCATTER} % 4294967296), 8, '0')"),
            ),
            Target::Sqlite(_) => (
                format!(
                    "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {last}) \
                     SELECT i FROM n"
                ),
                "printf('%010d', i)",
                format!("printf('%08x', i * {SCATTER} % 4294967296)"),
            ),
        };
        format!(
            "CREATE TABLE bench_index AS SELECT i, {account_number} AS account_number, {scatter} AS scatter, \
             CASE WHEN i % 20 IN (3, 11) THEN 'COMMERCIAL' WHEN i % 20 = 17 THEN 'AGRICULTURAL' \
             WHEN i % 20 = 18 THEN 'INDUSTRIAL' WHEN i % 20 = 19 THEN 'OTHER' ELSE 'RESIDENTIAL' END AS class, \
             i % {BANKS} AS bank, 'BANK-' || (1 + i % {BANKS}) AS channel_code, \
             5000 + (i % {PRINCIPALS}) * 100 AS principal_fen FROM ({numbers}) AS numbers"
        )
    }
}

/// One bill for every account.
struct Issue {
    base: u64,
    sequence: u32,
    period: NaiveDate,
    issued_on: NaiveDate,
    due_on: NaiveDate,
    /// In fen, as SQL.
    principal: String,
    /// When it was paid in full, if it was.
    paid_on: Option<NaiveDate>,
}

impl Issue {
    fn number(&self) -> String {
        bill_number(self.period)
    }

    fn statements(&self) -> Vec<String> {
        let Self { base, sequence, issued_on, due_on, principal, .. } = self;
        let (number, period) = (self.number(), self.period.format("%Y-%m"));
        let (status, paid, by_day) = match self.paid_on {
            Some(day) => ("PAID", principal.as_str(), format!("'{day}=' || {principal}")),
            None => ("OPEN", "0", "''".to_owned()),
        };
        vec![
            format!(
                "INSERT INTO bills (account_number, bill_number, period, customer_class, principal_fen, issued_on, \
                 due_on, status, principal_paid_fen, penalty_paid_fen, principal_by_day, sequence, movement_id) \
                 SELECT account_number, '{number}', '{period}', class, {principal}, '{issued_on}', '{due_on}', \
                 '{status}', {paid}, 0, {by_day}, {sequence}, {base} + i FROM bench_index ORDER BY i"
            ),
            format!(
                "INSERT INTO entries (movement_id, line, account_number, debit, credit, bill_number, amount_fen, \
                 paid_on, business_day) SELECT {base} + i, 1, account_number, 'RECEIVABLE', 'REVENUE', '{number}', \
                 {principal}, '{issued_on}', '{issued_on}' FROM bench_index ORDER BY i"
            ),
        ]
    }
}

fn add_months(day: NaiveDate, months: u32) -> anyhow::Result<NaiveDate> {
    day.checked_add_months(Months::new(months)).context("a month in the calendar")
}

fn last_day(month: NaiveDate) -> anyhow::Result<NaiveDate> {
    add_months(month, 1)?.checked_sub_days(Days::new(1)).context("a day in the calendar")
}

/// The channels of every section: banks that ask, one that reports results, and who else calls.
fn channels() -> String {
    let row = |code: &str, kind: &str, mode: &str| {
        format!("('{code}', '{kind}', '{mode}', 0 = 1, 1, 1000000000000, 400)")
    };
    let mut rows: Vec<String> =
        (1..=BANKS).map(|bank| row(&format!("BANK-{bank}"), "BANK", "ASKING")).collect();
    rows.push(row("RESULTS", "BANK", "REPORTING"));
    rows.push(row("COUNTER", "COUNTER", "ASKING"));
    rows.push(row("APP", "APP", "ASKING"));
    format!(
        "INSERT INTO channels (code, kind, mode, is_suspended, min_fen, max_fen, paid_at_back_days) VALUES {}",
        rows.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use granary::store::audit;
    use granary::store::base::check::Verdict;
    use granary::store::base::connection::{Database, Purpose};
    use granary::store::base::migrations;

    use super::*;
    use crate::postgres::Cluster;

    fn assert_clean(url: &str, open: Open) {
        let database = Database::from_url(url).expect("a URL");
        migrations::run_pending(&mut database.connect_or_create().expect("a database")).expect("migrations");
        let district = District::new(50).expect("a district");
        let mut target = Target::open(url).expect("the database");
        district.write_accounts(&mut target).expect("accounts");
        district.write_history(&mut target, 0, 2).expect("history");
        district.write_history(&mut target, 2, 3).expect("more history");
        district.write_open(&mut target, open, 3).expect("what is owed");
        drop(target);
        let findings =
            audit::run(&mut database.connect(Purpose::Read).expect("the database")).expect("an audit");
        for finding in findings {
            assert!(!matches!(finding.verdict, Verdict::Broken { .. }), "{finding:?}");
        }
    }

    #[test]
    fn the_district_is_clean_on_sqlite() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, open) in [("large", Open::OneLarge), ("twelve", Open::Twelve)] {
            assert_clean(&format!("sqlite://{}/{name}.db", folder.path().display()), open);
        }
    }

    #[test]
    fn the_district_is_clean_on_postgresql() {
        let Some(cluster) = Cluster::private() else { return };
        for (name, open) in [("large", Open::OneLarge), ("twelve", Open::Twelve)] {
            assert_clean(&cluster.create_migrated(name), open);
        }
    }
}
