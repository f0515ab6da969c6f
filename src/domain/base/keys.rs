//! Keys chosen outside, and what was recorded under them: what was asked, in order of the API's fields, and the
//! refusal where it was refused. What was done otherwise stands in the rows of the record's number.

use std::collections::{BTreeMap, HashMap};

use super::refusal::{Refusal, RefusalCode};

/// Length of an idempotency key.
pub const IDEMPOTENCY_KEY_LEN_MAX: usize = 128;
/// Name of the key's own field in the API.
pub const KEY_FIELD: &str = "idempotencyKey";

/// 1 to 128 visible ASCII characters, no space.
pub fn is_idempotency_key(text: &str) -> bool {
    (1..=IDEMPOTENCY_KEY_LEN_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A key in its scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The channel that chose it.
    pub channel_code: String,
    /// Its permanent number for one movement of money.
    pub text: String,
}

/// What kind of command uses a key: a word of the key table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind(pub &'static str);

/// What a field of an input holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing was given: a value of its own.
    Absent,
    /// An amount in fen or an instant in milliseconds.
    Number(i64),
    /// Text.
    Text(String),
    /// A list of texts, in order.
    Texts(Vec<String>),
}

impl Value {
    /// Whether nothing was given: an empty list is none.
    fn is_absent(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Texts(texts) => texts.is_empty(),
            Self::Number(_) | Self::Text(_) => false,
        }
    }

    fn is_same(&self, recorded: &Self) -> bool {
        self == recorded || (self.is_absent() && recorded.is_absent())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&[String]> for Value {
    fn from(texts: &[String]) -> Self {
        Self::Texts(texts.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}

/// A field of an input: its name in the API, and what was given.
pub type Field = (&'static str, Value);

/// What is recorded under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What used the key.
    pub kind: Kind,
    /// The first number of the command that used it: of the movement it became, where it became one.
    pub number: i64,
    /// What was asked, in order of the API's fields. A field that is younger than the record is absent in it.
    pub input: Vec<Value>,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal<String>>,
}

impl Record {
    /// The first field in which an input differs from the recorded one.
    pub fn differs_in(&self, given: &[Field]) -> Option<&'static str> {
        // A newer program has recorded what this one doesn't know.
        if self.input.iter().skip(given.len()).any(|value| !value.is_absent()) {
            return Some(KEY_FIELD);
        }
        let recorded = self.input.iter().chain(std::iter::repeat(&Value::Absent));
        let differing = given.iter().zip(recorded).find(|((_, value), recorded)| !value.is_same(recorded));
        differing.map(|((name, _), _)| *name)
    }

    /// The refusal, with the command's own code.
    ///
    /// # Panics
    /// If the code is none of the command's: a record is checked when it is loaded.
    pub fn refusal_of<Code: RefusalCode>(&self) -> Option<Refusal<Code>> {
        let refusal = self.refusal.as_ref()?;
        let code = Code::from_word(&refusal.code).expect("a record's code was checked when it was loaded");
        Some(Refusal { code, message: refusal.message.clone(), field: refusal.field.clone() })
    }
}

/// The values of a recorded input of `N` fields, those that are younger than it absent; `None` where it has more.
pub fn fields_of<const N: usize>(input: &[Value]) -> Option<[&Value; N]> {
    let value = |place| input.get(place).unwrap_or(&Value::Absent);
    (input.len() <= N).then(|| std::array::from_fn(value))
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// Nothing was decided under it.
    Free {
        /// The command whose input its new row already holds, if this batch inserted one.
        row_of: Option<i64>,
    },
    /// Something was.
    Used(Record),
}

/// The keys that a batch names, and what must be written of them.
#[derive(Debug, Default)]
pub struct Keys {
    known: HashMap<Key, KeyState>,
    /// Rows that no longer say what was decided; of several claims on one key the last one holds.
    pub claimed: BTreeMap<Key, Record>,
    /// Refusals, the last word on their keys.
    pub refused: BTreeMap<Key, Refusal<String>>,
}

impl Keys {
    /// What is known of a key; one that was not loaded is free.
    pub fn get(&self, key: &Key) -> &KeyState {
        self.known.get(key).unwrap_or(&KeyState::Free { row_of: None })
    }

    /// What is recorded under a key.
    pub fn record(&self, key: &Key) -> Option<&Record> {
        match self.get(key) {
            KeyState::Used(record) => Some(record),
            KeyState::Free { .. } => None,
        }
    }

    /// Puts in what was loaded.
    pub fn put(&mut self, key: Key, state: KeyState) {
        self.known.insert(key, state);
    }

    /// Records what was decided under a key.
    pub fn claim(&mut self, key: &Key, record: Record) {
        let holds_row =
            matches!(self.get(key), KeyState::Free { row_of: Some(number) } if *number == record.number);
        if !holds_row {
            self.claimed.insert(key.clone(), record.clone());
        }
        if let Some(refusal) = &record.refusal {
            self.refused.insert(key.clone(), refusal.clone());
        }
        self.known.insert(key.clone(), KeyState::Used(record));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_differs_by_the_first_field_and_by_what_this_program_does_not_know() {
        let record =
            |input: &[Value]| Record { kind: Kind("K"), number: 1, input: input.to_vec(), refusal: None };
        let given = [("one", Value::from("a")), ("two", Value::Absent)];
        let (a, b, absent) = (Value::from("a"), Value::from("b"), Value::Absent);
        let cases = [
            (vec![a.clone()], None),
            (vec![a.clone(), absent.clone(), absent.clone()], None),
            (vec![b.clone()], Some("one")),
            (vec![], Some("one")),
            (vec![a.clone(), b.clone()], Some("two")),
            (vec![a.clone(), absent.clone(), b], Some(KEY_FIELD)),
            (vec![a.clone(), Value::Texts(vec![])], None),
            (vec![a, absent, Value::Texts(vec![])], None),
        ];
        for (input, expected) in cases {
            assert_eq!(record(&input).differs_in(&given), expected, "{input:?}");
        }
    }
}
