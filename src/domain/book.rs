//! Every command there is: what can be asked, what is answered, what is written down of it.

use super::base::keys::{Key, Kind, Record};
use super::base::line::LineOutcome;
use super::base::numbers::Given;
use super::base::refusal::RefusalCode;
use super::command::Rules;
use super::keyed::{Keyed, KeyedAnswer};
use super::payment::{EARLY_REVERSAL, EarlyReversal};
use super::rooms::rooms;
use super::state::State;
use super::touches::{Touches, Wanted};

/// A command that knows its place in the book.
pub trait Asked: Rules + Into<Command> {
    /// Its own answer; `None` where it answers another command.
    fn answer_of(answer: Answer) -> Option<Self::Answer>;
}

macro_rules! book {
    (keyed { $($keyed_room:ident $(knows $(#[$attribute:meta])? $field:ident: $known:ident,)?
            asks $($(#[cfg($keyed_cfg:meta)])? $keyed:ident),+;)+ }
        unkeyed { $($room:ident asks $($unkeyed:ident),+;)+ }) => {
        book!(@commands $($($(#[cfg($keyed_cfg)])? $keyed_room::$keyed,)+)+ $($($room::$unkeyed,)+)+);

        /// What a kind's word stands for; `None` where it is none of the key table's.
        pub fn kind_of_word(word: &str) -> Option<Kind> {
            let kinds = [$($($(#[cfg($keyed_cfg)])? $keyed::KIND,)+)+ EARLY_REVERSAL];
            kinds.into_iter().find(|kind| kind.0 == word)
        }

        /// Every keyed command.
        pub fn keyed_commands() -> Vec<KeyedCommand> {
            Vec::from([$($($(#[cfg($keyed_cfg)])? KeyedCommand::of::<$keyed>(),)+)+])
        }

        impl Command {
            /// Its key; `None` where it is asked without one.
            pub fn key(&self) -> Option<&Key> {
                match self {
                    $($($(#[cfg($keyed_cfg)])? Self::$keyed(command) => Some(Keyed::key(command)),)+)+
                    $($(Self::$unkeyed(_) => None,)+)+
                }
            }

            /// Its key's word in the key table; `None` where it is asked without one.
            pub fn kind(&self) -> Option<Kind> {
                match self {
                    $($($(#[cfg($keyed_cfg)])? Self::$keyed(_) => Some(<$keyed as Keyed>::KIND),)+)+
                    $($(Self::$unkeyed(_) => None,)+)+
                }
            }
        }

        impl Answer {
            /// What became of a line of a file or of a command line; another answer as it is.
            ///
            /// # Errors
            /// It answers another kind of command.
            pub fn into_line(self) -> Result<LineOutcome, Box<Self>> {
                match self {
                    $($(Self::$unkeyed(outcome) => Ok(outcome),)+)+
                    $($($(#[cfg($keyed_cfg)])? answer @ Self::$keyed(_) => Err(Box::new(answer)),)+)+
                }
            }

            /// What the answers to all keyed commands have in common; `None` where it answers another.
            pub fn keyed(&self) -> Option<KeyedAnswer<'_>> {
                match self {
                    $($($(#[cfg($keyed_cfg)])? Self::$keyed(answered) => Some(answered.in_common()),)+)+
                    $($(Self::$unkeyed(_) => None,)+)+
                }
            }
        }

        /// Whether a record says what one of its command's can.
        fn is_own_record(record: &Record) -> bool {
            let Record { kind, input, refusal, .. } = record;
            $($(
                $(#[cfg($keyed_cfg)])?
                if *kind == $keyed::KIND {
                    let is_code = |word: &String| <$keyed as Keyed>::Code::from_word(word).is_some();
                    return <$keyed as Keyed>::is_input(input)
                        && refusal.as_ref().is_none_or(|refusal| is_code(&refusal.code));
                }
            )+)+
            false
        }
    };
    (@commands $($(#[cfg($cfg:meta)])? $room:ident::$name:ident,)+) => {
        $($(#[cfg($cfg)])? use super::$room::$name;)+

        /// One thing to be decided.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Command { $($(#[cfg($cfg)])? #[doc = concat!("See [`", stringify!($name), "`].")] $name($name),)+ }

        /// What its caller hears.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(clippy::large_enum_variant, reason = "a room says what is heard as it likes")]
        pub enum Answer {
            $($(#[cfg($cfg)])? #[doc = concat!("To a [`", stringify!($name), "`].")] $name(<$name as Rules>::Answer),)+
        }

        $(
            $(#[cfg($cfg)])?
            impl From<$name> for Command {
                fn from(command: $name) -> Self {
                    Self::$name(command)
                }
            }

            $(#[cfg($cfg)])?
            impl Asked for $name {
                fn answer_of(answer: Answer) -> Option<Self::Answer> {
                    match answer { Answer::$name(answer) => Some(answer), _ => None }
                }
            }
        )+

        impl Rules for Command {
            type Answer = Answer;

            fn lane(&self) -> Option<&str> {
                match self { $($(#[cfg($cfg)])? Self::$name(command) => command.lane(),)+ }
            }

            fn account_count(&self) -> usize {
                match self { $($(#[cfg($cfg)])? Self::$name(command) => command.account_count(),)+ }
            }

            fn number_count(&self) -> i64 {
                match self { $($(#[cfg($cfg)])? Self::$name(command) => command.number_count(),)+ }
            }

            fn weight(&self) -> usize {
                match self { $($(#[cfg($cfg)])? Self::$name(command) => command.weight(),)+ }
            }

            fn keys(&self, given: &Given) -> Vec<Wanted> {
                match self { $($(#[cfg($cfg)])? Self::$name(command) => command.keys(given),)+ }
            }

            fn touch<'a>(&'a self, state: &'a State, touches: &mut Touches<'a>) {
                match self { $($(#[cfg($cfg)])? Self::$name(command) => command.touch(state, touches),)+ }
            }

            fn settle(&self, state: &mut State, given: &Given) -> Answer {
                match self { $($(#[cfg($cfg)])? Self::$name(command) => Answer::$name(command.settle(state, given)),)+ }
            }
        }
    };
}

rooms!(book);

impl Asked for Command {
    fn answer_of(answer: Answer) -> Option<Answer> {
        Some(answer)
    }
}

/// A keyed command, as it is told from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedCommand {
    /// Its word in the key table.
    pub kind: Kind,
    /// Why it can be refused, in order of precedence: a code's word, and whether the same key and input may yet succeed.
    pub codes: Vec<(&'static str, bool)>,
}

impl KeyedCommand {
    fn of<C: Keyed>() -> Self {
        let codes = C::Code::ALL.iter().map(|code| (code.word(), code.is_retryable())).collect();
        Self { kind: C::KIND, codes }
    }
}

/// A command with what it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbered {
    /// Its numbers and the instant it was taken in.
    pub given: Given,
    /// What is asked.
    pub command: Command,
}

impl Numbered {
    /// Decides it on what earlier ones left, and leaves the state to the next.
    pub fn settle(&self, state: &mut State) -> Answer {
        self.command.settle(state, &self.given)
    }
}

impl<'a> Touches<'a> {
    /// What these commands can touch, now that their keys are known.
    pub fn of(commands: &'a [Numbered], state: &'a State) -> Self {
        let mut touches = Self::default();
        for numbered in commands {
            numbered.command.touch(state, &mut touches);
        }
        touches
    }
}

/// Whether a replay of this record could be answered.
pub fn is_readable(record: &Record) -> bool {
    if record.kind == EARLY_REVERSAL {
        return record.refusal.is_none() && EarlyReversal::from_record(record).is_some();
    }
    is_own_record(record)
}
