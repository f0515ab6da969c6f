//! One run: a seed's clients against a real lane over a real store, beside the model.

use std::collections::HashMap;

use granary::domain::base::keys::Key;
use granary::domain::book::{Answer, Command};
use granary::domain::keyed::Answered;
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
    /// Each payment as first told, by key.
    first_told: HashMap<Key, Payment>,
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
            self.check_same_as_first(told)?;
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

    /// A payment told again is the payment told first, down to its number; only its reversal is new.
    fn check_same_as_first(&mut self, answer: &Answer) -> Result<(), String> {
        let (Answer::PostPayment(Answered::Settled { outcome: Ok(payment), .. })
        | Answer::ReversePayment(Answered::Settled { outcome: Ok(Undone::Reversed(payment)), .. })) = answer
        else {
            return Ok(());
        };
        let key = Key { channel_code: payment.channel_code.clone(), text: payment.idempotency_key.clone() };
        let recorded = Payment { reversal: None, ..(**payment).clone() };
        let first = self.first_told.entry(key).or_insert_with(|| recorded.clone());
        match *first == recorded {
            true => Ok(()),
            false => Err(format!("told first: {first:#?}\ntold again: {recorded:#?}")),
        }
    }
}
