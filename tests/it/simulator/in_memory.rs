//! What is loaded is enough: deciding on a state loaded afresh for every batch is the same as
//! deciding on one that was kept in memory from the beginning.

use crate::support::commands::{numbered, rules};
use granary::domain::book::{Answer, Command, Numbered};
use granary::domain::state::State;
use granary::store::base::connection::{self, Connection};
use granary::store::base::ids::IdBlock;
use granary::store::batch;

use super::clients::Clients;
use super::model::Model;
use super::random::Random;
use super::world::World;
use crate::support::backends::for_each_backend;

const SEEDS: u64 = 30;
const BATCHES: usize = 12;

#[test]
fn a_loaded_state_decides_as_one_kept_in_memory() {
    for_each_backend(|database| {
        let mut connection = database.writer();
        for seed in 1..=SEEDS {
            play(seed, &mut connection);
        }
    });
}

fn play(seed: u64, connection: &mut Connection) {
    let (policies, channels) = rules(connection);
    let mut kept = State::new(policies, channels);
    let (mut random, mut world) = (Random::new(seed), World::new(seed));
    let (mut model, mut clients, mut ids) = (Model::default(), Clients::default(), IdBlock::default());
    let set_up = world.set_up(&mut random);
    let mut next: Vec<(i64, Command)> = set_up.into_iter().map(|command| (world.now_ms, command)).collect();
    for number in 0..BATCHES {
        for (at_ms, command) in &next {
            model.take(*at_ms, command);
        }
        ids.reserve(connection, 1_000).expect("numbers can be reserved");
        let order = |(at_ms, command)| numbered(&mut ids, at_ms, command);
        let orders: Vec<Numbered> = next.into_iter().map(order).collect();
        let on_loaded = settle(connection, &orders, &mut ids);
        let on_kept = decide_all(&mut kept, &orders);
        for ((order, loaded), kept) in orders.iter().zip(on_loaded).zip(on_kept) {
            assert_eq!(loaded, kept, "seed {seed}, batch {number}: {order:#?}");
        }
        world.pass_time(&mut random);
        next = clients.batch(&mut random, &world, &model, 12);
    }
}

fn settle(connection: &mut Connection, orders: &[Numbered], ids: &mut IdBlock) -> Vec<Answer> {
    connection::begin(connection).expect("a transaction");
    let mut loaded = batch::load(connection, orders, chrono_tz::Asia::Shanghai).expect("a batch is loaded");
    let answers = decide_all(&mut loaded.state, orders);
    batch::write(connection, loaded, ids).expect("a batch is written");
    connection::commit(connection).expect("a commit");
    answers
}

fn decide_all(state: &mut State, orders: &[Numbered]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for order in orders {
        answers.push(order.settle(state));
    }
    answers
}
