//! The one path of a command under a key (product rule 2): the first answer again where the same was asked, a refusal
//! that names the field where another thing was, else a decision that is kept under the key for ever.

use super::base::calendar::day_of;
use super::base::keys::{Field, KEY_FIELD, Key, Kind, Record, Value};
use super::base::numbers::Given;
use super::base::refusal::{Refusal, RefusalCode};
use super::exception::{Exception, ExceptionKind};
use super::state::State;
use super::touches::Wanted;

/// A command under a key that its channel chose.
pub trait Keyed {
    /// Word of the key table that stands for it.
    const KIND: Kind;
    /// What an accepted command is to do.
    type Done;
    /// What its caller hears where it was accepted.
    type Outcome;
    /// Why it can be refused, in order of precedence.
    type Code: RefusalCode;

    /// The key.
    fn key(&self) -> &Key;

    /// What is asked, by the API's names and in their order; what differs when the key comes again is named so.
    fn input(&self) -> Vec<Field>;

    /// Whether a recorded input can be one of this command's: its fields are of their types, and none is missing.
    fn is_input(recorded: &[Value]) -> bool;

    /// Whether a record of another kind was kept for this command's key, so that it doesn't stand in its way.
    fn may_replace(&self, _kind: Kind) -> bool {
        false
    }

    /// What a person is told where the key was used for something else: an account number, empty for none, and words.
    fn conflict(&self, field: &str) -> (String, String);

    /// What is to happen. Pure, total and deterministic.
    ///
    /// # Errors
    /// The first refusal in order of precedence. One that says that a key was reused isn't kept.
    fn decide(&self, state: &State, given: &Given) -> Result<Self::Done, Refusal<Self::Code>>;

    /// Puts it into the state. Past the decision nothing can fail.
    fn apply(&self, state: &mut State, given: &Given, done: Self::Done);

    /// What the caller of an accepted command hears, the first time and ever after.
    fn outcome(&self, state: &State, record: &Record) -> Self::Outcome;
}

/// The answer to a keyed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered<Outcome, Code> {
    /// There is one, for ever.
    Settled {
        /// What became of it.
        outcome: Result<Outcome, Refusal<Code>>,
        /// Whether this repeats the first answer.
        replayed: bool,
    },
    /// The channel is not registered.
    UnknownChannel,
}

impl<Outcome, Code: RefusalCode> Answered<Outcome, Code> {
    /// What was done; `None` where nothing was.
    pub fn done(&self) -> Option<&Outcome> {
        match self {
            Self::Settled { outcome, .. } => outcome.as_ref().ok(),
            Self::UnknownChannel => None,
        }
    }

    /// The same without what only this command has.
    pub fn in_common(&self) -> KeyedAnswer<'_> {
        match self {
            Self::Settled { outcome: Ok(_), replayed } => KeyedAnswer::Done { replayed: *replayed },
            Self::Settled { outcome: Err(Refusal { code, message, field }), replayed } => {
                let (code, field) = (code.word(), field.as_deref());
                KeyedAnswer::Refused { code, message, field, replayed: *replayed }
            }
            Self::UnknownChannel => KeyedAnswer::UnknownChannel,
        }
    }
}

/// What the answers to all keyed commands have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyedAnswer<'a> {
    /// What was asked is done.
    Done {
        /// Whether this repeats the first answer.
        replayed: bool,
    },
    /// It is not.
    Refused {
        /// Word of the code.
        code: &'static str,
        /// The same in words.
        message: &'a str,
        /// Name of the input's field, as in the API; `None` where it is about no field.
        field: Option<&'a str>,
        /// Whether this repeats the first answer.
        replayed: bool,
    },
    /// The channel is not registered.
    UnknownChannel,
}

/// What a command of this type is answered.
pub type AnswerTo<C> = Answered<<C as Keyed>::Outcome, <C as Keyed>::Code>;

/// Decides a command and puts what is decided into the state.
pub(in crate::domain) fn settle<C: Keyed>(state: &mut State, given: &Given, command: &C) -> AnswerTo<C> {
    let input = command.input();
    if let Some(record) = state.keys.record(command.key()) {
        if record.kind == C::KIND {
            return match record.differs_in(&input) {
                None => Answered::Settled { outcome: recorded(command, state, record), replayed: true },
                Some(field) => refuse_reuse(state, given, command, reused(field)),
            };
        }
        if !command.may_replace(record.kind) {
            return refuse_reuse(state, given, command, reused(KEY_FIELD));
        }
    }
    if !state.channels.contains_key(&command.key().channel_code) {
        return Answered::UnknownChannel;
    }
    let record = record_with::<C>(input, given);
    match command.decide(state, given) {
        Err(refusal) if is_reuse(&refusal) => refuse_reuse(state, given, command, refusal),
        Err(refusal) => {
            let Refusal { code, message, field } = refusal.clone();
            let words = Refusal { code: code.word().to_owned(), message, field };
            state.keys.claim(command.key(), Record { refusal: Some(words), ..record });
            Answered::Settled { outcome: Err(refusal), replayed: false }
        }
        Ok(done) => {
            command.apply(state, given, done);
            let outcome = Ok(command.outcome(state, &record));
            state.keys.claim(command.key(), record);
            Answered::Settled { outcome, replayed: false }
        }
    }
}

/// What is recorded under a key, as its caller heard it.
pub fn recorded<C: Keyed>(
    command: &C,
    state: &State,
    record: &Record,
) -> Result<C::Outcome, Refusal<C::Code>> {
    match record.refusal_of() {
        Some(refusal) => Err(refusal),
        None => Ok(command.outcome(state, record)),
    }
}

/// What a command's key will say of it.
fn record_with<C: Keyed>(input: Vec<Field>, given: &Given) -> Record {
    let input = input.into_iter().map(|(_, value)| value).collect();
    Record { kind: C::KIND, number: given.number(), input: without_absent_end(input), refusal: None }
}

/// A command's own key as it wants it.
pub(in crate::domain) fn own_key<C: Keyed>(command: &C, given: &Given) -> Wanted {
    Wanted { key: command.key().clone(), record: record_with::<C>(command.input(), given), is_own: true }
}

fn without_absent_end(mut input: Vec<Value>) -> Vec<Value> {
    while input.last() == Some(&Value::Absent) {
        input.pop();
    }
    input
}

/// The refusal of a key that was used with another value of this field.
pub(in crate::domain) fn reused<Code: RefusalCode>(field: &str) -> Refusal<Code> {
    let message = if field == KEY_FIELD {
        "This key was used by another mutation; nothing was done. What is new takes a new key.".to_owned()
    } else {
        format!("This key was used with another {field}; nothing was done.")
    };
    Refusal::of_field(Code::KEY_REUSED, field, message)
}

fn is_reuse<Code: RefusalCode>(refusal: &Refusal<Code>) -> bool {
    refusal.code.word() == Code::KEY_REUSED.word()
}

/// Nothing is done; a difference is written down.
fn refuse_reuse<C: Keyed>(
    state: &mut State,
    given: &Given,
    command: &C,
    refusal: Refusal<C::Code>,
) -> AnswerTo<C> {
    let (account_number, detail) = command.conflict(refusal.field.as_deref().unwrap_or(KEY_FIELD));
    let key = command.key();
    state.changes.exceptions.push(Exception {
        account_number,
        channel_code: key.channel_code.clone(),
        idempotency_key: key.text.clone(),
        kind: ExceptionKind::IdempotencyKeyReused,
        detail,
        payment_id: None,
        recorded_at_ms: given.at_ms,
        business_day: day_of(given.at_ms, state.policies.zone),
    });
    Answered::Settled { outcome: Err(refusal), replayed: false }
}
