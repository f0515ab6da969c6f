//! The checked-in tables: a row per field, a column per caller and side, a word per cell.

use std::collections::BTreeSet;

/// Whose objects are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The caller's own: a customer's accounts, a channel's payments.
    Own,
    /// Somebody else's.
    Other,
}

/// What a caller gets of a field, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// Nothing of that kind can be asked for.
    Absent,
    /// An error: no token, or one that lacks the right.
    Deny,
    /// No such object, as far as the caller can tell.
    Hidden,
    /// The object, with nothing in this field.
    Null,
    /// The object, with this field masked.
    Mask,
    /// The value.
    Allow,
}

impl Cell {
    const WORDS: [(Self, &'static str); 6] = [
        (Self::Absent, "-"),
        (Self::Deny, "deny"),
        (Self::Hidden, "hidden"),
        (Self::Null, "null"),
        (Self::Mask, "mask"),
        (Self::Allow, "allow"),
    ];

    /// Its word in a table.
    pub fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(cell, _)| *cell == self);
        found.expect("every cell has a word").1
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, own)| *own == word).map(|(cell, _)| *cell)
    }
}

/// Who asks for whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name of the caller.
    pub caller: String,
    /// Whose objects.
    pub side: Side,
}

/// A table as it is checked in.
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<(String, Vec<Cell>)>,
}

impl Table {
    /// Reads a table: `#` starts a comment; the first line names callers, the second sides.
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let mut lines = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
        let mut head = |title: &str| {
            let words = lines.next().expect("a head line");
            assert_eq!(words[0], title, "the head line starts with its title");
            words[1..].to_vec()
        };
        let (callers, sides) = (head("caller"), head("object"));
        assert_eq!(callers.len(), sides.len(), "each caller has a side");
        let column = |(caller, side): (&&str, &&str)| Column {
            caller: (*caller).to_owned(),
            side: match *side {
                "any" | "own" => Side::Own,
                "other" => Side::Other,
                side => panic!("{side} is no side"),
            },
        };
        let columns: Vec<Column> = callers.iter().zip(&sides).map(column).collect();
        let row = |words: Vec<&str>| {
            assert_eq!(words.len(), columns.len() + 1, "{words:?}");
            let cell = |word: &&str| {
                Cell::from_word(word).unwrap_or_else(|| panic!("{}: {word} is no cell", words[0]))
            };
            (words[0].to_owned(), words[1..].iter().map(cell).collect())
        };
        let rows: Vec<(String, Vec<Cell>)> = lines.map(row).collect();
        let names: BTreeSet<&String> = rows.iter().map(|(field, _)| field).collect();
        assert_eq!(names.len(), rows.len(), "each field has one row");
        Self { columns, rows }
    }

    /// Who asks for whose, in the order of the columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The fields that have a row, in order.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|(field, _)| field.as_str())
    }

    /// What a caller gets of a field; `None` where the table doesn't say.
    pub fn cell(&self, field: &str, caller: &str, side: Side) -> Option<Cell> {
        let column = self.columns.iter().position(|column| column.caller == caller && column.side == side)?;
        let (_, cells) = self.rows.iter().find(|(name, _)| name == field)?;
        Some(cells[column])
    }

    /// Whether anybody gets the field's value.
    pub fn is_allowed_to_somebody(&self, field: &str) -> bool {
        self.rows.iter().any(|(name, cells)| name == field && cells.contains(&Cell::Allow))
    }
}
