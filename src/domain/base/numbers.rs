//! The numbers and the instant that a command is given.

/// What a command is given when it is taken in: it draws neither numbers nor instants of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// The first of its numbers.
    first: i64,
    /// How many it has; 0 before it is given any.
    count: i64,
    /// When it was taken in, milliseconds UTC.
    pub at_ms: i64,
}

impl Given {
    /// An instant, and no numbers yet.
    pub fn taken_in(at_ms: i64) -> Self {
        Self { first: 0, count: 0, at_ms }
    }

    /// The same with `count` numbers from `first` on.
    #[must_use]
    pub fn with_numbers(self, first: i64, count: i64) -> Self {
        assert!(first > 0 && count > 0, "a command has a number");
        Self { first, count, ..self }
    }

    /// Whether it has its numbers.
    pub fn is_numbered(&self) -> bool {
        self.count > 0
    }

    /// Its first number: that of the movement it may become.
    pub fn number(&self) -> i64 {
        self.nth(0)
    }

    /// The number at this place, from 0.
    ///
    /// # Panics
    /// If the command said that it needs fewer.
    pub fn nth(&self, place: i64) -> i64 {
        assert!((0..self.count).contains(&place), "a command uses no more numbers than it asks for");
        self.first + place
    }
}
