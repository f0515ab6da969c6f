//! The order in which the rows of a table are written: sorted by what two writers can both want of it. Of two who write
//! the same rows the second then waits at the first of them, and holds nothing that the other still wants.
//!
//! Statements for several rows take them as [`InOrder`] alone, which can be made in no other way.

use std::ops::Deref;

/// Something that is written as a row.
pub(in crate::store) trait Place {
    /// Its unique key, as far as two writers can want the same; where its number is the writer's own, that.
    fn place(&self) -> impl Ord;
}

/// Rows of one table, sorted; those of one place stay as they were among each other.
pub(in crate::store) struct InOrder<T>(Vec<T>);

impl<T: Place> InOrder<T> {
    pub(in crate::store) fn of(rows: impl IntoIterator<Item = T>) -> Self {
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

impl<T> IntoIterator for InOrder<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
