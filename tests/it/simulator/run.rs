//! One run: a seed's clients against a real lane over a real store, beside the model.

use std::collections::HashMap;
use std::fmt::Debug;

use granary::domain::base::keys::Key;
use granary::domain::book::{Answer, Command};
use granary::domain::payment::Payment;
use granary::domain::reversal::Undone;
use granary::engine::EngineError;
use granary::engine::lane::Lane;
use granary::store::base::connection::Database;

use super::clients::Clients;
use super::compare;
use super::faults::{Fault, Hand};
use super::model::Model;
use super::model::said::heard;
use super::random::Random;
use super::world::World;
use crate::support::commands::lane_with;

const BATCHES: usize = 24;
const BATCH_LEN_MAX: i64 = 9;

type Answers = Vec<Result<Answer, EngineError>>;

/// A run between two batches.
struct Run<'a> {
    database: &'a Database,
    random: Random,
    world: World,
    model: Model,
    clients: Clients,
    hand: Hand,
    lane: Lane,
    /// What was told first of what a key did, by that key.
    first_told: HashMap<Key, String>,
}

/// Plays a seed; the error says where granary and the model part.
pub fn play(seed: u64, database: &Database) -> Result<(), String> {
    let hand = Hand::new();
    let mut run = Run {
        database,
        random: Random::new(seed),
        world: World::new(seed),
        model: Model::default(),
        clients: Clients::default(),
        lane: lane_with(database, Box::new(hand.clone())),
        hand,
        first_told: HashMap::new(),
    };
    let set_up = run.world.set_up(&mut run.random);
    let batch = set_up.into_iter().map(|command| (run.world.now_ms, command)).collect();
    run.settle(batch, Fault::None).map_err(|words| format!("set-up: {words}"))?;
    for number in 0..BATCHES {
        run.world.pass_time(&mut run.random);
        let batch = run.clients.batch(&mut run.random, &run.world, &run.model, BATCH_LEN_MAX);
        let fault = Fault::draw(&mut run.random);
        run.settle(batch, fault).map_err(|words| format!("batch {number} ({fault:?}): {words}"))?;
    }
    compare::database(database, &run.world, &run.model).map_err(|words| format!("at the end: {words}"))
}

impl Run<'_> {
    fn settle(&mut self, batch: Vec<(i64, Command)>, fault: Fault) -> Result<(), String> {
        self.hand.prepare(fault);
        let answers = self.lane.settle(batch.clone());
        let mut expected = Vec::new();
        for _ in 0..fault.commits() {
            expected = batch.iter().map(|(at_ms, command)| self.model.take(*at_ms, command)).collect();
        }
        if fault.ends_lane() {
            self.check_no_answers(&answers, fault)?;
            self.lane = lane_with(self.database, Box::new(self.hand.clone()));
            self.clients.lose(batch.into_iter().map(|(_, command)| command));
            return Ok(());
        }
        for (place, ((answer, expected), (at_ms, command))) in
            answers.iter().zip(&expected).zip(&batch).enumerate()
        {
            let told = answer.as_ref().map_err(|error| format!("no answer: {error}"))?;
            if heard(told) != *expected {
                return Err(format!(
                    "command {place} at {at_ms}: {command:#?}\ngranary: {:#?}\nmodel: {expected:#?}",
                    heard(told)
                ));
            }
            self.check_same_as_first(command, told)?;
        }
        if fault == Fault::AnswersLost {
            self.clients.lose(batch.into_iter().map(|(_, command)| command));
        }
        Ok(())
    }

    /// BUSY promises that nothing was written; after a commit only TIMEOUT is true.
    fn check_no_answers(&self, answers: &Answers, fault: Fault) -> Result<(), String> {
        for answer in answers {
            let is_right = match answer {
                Ok(_) => false,
                // Whoever is dead says nothing, so there is nothing to hold against it.
                Err(_) if matches!(fault, Fault::DiesBefore | Fault::DiesAfter) => true,
                Err(EngineError::Timeout) => fault.commits() > 0,
                Err(EngineError::Busy | EngineError::Internal) => fault.commits() == 0,
            };
            if !is_right {
                return Err(format!("{answer:?} after {fault:?}"));
            }
        }
        Ok(())
    }

    /// What a key did is told again as it was told first, down to its number.
    fn check_same_as_first(&mut self, command: &Command, answer: &Answer) -> Result<(), String> {
        for (key, told) in told_for_ever(command, answer) {
            let first = self.first_told.entry(key).or_insert_with(|| told.clone());
            if *first != told {
                return Err(format!("told first: {first}\ntold again: {told}"));
            }
        }
        Ok(())
    }
}

/// What an answer tells that never changes, by the key that did it.
fn told_for_ever(command: &Command, answer: &Answer) -> Vec<(Key, String)> {
    match answer {
        Answer::PostPayment(answered) => {
            answered.done().map(|payment| payment_told(payment)).unwrap_or_default()
        }
        Answer::ReversePayment(answered) => match answered.done() {
            Some(Undone::Reversed(payment)) => payment_told(payment),
            Some(Undone::Remembered(payment)) => payment.as_deref().map(payment_told).unwrap_or_default(),
            None => Vec::new(),
        },
        Answer::OpenVisit(answered) => told_under(command, answered.done()),
        Answer::CloseVisit(answered) => told_under(command, answered.done()),
        Answer::IssueBill(_)
        | Answer::SaveAccount(_)
        | Answer::ChannelChange(_)
        | Answer::AccessChange(_) => Vec::new(),
    }
}

/// Of a command that changes nothing but its own.
fn told_under(command: &Command, done: Option<&impl Debug>) -> Vec<(Key, String)> {
    let told = done.map(|done| format!("{done:#?}"));
    command.key().cloned().zip(told).into_iter().collect()
}

/// A payment without what undid it since, and what undid it.
fn payment_told(payment: &Payment) -> Vec<(Key, String)> {
    let key = |text: &String| Key { channel_code: payment.channel_code.clone(), text: text.clone() };
    let posted = Payment { reversal: None, ..payment.clone() };
    let undone = payment.reversal.as_ref();
    let undone = undone.map(|reversal| (key(&reversal.idempotency_key), format!("{reversal:#?}")));
    [(key(&payment.idempotency_key), format!("{posted:#?}"))].into_iter().chain(undone).collect()
}
