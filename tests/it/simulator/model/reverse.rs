//! Reversing, as the rules of money say it.

use granary::domain::reversal::{ReverseInput, ReversePayment};

use super::bill::day_at;
use super::said::{Heard, HeardReversal, Said};
use super::{Model, Used};

impl Model {
    pub(super) fn reverse(&mut self, at_ms: i64, command: &ReversePayment) -> (Said, bool) {
        match self.keys.get(&command.key) {
            None => {}
            Some(Used::Reversed(first, place)) => match differs(first, &command.input) {
                None => return (Said::Reversed(self.payments[*place].clone()), true),
                Some(field) => return (self.conflict_reverse(command, field), false),
            },
            Some(Used::ReverseSaid(first, Said::Remembered(_))) => match differs(first, &command.input) {
                None => return (Said::Remembered(self.come_since(command).cloned()), true),
                Some(field) => return (self.conflict_reverse(command, field), false),
            },
            Some(Used::ReverseSaid(first, said)) => match differs(first, &command.input) {
                None => return (said.clone(), true),
                Some(field) => return (self.conflict_reverse(command, field), false),
            },
            Some(Used::Posted(..) | Used::PostRefused(..) | Used::Kept(..)) => {
                return (self.conflict_reverse(command, "idempotencyKey"), false);
            }
        }
        let said = self.reverse_first(at_ms, command);
        (said, false)
    }

    fn differ_if_trimmed(&mut self, command: &ReversePayment) {
        if command.trimmed.is_some() {
            self.differ(&command.key, "INPUT_TRIMMED", String::new());
        }
    }

    /// The payment that a remembered reversal waited for, if it has come and was posted.
    fn come_since(&self, command: &ReversePayment) -> Option<&Heard> {
        match self.keys.get(&command.payment_key()) {
            Some(Used::Posted(_, place)) => self.payments.get(*place),
            _ => None,
        }
    }

    fn reverse_first(&mut self, at_ms: i64, command: &ReversePayment) -> Said {
        let (key, payment_key) = (command.key.clone(), command.payment_key());
        if !self.channels.contains_key(&key.channel_code) {
            return Said::UnknownChannel;
        }
        if key == payment_key {
            return self.conflict_reverse(command, "idempotencyKey");
        }
        let refuse = |code| Said::Refused(code, Some("paymentIdempotencyKey".to_owned()));
        let said = match self.keys.get(&payment_key) {
            None => {
                let kept = Used::Kept(key.text.clone(), command.input.reason.clone());
                self.keys.insert(payment_key, kept);
                self.differ_if_trimmed(command);
                Said::Remembered(None)
            }
            Some(Used::Kept(..)) => refuse("PAYMENT_ALREADY_REVERSED"),
            Some(Used::Reversed(..) | Used::ReverseSaid(..)) => {
                return self.conflict_reverse(command, "paymentIdempotencyKey");
            }
            Some(Used::PostRefused(..)) => refuse("PAYMENT_WAS_REFUSED"),
            Some(Used::Posted(_, place)) => {
                let place = *place;
                if self.payments[place].reversal.is_none() {
                    self.keys.insert(key, Used::Reversed(command.input.clone(), place));
                    self.differ_if_trimmed(command);
                    return self.undo(at_ms, command, place);
                }
                refuse("PAYMENT_ALREADY_REVERSED")
            }
        };
        self.keys.insert(key, Used::ReverseSaid(command.input.clone(), said.clone()));
        said
    }

    /// Takes all that the payment put somewhere away again.
    fn undo(&mut self, at_ms: i64, command: &ReversePayment, place: usize) -> Said {
        let mut heard = self.payments[place].clone();
        let mut sequence = None;
        if heard.to_suspense_fen == 0 {
            let account = self.accounts.get_mut(&heard.account_number).expect("where it was posted");
            for bill in &mut account.bills {
                bill.puts.retain(|put| put.payment != Some(place));
            }
            account.advance_fen -= heard.to_advance_fen;
            account.movements += 1;
            sequence = Some(account.movements);
            account.apply_advance(day_at(at_ms));
        }
        heard.reversal = Some(HeardReversal {
            key: command.key.text.clone(),
            reason: command.input.reason.clone(),
            is_early: false,
            sequence,
            posted_at_ms: at_ms,
        });
        let total = self.total(&command.key.channel_code, at_ms);
        total.reversed_fen += heard.amount_fen;
        total.reversed_count += 1;
        self.payments[place] = heard.clone();
        Said::Reversed(heard)
    }

    fn conflict_reverse(&mut self, command: &ReversePayment, field: &str) -> Said {
        self.differ(&command.key, "IDEMPOTENCY_KEY_REUSED", format!("{:?}", command.input));
        Said::Refused("IDEMPOTENCY_KEY_REUSED", Some(field.to_owned()))
    }
}

fn differs(first: &ReverseInput, given: &ReverseInput) -> Option<&'static str> {
    if first.payment_key != given.payment_key {
        Some("paymentIdempotencyKey")
    } else if first.reason != given.reason {
        Some("reason")
    } else {
        None
    }
}
