//! The order in which the rows of a table are written: sorted by what two writers can both want of it. Of two who write
//! the same rows the second then waits at the first of them, and holds nothing that the other still wants.
//!
//! Statements for several rows take them as [`InOrder`] alone, which can be made in no other way.

use std::ops::Deref;

use super::super::key_row::KeyRow;
use crate::domain::account::Account;
use crate::domain::bill::Bill;
use crate::domain::command::{Key, SaveAccount};
use crate::domain::door::{DoorChange, Revocation};
use crate::domain::exception::Exception;
use crate::domain::ledger::Entry;
use crate::domain::payment::{Payment, Reversal};

/// Something that is written as a row.
pub(super) trait Row {
    /// Its unique key, as far as two writers can want the same; where its number is the writer's own, that.
    fn place(&self) -> impl Ord;
}

/// Rows of one table, sorted; those of one place stay as they were among each other.
pub(super) struct InOrder<T>(Vec<T>);

impl<T: Row> InOrder<T> {
    pub(super) fn of(rows: impl IntoIterator<Item = T>) -> Self {
        let mut rows: Vec<T> = rows.into_iter().collect();
        rows.sort_by(|one, other| one.place().cmp(&other.place()));
        Self(rows)
    }
}

impl<T> Deref for InOrder<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Row> Row for &T {
    fn place(&self) -> impl Ord {
        (**self).place()
    }
}

impl Row for Account {
    fn place(&self) -> impl Ord {
        &self.number
    }
}

impl Row for SaveAccount {
    fn place(&self) -> impl Ord {
        &self.number
    }
}

impl Row for Bill {
    fn place(&self) -> impl Ord {
        (&self.account_number, &self.number)
    }
}

impl Row for Key {
    fn place(&self) -> impl Ord {
        self
    }
}

impl Row for KeyRow {
    fn place(&self) -> impl Ord {
        (&self.channel_code, &self.idempotency_key)
    }
}

impl Row for Payment {
    fn place(&self) -> impl Ord {
        self.id
    }
}

impl Row for Entry {
    fn place(&self) -> impl Ord {
        (self.movement_id, self.line)
    }
}

impl Row for Reversal {
    fn place(&self) -> impl Ord {
        (&self.account_number, self.payment_id)
    }
}

impl Row for Exception {
    /// The detail stands for its fingerprint: either tells the same differences apart.
    fn place(&self) -> impl Ord {
        (&self.channel_code, &self.idempotency_key, self.kind.word(), &self.account_number, &self.detail)
    }
}

impl Row for (DoorChange, i64) {
    /// Documents go before revocations, which stand in a table of their own.
    fn place(&self) -> impl Ord {
        match &self.0 {
            DoorChange::Trust(document) => (0, document.sha256.as_str()),
            DoorChange::Distrust(sha256) => (0, sha256.as_str()),
            DoorChange::Revoke(Revocation::Token(token_id)) => (1, token_id.as_str()),
            DoorChange::Revoke(Revocation::Subject(subject)) => (2, subject.as_str()),
        }
    }
}
