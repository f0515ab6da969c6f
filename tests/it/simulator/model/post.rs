//! Posting, as the rules of money say it.

use granary::domain::account::AccountStatus;
use granary::domain::base::keys::Key;
use granary::domain::bill::{Allocation, Part};
use granary::domain::channel::{AmountRule, Channel, ChannelMode};
use granary::domain::payment::{PostInput, PostPayment};

use super::bill::{Day, Put, day_at};
use super::said::{Heard, HeardReversal, Said};
use super::{Account, Model, Used};

const FIVE_MINUTES_MS: i64 = 300_000;
const DAY_MS: i64 = 86_400_000;

/// Something that speaks against a payment: code and field.
type Objection = (&'static str, Option<&'static str>);

impl Model {
    pub(super) fn post(&mut self, at_ms: i64, command: &PostPayment) -> (Said, bool) {
        let (key, input) = (&command.key, &command.input);
        match self.keys.get(key) {
            Some(Used::Posted(first, place)) => match differs(first, input) {
                None => return (Said::Posted(self.payments[*place].clone()), true),
                Some(field) => return (self.conflict_post(command, field), false),
            },
            Some(Used::PostRefused(first, said)) => match differs(first, input) {
                None => return (said.clone(), true),
                Some(field) => return (self.conflict_post(command, field), false),
            },
            Some(Used::Reversed(..) | Used::ReverseSaid(..)) => {
                return (self.conflict_post(command, "idempotencyKey"), false);
            }
            Some(Used::Kept(..)) | None => {}
        }
        let Some(channel) = self.channels.get(&key.channel_code).cloned() else {
            return (Said::UnknownChannel, false);
        };
        let objections = self.objections(&channel, at_ms, input);
        let is_ahead = input.paid_at_ms.is_some_and(|paid_at_ms| paid_at_ms > at_ms + FIVE_MINUTES_MS);
        let refusal = match channel.mode {
            ChannelMode::Asking => objections.first().copied(),
            ChannelMode::Reporting => is_ahead.then_some(("PAID_AT_OUT_OF_RANGE", Some("paidAt"))),
        };
        if let Some((code, field)) = refusal {
            let said = Said::Refused(code, field.map(str::to_owned));
            self.keys.insert(key.clone(), Used::PostRefused(input.clone(), said.clone()));
            return (said, false);
        }
        (self.accept(at_ms, command, &channel, &objections), false)
    }

    /// In order of precedence.
    fn objections(&self, channel: &Channel, at_ms: i64, input: &PostInput) -> Vec<Objection> {
        let mut objections: Vec<Objection> = Vec::new();
        if channel.is_suspended {
            objections.push(("CHANNEL_SUSPENDED", None));
        }
        let earliest_ms = at_ms - channel.paid_at_back_days * DAY_MS;
        if input.paid_at_ms.is_some_and(|ms| ms < earliest_ms || ms > at_ms + FIVE_MINUTES_MS) {
            objections.push(("PAID_AT_OUT_OF_RANGE", Some("paidAt")));
        }
        let number = &input.account_number;
        if number.is_empty() || number.len() > 20 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            objections.push(("ACCOUNT_NUMBER_MALFORMED", Some("accountNumber")));
        } else if let Some(account) = self.accounts.get(number) {
            self.object_to_bills(account, input, at_ms, &mut objections);
            if self.breaks_rule(channel, account, input, at_ms) {
                objections.push(("AMOUNT_NOT_ACCEPTED", Some("amount")));
            }
        } else {
            objections.push(("ACCOUNT_NOT_FOUND", Some("accountNumber")));
        }
        objections
    }

    fn object_to_bills(&self, account: &Account, input: &PostInput, at_ms: i64, to: &mut Vec<Objection>) {
        let day = paid_day(input, at_ms);
        let due_in_all_fen = self.due_fen(&input.account_number, &[], day);
        if account.status == AccountStatus::Closed && input.amount_fen > due_in_all_fen {
            to.push(("ACCOUNT_CLOSED", Some("accountNumber")));
        }
        let named = || input.bill_numbers.iter().flatten();
        let find = |number: &String| account.bills.iter().find(|bill| bill.issued.number == *number);
        if named().any(|number| find(number).is_none()) {
            to.push(("BILL_NOT_FOUND", Some("billNumbers")));
        }
        if named().any(|number| find(number).is_some_and(|bill| !bill.is_payable())) {
            to.push(("BILL_NOT_PAYABLE", Some("billNumbers")));
        }
    }

    fn breaks_rule(&self, channel: &Channel, account: &Account, input: &PostInput, at_ms: i64) -> bool {
        let named = input.bill_numbers.clone().unwrap_or_default();
        let due_fen = self.due_fen(&input.account_number, &named, paid_day(input, at_ms));
        let amount_fen = input.amount_fen;
        let is_within = channel.min_fen <= amount_fen && amount_fen <= channel.max_fen;
        !is_within
            || match rule_of(channel, account) {
                AmountRule::Any => false,
                AmountRule::Exact => due_fen == 0 || amount_fen != due_fen,
                AmountRule::ExactOrMore => due_fen == 0 || amount_fen < due_fen,
            }
    }

    fn accept(
        &mut self,
        at_ms: i64,
        command: &PostPayment,
        channel: &Channel,
        objections: &[Objection],
    ) -> Said {
        let (key, input) = (&command.key, &command.input);
        let kept = match self.keys.get(key) {
            Some(Used::Kept(key, reason)) => Some((key.clone(), reason.clone())),
            _ => None,
        };
        let unplaced = ["CHANNEL_SUSPENDED", "ACCOUNT_NUMBER_MALFORMED", "ACCOUNT_NOT_FOUND"];
        let is_placed = !objections.iter().any(|(code, _)| unplaced.contains(code));
        let is_over_said =
            objections.iter().any(|(code, _)| matches!(*code, "ACCOUNT_CLOSED" | "AMOUNT_NOT_ACCEPTED"));
        let counts = |code| is_placed || unplaced.contains(&code) || code == "PAID_AT_OUT_OF_RANGE";
        for (code, _) in objections.iter().filter(|(code, _)| counts(*code)) {
            self.differ(key, code, String::new());
        }
        if command.trimmed.is_some() {
            self.differ(key, "INPUT_TRIMMED", String::new());
        }
        let place = self.payments.len();
        let mut heard = Heard {
            account_number: input.account_number.clone(),
            amount_fen: input.amount_fen,
            sequence: None,
            to_advance_fen: 0,
            to_suspense_fen: 0,
            paid_at_ms: input.paid_at_ms.unwrap_or(at_ms).min(at_ms),
            posted_at_ms: at_ms,
            allocations: Vec::new(),
            reversal: None,
        };
        let account = self.accounts.get_mut(&input.account_number).filter(|_| is_placed);
        match account {
            None => heard.to_suspense_fen = input.amount_fen,
            Some(account) if kept.is_some() => {
                account.movements += 2;
                heard.sequence = Some(account.movements - 1);
                heard.to_advance_fen = input.amount_fen;
            }
            Some(account) => {
                let shortfall_fen = (-account.advance_fen).max(0);
                account.put(place, input, day_at(heard.paid_at_ms), day_at(at_ms), &mut heard);
                let is_top_up = input.bill_numbers.iter().flatten().next().is_none()
                    && rule_of(channel, account) == AmountRule::Any;
                let is_over = heard.to_advance_fen > shortfall_fen && !is_top_up && !is_over_said;
                if is_over && channel.mode == ChannelMode::Reporting {
                    self.differ(key, "OVERPAYMENT", String::new());
                }
            }
        }
        let total = self.total(&key.channel_code, at_ms);
        total.posted_fen += input.amount_fen;
        total.posted_count += 1;
        if let Some((reversal_key, reason)) = kept {
            total.reversed_fen += input.amount_fen;
            total.reversed_count += 1;
            let sequence = heard.sequence.map(|sequence| sequence + 1);
            heard.reversal = Some(HeardReversal {
                key: reversal_key,
                reason,
                is_early: true,
                sequence,
                posted_at_ms: at_ms,
            });
        }
        self.payments.push(heard.clone());
        self.keys.insert(key.clone(), Used::Posted(input.clone(), place));
        Said::Posted(heard)
    }

    fn conflict_post(&mut self, command: &PostPayment, field: &str) -> Said {
        let input = &command.input;
        let told_apart_by =
            format!("{:?}", (&input.account_number, input.amount_fen, input.paid_at_ms, named(input)));
        self.differ(&command.key, "IDEMPOTENCY_KEY_REUSED", told_apart_by);
        Said::Refused("IDEMPOTENCY_KEY_REUSED", Some(field.to_owned()))
    }

    pub(super) fn differ(&mut self, key: &Key, kind: &'static str, told_apart_by: String) {
        self.differences.insert((key.channel_code.clone(), key.text.clone(), kind, told_apart_by));
    }
}

impl Account {
    /// Puts a payment on named bills, then on the oldest, then into the advance.
    fn put(&mut self, place: usize, input: &PostInput, day: Day, today: Day, heard: &mut Heard) {
        let mut left_fen = input.amount_fen;
        let payable = self.payable();
        let of_number =
            |number: &String| payable.iter().copied().find(|&at| self.bills[at].issued.number == *number);
        let mut order: Vec<usize> = input.bill_numbers.iter().flatten().filter_map(of_number).collect();
        order.extend(payable.iter().copied());
        for at in order {
            for part in [Part::Penalty, Part::Principal] {
                let bill = &mut self.bills[at];
                let amount_fen =
                    if bill.is_payable() { bill.part_due_fen(part, day).min(left_fen) } else { 0 };
                if amount_fen > 0 {
                    left_fen -= amount_fen;
                    bill.puts.push(Put { payment: Some(place), day, part, fen: amount_fen });
                    let (bill_number, remaining_after_fen) = (bill.issued.number.clone(), bill.due_fen(day));
                    heard.allocations.push(Allocation { bill_number, part, amount_fen, remaining_after_fen });
                }
            }
        }
        heard.to_advance_fen = left_fen;
        self.advance_fen += left_fen;
        self.movements += 1;
        heard.sequence = Some(self.movements);
        self.apply_advance(today);
    }
}

fn paid_day(input: &PostInput, at_ms: i64) -> Day {
    day_at(input.paid_at_ms.unwrap_or(at_ms).min(at_ms))
}

fn rule_of(channel: &Channel, account: &Account) -> AmountRule {
    let rules = &channel.amount_rules;
    *rules.get(&Some(account.class)).or_else(|| rules.get(&None)).unwrap_or(&AmountRule::Any)
}

/// The bills named; naming none is the same as an empty list.
fn named(input: &PostInput) -> &[String] {
    input.bill_numbers.as_deref().unwrap_or_default()
}

fn differs(first: &PostInput, given: &PostInput) -> Option<&'static str> {
    let fields = [
        ("accountNumber", first.account_number == given.account_number),
        ("amount", first.amount_fen == given.amount_fen),
        ("paidAt", first.paid_at_ms == given.paid_at_ms),
        ("billNumbers", named(first) == named(given)),
    ];
    fields.into_iter().find(|(_, is_same)| !is_same).map(|(field, _)| field)
}
