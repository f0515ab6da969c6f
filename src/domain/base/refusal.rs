//! A business answer of "no".

/// Why a command was refused: a closed list of each command's own, in order of precedence.
pub trait RefusalCode: Copy + 'static {
    /// Every code, in order of precedence.
    const ALL: &'static [Self];
    /// The key was used with another input: the one refusal that a keyed command never keeps under its key.
    const KEY_REUSED: Self;

    /// The word that stands for it in the database and in the API.
    fn word(self) -> &'static str;

    /// The code of a word; `None` for any other text.
    fn from_word(word: &str) -> Option<Self>;

    /// Whether the same key and input may yet succeed.
    fn is_retryable(self) -> bool;
}

/// A business answer of "no".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal<Code> {
    /// Why.
    pub code: Code,
    /// The same in words.
    pub message: String,
    /// Name of the input's field, as in the API; `None` where it is about no field.
    pub field: Option<String>,
}

impl<Code> Refusal<Code> {
    /// A refusal about one field.
    pub fn of_field(code: Code, field: &str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: Some(field.to_owned()) }
    }

    /// A refusal about no field.
    pub fn of_none(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None }
    }
}

/// Declares the codes of one command's refusals, in order of precedence. The one named after `reused` says that the
/// key was used with another input; each says whether the same key and input may yet succeed.
macro_rules! refusal_codes {
    ($(#[$meta:meta])* $name:ident reused $reused:ident
        { $($(#[$value_meta:meta])* $value:ident = $word:literal retryable $retryable:literal,)+ }) => {
        $crate::domain::base::text::word_enum! {
            $(#[$meta])* $name { $($(#[$value_meta])* $value = $word,)+ }
        }

        impl $crate::domain::base::refusal::RefusalCode for $name {
            const ALL: &'static [Self] = Self::ALL;
            const KEY_REUSED: Self = Self::$reused;

            fn word(self) -> &'static str {
                Self::word(self)
            }

            fn from_word(word: &str) -> Option<Self> {
                Self::from_word(word)
            }

            fn is_retryable(self) -> bool {
                match self { $(Self::$value => $retryable,)+ }
            }
        }
    };
}
pub(crate) use refusal_codes;
