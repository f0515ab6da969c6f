//! What speaks against a payment, in the documented order of precedence. An asking channel hears
//! the first; on a reporting channel each becomes an exception, since the money is already taken.

use chrono::NaiveDate;

use super::super::account::{AccountStatus, is_account_number};
use super::super::base::calendar::DAY_MS;
use super::super::base::money::{format_amount, sum_fen};
use super::super::base::refusal::Refusal;
use super::super::base::text::quoted_list;
use super::super::bill::AccountState;
use super::super::bill::policies::Policies;
use super::super::channel::{AmountRule, Channel};
use super::super::exception::ExceptionKind;
use super::{PostInput, PostRefusalCode as Code};

/// How far ahead of the server's clock `paidAt` may lie; within it, it counts as now (rule 10).
pub(super) const PAID_AT_AHEAD_MS_MAX: i64 = 5 * 60 * 1_000;

/// What the guards look at.
pub(super) struct PostContext<'a> {
    pub policies: &'a Policies,
    pub channel: &'a Channel,
    pub account: Option<&'a AccountState>,
    pub input: &'a PostInput,
    pub now_ms: i64,
    /// Day of `paidAt` in the utility's zone.
    pub day: NaiveDate,
}

impl PostContext<'_> {
    /// Everything that speaks against the payment, most important first.
    pub(super) fn objections(&self) -> Vec<Refusal<Code>> {
        let before_account = [self.suspended_channel(), self.paid_at_too_old(), self.missing_account()];
        let mut objections: Vec<_> = before_account.into_iter().flatten().collect();
        if let Some(account) = self.account {
            objections.extend(self.closed_account(account));
            objections.extend(self.missing_bills(account));
            objections.extend(self.unpayable_bills(account));
            objections.extend(self.amount_rule(account));
        }
        objections
    }

    /// `paidAt` in the future is refused on every channel.
    pub(super) fn paid_at_ahead(&self) -> Option<Refusal<Code>> {
        let is_ahead =
            self.input.paid_at_ms.is_some_and(|paid_at_ms| paid_at_ms > self.now_ms + PAID_AT_AHEAD_MS_MAX);
        is_ahead.then(|| {
            let message = "paidAt lies more than 5 minutes ahead of the server's clock.";
            Refusal::of_field(Code::PaidAtOutOfRange, "paidAt", message)
        })
    }

    /// What is due on the bills named, else on all payable bills and the shortfall, in fen.
    fn due_fen(&self, account: &AccountState) -> i64 {
        match self.named() {
            [] => self.due_in_all_fen(account),
            named => {
                let is_named = |number: &String| named.contains(number);
                let bills = account.payable_bills().filter(|bill| is_named(&bill.number));
                sum_fen(bills.map(|bill| bill.amount_due_fen(self.policies.penalty_of(bill), self.day)))
            }
        }
    }

    /// What is due on all payable bills and the shortfall, in fen.
    fn due_in_all_fen(&self, account: &AccountState) -> i64 {
        self.policies.due_fen(&account.account, &account.bills, self.day)
    }

    fn named(&self) -> &[String] {
        self.input.bill_numbers.as_deref().unwrap_or_default()
    }

    fn suspended_channel(&self) -> Option<Refusal<Code>> {
        self.channel.is_suspended.then(|| {
            Refusal::of_none(Code::ChannelSuspended, format!("Channel {} is suspended.", self.channel.code))
        })
    }

    fn paid_at_too_old(&self) -> Option<Refusal<Code>> {
        let days = self.channel.paid_at_back_days;
        let earliest_ms = self.now_ms - days * DAY_MS;
        let is_too_old = self.input.paid_at_ms.is_some_and(|paid_at_ms| paid_at_ms < earliest_ms);
        is_too_old.then(|| {
            let message = format!("paidAt lies more than {days} days back.");
            Refusal::of_field(Code::PaidAtOutOfRange, "paidAt", message)
        })
    }

    fn missing_account(&self) -> Option<Refusal<Code>> {
        let number = &self.input.account_number;
        if !is_account_number(number) {
            let message = "The account number is not 1 to 20 digits.";
            return Some(Refusal::of_field(Code::AccountNumberMalformed, "accountNumber", message));
        }
        self.account.is_none().then(|| {
            Refusal::of_field(
                Code::AccountNotFound,
                "accountNumber",
                format!("There is no account {number}."),
            )
        })
    }

    fn closed_account(&self, account: &AccountState) -> Option<Refusal<Code>> {
        let due_fen = self.due_in_all_fen(account);
        let is_closed = account.account.status == AccountStatus::Closed;
        (is_closed && self.input.amount_fen > due_fen).then(|| {
            let due = format_amount(due_fen);
            let message = format!("The account is closed; at most the {due} still due can be paid.");
            Refusal::of_field(Code::AccountClosed, "accountNumber", message)
        })
    }

    fn missing_bills(&self, account: &AccountState) -> Option<Refusal<Code>> {
        let missing = self.named_where(|number| account.bill(number).is_none())?;
        let message = format!("This account has no bill {missing}.");
        Some(Refusal::of_field(Code::BillNotFound, "billNumbers", message))
    }

    fn unpayable_bills(&self, account: &AccountState) -> Option<Refusal<Code>> {
        let unpayable =
            self.named_where(|number| account.bill(number).is_some_and(|bill| !bill.is_payable()))?;
        let message = format!("Bill {unpayable} can't be paid now: it is paid or cancelled.");
        Some(Refusal::of_field(Code::BillNotPayable, "billNumbers", message))
    }

    fn named_where(&self, is_meant: impl Fn(&String) -> bool) -> Option<String> {
        let meant: Vec<String> = self.named().iter().filter(|number| is_meant(number)).cloned().collect();
        (!meant.is_empty()).then(|| quoted_list(&meant))
    }

    fn amount_rule(&self, account: &AccountState) -> Option<Refusal<Code>> {
        let amount_fen = self.input.amount_fen;
        let (min_fen, max_fen) = (self.channel.min_fen, self.channel.max_fen);
        let refuse = |message| Some(Refusal::of_field(Code::AmountNotAccepted, "amount", message));
        if !(min_fen..=max_fen).contains(&amount_fen) {
            let (min, max) = (format_amount(min_fen), format_amount(max_fen));
            return refuse(format!("This channel accepts {min} to {max}."));
        }
        let due_fen = self.due_fen(account);
        let due = format_amount(due_fen);
        match self.channel.amount_rule(account.account.class) {
            AmountRule::Any => None,
            AmountRule::Exact | AmountRule::ExactOrMore if due_fen == 0 => {
                refuse("Nothing is due (0.00); this channel accepts only what is due.".to_owned())
            }
            AmountRule::Exact if amount_fen != due_fen => refuse(format!("Exactly {due} is due.")),
            AmountRule::ExactOrMore if amount_fen < due_fen => {
                refuse(format!("{due} is due; less is not accepted."))
            }
            AmountRule::Exact | AmountRule::ExactOrMore => None,
        }
    }
}

/// The exception that an objection becomes when the money was already taken.
pub(super) fn exception_kind(code: Code) -> ExceptionKind {
    match code {
        Code::ChannelSuspended => ExceptionKind::ChannelSuspended,
        Code::PaidAtOutOfRange => ExceptionKind::PaidAtOutOfRange,
        Code::AccountNumberMalformed => ExceptionKind::AccountNumberMalformed,
        Code::AccountNotFound => ExceptionKind::AccountNotFound,
        Code::AccountClosed => ExceptionKind::AccountClosed,
        Code::BillNotFound => ExceptionKind::BillNotFound,
        Code::BillNotPayable => ExceptionKind::BillNotPayable,
        Code::AmountNotAccepted | Code::AmountOutOfRange => ExceptionKind::AmountNotAccepted,
        Code::IdempotencyKeyReused | Code::IdempotencyKeyMalformed => ExceptionKind::IdempotencyKeyReused,
        Code::InputMalformed => ExceptionKind::InputTrimmed,
    }
}

/// Whether money under this objection can't be placed on an account.
pub(super) fn goes_to_suspense(code: Code) -> bool {
    matches!(code, Code::ChannelSuspended | Code::AccountNumberMalformed | Code::AccountNotFound)
}
