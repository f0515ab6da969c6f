//! What text may look like: free text, and enumerations kept as words in the database. Lengths are counted in
//! characters.

use sha2::{Digest, Sha256};

/// Free text of at most `len_max` characters, none of them a control character.
pub fn is_free_text(text: &str, len_max: usize) -> bool {
    text.chars().count() <= len_max && !has_control(text)
}

/// Whether any character is a control character (Unicode category Cc).
pub fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// The first `len_max` characters.
pub fn cut(text: &str, len_max: usize) -> &str {
    text.char_indices().nth(len_max).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// The text with this in place of each control character.
pub fn replace_controls(text: &str, by: char) -> String {
    text.chars().map(|character| if character.is_control() { by } else { character }).collect()
}

/// A text between quotation marks, for words to a person. A closing mark inside comes twice, so that two texts never
/// look the same.
pub fn quoted(text: &str) -> String {
    format!("“{}”", text.replace('”', "””"))
}

/// Several texts, each between quotation marks.
pub fn quoted_list(texts: &[String]) -> String {
    texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")
}

/// SHA-256 of a text, 64 lower-case hexadecimal digits.
pub fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Declares an enumeration whose values are words in the database, in files and in the API.
macro_rules! word_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$value_meta:meta])* $value:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$value_meta])* $value,)+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$value,)+];

            /// The word that stands for this value outside.
            pub fn word(self) -> &'static str {
                match self { $(Self::$value => $word,)+ }
            }

            /// The value a word stands for; `None` for any other text.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$value),)+ _ => None }
            }
        }
    };
}
pub(crate) use word_enum;
