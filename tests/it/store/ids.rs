//! Numbers come from blocks. None is given twice, whoever else draws, and a lane goes on past the end of its block.

use std::collections::HashSet;

use granary::domain::account::CustomerClass;
use granary::domain::base::clock::Ids;
use granary::domain::book::Command;
use granary::domain::channel::ChannelMode;
use granary::engine::lane::Lane;
use granary::store::base::ids::IdBlock;

use crate::support::backends::{TestDatabase, for_each_backend};
use crate::support::commands::{add_channel, lane, payment_of, post, save_account, settle};

/// As many as are reserved at once.
const BLOCK_LEN: usize = 100_000;
/// Numbers that a lane makes sure of for each command of a batch.
const PER_COMMAND: usize = 16;
const POSTS: usize = 300;
/// Fewer are left of a block when payments are posted to its end.
const NEAR_THE_END: usize = 9_000;
/// Rounds of payments that are more than what is left then.
const ROUNDS: usize = 20;

#[test]
fn holders_of_blocks_never_draw_the_same_number() {
    for_each_backend(|database| {
        let mut holders: Vec<_> = (0..3).map(|_| (database.writer(), IdBlock::default())).collect();
        let mut drawn = HashSet::new();
        // Lengths that divide no block, so that each comes to its end in another place.
        for len in [1, 7_001, 33_333, 1, 59_999, 41_000, 99_999, 100_000, 1, 100_000] {
            for (connection, block) in &mut holders {
                block.reserve(connection, len).expect("numbers can be reserved");
                for _ in 0..len {
                    let id = block.next_id();
                    assert!(id > 0 && drawn.insert(id), "{id} was drawn before");
                }
            }
        }
    });
}

/// Any number of commands that cost a lane a number each and a database almost nothing.
fn idle(len: usize) -> Vec<Command> {
    vec![save_account("0001", CustomerClass::Residential); len]
}

fn post_some(lane: &mut Lane, name: &str) -> Vec<i64> {
    let commands = (0..POSTS).map(|at| post("BANK", &format!("{name}-{at}"), "0001", 100)).collect();
    let answers = settle(lane, commands);
    answers.iter().map(|answer| payment_of(answer).0.id).collect()
}

fn block_of(id: i64) -> usize {
    (usize::try_from(id).expect("a number") - 1) / BLOCK_LEN
}

/// Draws a block almost to its end.
fn draw_to_the_end(lane: &mut Lane, mut left: usize) {
    while left > NEAR_THE_END {
        let len = left / PER_COMMAND;
        settle(lane, idle(len));
        left -= len;
    }
}

#[test]
fn two_lanes_that_come_to_the_end_of_their_blocks_give_no_number_twice() {
    for_each_backend(|database: &TestDatabase| {
        let mut lanes = [lane(&database.database), lane(&database.database)];
        settle(&mut lanes[0], vec![add_channel("BANK", ChannelMode::Asking)]);
        let (mut given, mut blocks) = (HashSet::new(), [HashSet::new(), HashSet::new()]);
        for lane in &mut lanes {
            settle(lane, idle(1));
            draw_to_the_end(lane, BLOCK_LEN - PER_COMMAND);
        }
        for round in 0..ROUNDS {
            for (at, lane) in lanes.iter_mut().enumerate() {
                for id in post_some(lane, &format!("{round}-{at}")) {
                    assert!(given.insert(id), "{id} was given twice");
                    blocks[at].insert(block_of(id));
                }
            }
        }
        assert_eq!(blocks.each_ref().map(HashSet::len), [2, 2], "each went past the end of one block");
        assert!(blocks[0].is_disjoint(&blocks[1]), "a block is one lane's alone: {blocks:?}");
        assert_eq!(given.len(), 2 * POSTS * ROUNDS);
    });
}
