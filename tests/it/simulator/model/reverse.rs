//! Reversing, as the rules of money say it.

use granary::domain::reversal::{ReverseInput, ReversePayment};

use super::bill::day_at;
use super::said::{HeardReversal, Said};
use super::{Input, KEY, Model, Told, Used};

impl Model {
    pub(super) fn reverse(&mut self, at_ms: i64, command: &ReversePayment) -> (Said, bool) {
        let asked = Input::Reverse(command.input.clone());
        self.heard_before(&command.key, &asked)
            .unwrap_or_else(|| (self.reverse_first(at_ms, command, asked), false))
    }

    fn differ_if_trimmed(&mut self, command: &ReversePayment) {
        if command.trimmed.is_some() {
            self.differ(&command.key, "INPUT_TRIMMED", String::new());
        }
    }

    fn reverse_first(&mut self, at_ms: i64, command: &ReversePayment, asked: Input) -> Said {
        let (key, payment_key) = (command.key.clone(), command.payment_key());
        if !self.channels.contains_key(&key.channel_code) {
            return Said::UnknownChannel;
        }
        if key == payment_key {
            return self.conflict(&key, &asked, KEY);
        }
        let refuse = |code| Said::Refused(code, Some("paymentIdempotencyKey".to_owned()));
        let said = match self.keys.get(&payment_key) {
            None => {
                let kept = Used::Kept(key.text.clone(), command.input.reason.clone());
                self.keys.insert(payment_key.clone(), kept);
                self.keys.insert(key, Used::By(asked, Told::Remembered(payment_key)));
                self.differ_if_trimmed(command);
                return Said::Remembered(None);
            }
            Some(Used::Kept(..)) => refuse("PAYMENT_ALREADY_REVERSED"),
            Some(Used::By(Input::Post(_), Told::Posted(place))) => {
                let place = *place;
                if self.payments[place].reversal.is_none() {
                    self.keys.insert(key, Used::By(asked, Told::Reversed(place)));
                    self.differ_if_trimmed(command);
                    return self.undo(at_ms, command, place);
                }
                refuse("PAYMENT_ALREADY_REVERSED")
            }
            Some(Used::By(Input::Post(_), Told::Said(_) | Told::Reversed(_) | Told::Remembered(_))) => {
                refuse("PAYMENT_WAS_REFUSED")
            }
            Some(Used::By(..)) => return self.conflict(&key, &asked, "paymentIdempotencyKey"),
        };
        self.keys.insert(key, Used::By(asked, Told::Said(said.clone().into())));
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
}

pub(super) fn differs(first: &ReverseInput, given: &ReverseInput) -> Option<&'static str> {
    if first.payment_key != given.payment_key {
        Some("paymentIdempotencyKey")
    } else if first.reason != given.reason {
        Some("reason")
    } else {
        None
    }
}
