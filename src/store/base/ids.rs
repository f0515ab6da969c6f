//! Numbers of movements, in blocks that a process reserves; gaps are allowed.

use diesel::RunQueryDsl;

use super::super::StoreError;
use super::connection::{Connection, on_each};
use super::statement::statement;
use crate::domain::base::clock::Ids;

/// How many numbers a process reserves at once.
const BLOCK_LEN: i64 = 100_000;

statement! {
    struct ReserveBlock { block_len: i64 => BigInt } -> (BigInt)
    both "UPDATE id_blocks SET next_id = next_id + ? RETURNING next_id"
}

/// The numbers a process holds.
#[derive(Debug, Default)]
pub struct IdBlock {
    next: i64,
    end: i64,
}

impl IdBlock {
    /// Makes sure that `len` more numbers can be drawn, reserving a block where they can't. Runs
    /// outside the batch's transaction: a number once reserved is never given again.
    ///
    /// # Errors
    /// Whatever the database says; nothing is drawn then.
    pub fn reserve(&mut self, connection: &mut Connection, len: i64) -> Result<(), StoreError> {
        assert!(len <= BLOCK_LEN, "a batch draws fewer numbers than a block holds");
        if self.end - self.next < len {
            let end: i64 =
                on_each!(connection, inner => ReserveBlock { block_len: BLOCK_LEN }.get_result(inner))?;
            *self = Self { next: end - BLOCK_LEN, end };
        }
        Ok(())
    }
}

impl IdBlock {
    /// The first of `count` numbers that follow each other.
    pub fn draw(&mut self, count: i64) -> i64 {
        assert!(count > 0 && self.next + count <= self.end, "numbers are reserved before they are drawn");
        self.next += count;
        self.next - count
    }
}

impl Ids for IdBlock {
    fn next_id(&mut self) -> i64 {
        self.draw(1)
    }
}
