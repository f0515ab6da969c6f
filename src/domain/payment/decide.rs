//! Posting a payment (product rules 2, 3, 4, 7, 10 and 11).

use chrono::NaiveDate;

use super::super::base::calendar::day_of;
use super::super::base::ledger::{Journal, LedgerAccount};
use super::super::base::money::format_amount;
use super::super::base::numbers::Given;
use super::super::base::refusal::Refusal;
use super::super::bill::settle::{open_from, settle_payment};
use super::super::bill::{AccountState, Allocation};
use super::super::channel::{AmountRule, Channel, ChannelMode};
use super::super::exception::{Exception, ExceptionKind};
use super::super::movement::Movement;
use super::super::state::State;
use super::context::{PostContext, exception_kind, goes_to_suspense};
use super::undo::undo_early;
use super::{EarlyReversal, Payment, PostPayment, PostRefusalCode};

/// What posting this payment moves. Its channel is registered and its key free, or kept for it.
pub(super) fn decide(
    state: &State,
    given: &Given,
    command: &PostPayment,
) -> Result<Movement, Refusal<PostRefusalCode>> {
    let early = state.keys.record(&command.key).and_then(EarlyReversal::from_record);
    let channel =
        state.channels.get(&command.key.channel_code).expect("the channel of a decision is registered");
    let paid_at_ms = command.input.paid_at_ms.unwrap_or(given.at_ms).min(given.at_ms);
    let context = PostContext {
        policies: &state.policies,
        channel,
        account: state.accounts.get(&command.input.account_number),
        input: &command.input,
        now_ms: given.at_ms,
        day: day_of(paid_at_ms, state.policies.zone),
    };
    let objections = context.objections();
    match refusal(channel, &context, &objections) {
        Some(refusal) => Err(refusal),
        None => Ok(Posting { state, given, command, context, paid_at_ms, objections }.post(early.as_ref())),
    }
}

fn refusal(
    channel: &Channel,
    context: &PostContext,
    objections: &[Refusal<PostRefusalCode>],
) -> Option<Refusal<PostRefusalCode>> {
    let ahead = context.paid_at_ahead();
    match channel.mode {
        ChannelMode::Reporting => ahead,
        ChannelMode::Asking => {
            let first = ahead.iter().chain(objections).min_by_key(|objection| objection.code);
            first.cloned()
        }
    }
}

/// An accepted payment on its way into the ledger.
struct Posting<'a> {
    state: &'a State,
    given: &'a Given,
    command: &'a PostPayment,
    context: PostContext<'a>,
    paid_at_ms: i64,
    objections: Vec<Refusal<PostRefusalCode>>,
}

impl Posting<'_> {
    fn post(&self, early: Option<&EarlyReversal>) -> Movement {
        let is_unplaced = self.is_unplaced();
        match (self.context.account, early) {
            (Some(account), None) if !is_unplaced => self.post_to_bills(account),
            (Some(account), Some(early)) if !is_unplaced => self.post_and_undo(account, early),
            (_, early) => self.post_to_suspense(early),
        }
    }

    fn post_to_bills(&self, account: &AccountState) -> Movement {
        let input = &self.command.input;
        let mut journal = self.journal();
        let named = input.bill_numbers.as_deref().unwrap_or_default();
        let (policies, day) = (&self.state.policies, self.context.day);
        let settled = settle_payment(policies, account, named, input.amount_fen, day, &mut journal);
        journal.move_fen(LedgerAccount::Clearing, LedgerAccount::Advance, settled.surplus_fen, day);
        let mut after = account.account.clone();
        after.move_advance(settled.surplus_fen);
        after.last_sequence += 1;
        after.open_from = open_from(&account.bills, &settled.bills);
        let mut payment = self.payment(Some(after.last_sequence), settled.allocations);
        payment.to_advance_fen = settled.surplus_fen;
        Movement {
            exceptions: self.exceptions(self.overpayment(account, settled.surplus_fen)),
            payment: Some(payment),
            account: Some(after),
            bills: settled.bills,
            entries: journal.into_entries(),
            ..Movement::default()
        }
    }

    /// The payment of a reversal that came first: wholly to advance and back, touching no bill.
    fn post_and_undo(&self, account: &AccountState, early: &EarlyReversal) -> Movement {
        let amount_fen = self.command.input.amount_fen;
        let mut journal = self.journal();
        journal.move_fen(LedgerAccount::Clearing, LedgerAccount::Advance, amount_fen, self.context.day);
        let mut after = account.account.clone();
        let mut payment = self.payment(Some(after.last_sequence + 1), Vec::new());
        payment.to_advance_fen = amount_fen;
        after.last_sequence += 2;
        let reversal_sequence = Some(after.last_sequence);
        self.undone(
            payment,
            early,
            reversal_sequence,
            Movement { account: Some(after), ..self.moved(journal) },
        )
    }

    fn post_to_suspense(&self, early: Option<&EarlyReversal>) -> Movement {
        let amount_fen = self.command.input.amount_fen;
        let mut journal = self.journal();
        journal.move_fen(LedgerAccount::Clearing, LedgerAccount::Suspense, amount_fen, self.context.day);
        let mut payment = self.payment(None, Vec::new());
        payment.to_suspense_fen = amount_fen;
        match early {
            Some(early) => self.undone(payment, early, None, self.moved(journal)),
            None => Movement { payment: Some(payment), ..self.moved(journal) },
        }
    }

    fn moved(&self, journal: Journal) -> Movement {
        Movement { entries: journal.into_entries(), exceptions: self.exceptions(None), ..Movement::default() }
    }

    fn undone(
        &self,
        mut payment: Payment,
        early: &EarlyReversal,
        sequence: Option<i64>,
        mut movement: Movement,
    ) -> Movement {
        let (reversal, entries) = undo_early(&payment, early, sequence);
        movement.entries.extend(entries);
        payment.reversal = Some(reversal.clone());
        movement.payment = Some(payment);
        movement.reversal = Some(reversal);
        movement
    }

    fn journal(&self) -> Journal {
        let number = &self.command.input.account_number;
        Journal::new(self.given.number(), number, Some(&self.command.key.channel_code), self.business_day())
    }

    fn business_day(&self) -> NaiveDate {
        day_of(self.given.at_ms, self.state.policies.zone)
    }

    fn payment(&self, sequence: Option<i64>, allocations: Vec<Allocation>) -> Payment {
        Payment {
            id: self.given.number(),
            account_number: self.command.input.account_number.clone(),
            sequence,
            channel_code: self.command.key.channel_code.clone(),
            idempotency_key: self.command.key.text.clone(),
            amount_fen: self.command.input.amount_fen,
            to_advance_fen: 0,
            to_suspense_fen: 0,
            paid_at_ms: self.paid_at_ms,
            posted_at_ms: self.given.at_ms,
            paid_on: self.context.day,
            business_day: self.business_day(),
            actor: self.command.actor.clone(),
            note: self.command.note.clone(),
            allocations,
            reversal: None,
        }
    }

    /// More than was due is a difference, unless it is an ordinary top-up or said already.
    fn overpayment(&self, account: &AccountState, surplus_fen: i64) -> Option<String> {
        let over_fen = surplus_fen - account.account.shortfall_fen;
        let is_reporting = self.context.channel.mode == ChannelMode::Reporting;
        let names_none = self.command.input.bill_numbers.as_deref().unwrap_or_default().is_empty();
        let is_top_up =
            names_none && self.context.channel.amount_rule(account.account.class) == AmountRule::Any;
        let is_said = self.objections.iter().any(|objection| {
            matches!(objection.code, PostRefusalCode::AccountClosed | PostRefusalCode::AmountNotAccepted)
        });
        let is_over = is_reporting && over_fen > 0 && !is_top_up && !is_said;
        is_over.then(|| format!("{} more than was due went to the advance balance.", format_amount(over_fen)))
    }

    /// One row for each objection, and one for what was cut of the input. Of money that isn't placed, what it might
    /// have done on the account is no difference.
    fn exceptions(&self, overpayment: Option<String>) -> Vec<Exception> {
        let counts =
            |code| !self.is_unplaced() || goes_to_suspense(code) || code == PostRefusalCode::PaidAtOutOfRange;
        let objections = self.objections.iter().filter(|objection| counts(objection.code));
        let objections = objections
            .map(|objection| self.exception(exception_kind(objection.code), objection.message.clone()));
        let overpayment = overpayment.map(|detail| self.exception(ExceptionKind::Overpayment, detail));
        let trimmed = self.command.trimmed.clone();
        let trimmed = trimmed.map(|detail| self.exception(ExceptionKind::InputTrimmed, detail));
        objections.chain(overpayment).chain(trimmed).collect()
    }

    fn is_unplaced(&self) -> bool {
        self.objections.iter().any(|objection| goes_to_suspense(objection.code))
    }

    fn exception(&self, kind: ExceptionKind, detail: String) -> Exception {
        Exception {
            account_number: self.command.input.account_number.clone(),
            channel_code: self.command.key.channel_code.clone(),
            idempotency_key: self.command.key.text.clone(),
            kind,
            detail,
            payment_id: Some(self.given.number()),
            recorded_at_ms: self.given.at_ms,
            business_day: self.business_day(),
        }
    }
}
