//! Faults made in a lane: crashes before and after the commit, passing and lasting.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::result::{DatabaseErrorKind, Error as DieselError};
use granary::engine::lane::{Faults, Point};
use granary::store::StoreError;

use super::random::Random;

/// What happens to a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// All goes well, but no caller hears it.
    AnswersLost,
    /// The first attempt fails before its commit.
    BeforeOnce,
    /// The first attempt fails after its commit; the lane finds its keys and replays.
    AfterOnce,
    /// The process dies before the commit: the transaction is dropped with its connection.
    DiesBefore,
    /// The database is gone before the commit, until the lane is built again.
    DownBefore,
    /// The process dies after the commit, before any answer.
    DiesAfter,
    /// The database is gone after a commit, until the lane is built again.
    DownAfter,
}

impl Fault {
    /// The fault of the next batch.
    pub fn draw(random: &mut Random) -> Self {
        match random.between(0, 29) {
            0 | 1 => Self::AnswersLost,
            2 | 3 => Self::BeforeOnce,
            4 | 5 => Self::AfterOnce,
            6 | 7 => Self::DiesBefore,
            8 => Self::DownBefore,
            9 | 10 => Self::DiesAfter,
            11 => Self::DownAfter,
            _ => Self::None,
        }
    }

    /// Times the batch is settled durably, the last time with answers.
    pub fn commits(self) -> u32 {
        match self {
            Self::None | Self::AnswersLost | Self::BeforeOnce | Self::DiesAfter | Self::DownAfter => 1,
            Self::AfterOnce => 2,
            Self::DiesBefore | Self::DownBefore => 0,
        }
    }

    /// Whether the lane must be built again.
    pub fn ends_lane(self) -> bool {
        matches!(self, Self::DiesBefore | Self::DownBefore | Self::DiesAfter | Self::DownAfter)
    }
}

/// The hand that makes them, shared between a run and its lane.
#[derive(Clone)]
pub struct Hand(Arc<Mutex<(Fault, u32)>>);

impl Hand {
    /// A hand that makes none.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new((Fault::None, 0))))
    }

    /// What to make of the next batch.
    pub fn prepare(&self, fault: Fault) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (fault, 0);
    }
}

impl Faults for Hand {
    fn at(&mut self, point: Point) -> Result<(), StoreError> {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (fault, made) = *guard;
        let is_due = match fault {
            Fault::None | Fault::AnswersLost => false,
            Fault::BeforeOnce => made == 0 && point == Point::BeforeCommit,
            Fault::AfterOnce => made == 0 && point == Point::AfterCommit,
            Fault::DiesBefore | Fault::DownBefore => true,
            Fault::DiesAfter | Fault::DownAfter => made > 0 || point == Point::AfterCommit,
        };
        if !is_due {
            return Ok(());
        }
        guard.1 += 1;
        drop(guard);
        match fault {
            Fault::DiesBefore | Fault::DiesAfter if made == 0 => {
                std::panic::resume_unwind(Box::new("the process dies"))
            }
            _ => {
                let words = Box::new("the database is gone".to_owned());
                Err(DieselError::DatabaseError(DatabaseErrorKind::Unknown, words).into())
            }
        }
    }

    fn pause(&mut self, _: Duration) {}
}
