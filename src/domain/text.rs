//! What text may look like: numbers and keys chosen outside, free text, and enumerations kept as
//! words in the database. Lengths are counted in characters.

use sha2::{Digest, Sha256};

/// Digits of an account number.
pub const ACCOUNT_NUMBER_LEN_MAX: usize = 20;
/// Length up to which a reporting channel's unreadable account number is kept in suspense.
pub const ACCOUNT_NUMBER_AS_GIVEN_LEN_MAX: usize = 64;
/// Length of an idempotency key.
pub const IDEMPOTENCY_KEY_LEN_MAX: usize = 128;
/// Length of a bill number.
pub const BILL_NUMBER_LEN_MAX: usize = 32;
/// Length of a channel code.
pub const CHANNEL_CODE_LEN_MAX: usize = 32;
/// Length of a payment's note and of a reversal's reason.
pub const NOTE_LEN_MAX: usize = 200;
/// Length of a holder's name.
pub const NAME_LEN_MAX: usize = 100;
/// Length of a holder's address.
pub const ADDRESS_LEN_MAX: usize = 200;
/// Length of a holder's phone number.
pub const PHONE_LEN_MAX: usize = 32;
/// Length of an area's name.
pub const AREA_LEN_MAX: usize = 64;

/// 1 to 20 ASCII digits; leading zeros count.
pub fn is_account_number(text: &str) -> bool {
    (1..=ACCOUNT_NUMBER_LEN_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What a reporting channel may give as an account number: at most 64 characters, none of them a control character.
pub fn is_account_number_as_given(text: &str) -> bool {
    is_free_text(text, ACCOUNT_NUMBER_AS_GIVEN_LEN_MAX)
}

/// 1 to 128 visible ASCII characters, no space.
pub fn is_idempotency_key(text: &str) -> bool {
    (1..=IDEMPOTENCY_KEY_LEN_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// 1 to 32 visible ASCII characters, no space.
pub fn is_bill_number(text: &str) -> bool {
    (1..=BILL_NUMBER_LEN_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// 1 to 32 ASCII letters, digits, `-` or `_`.
pub fn is_channel_code(text: &str) -> bool {
    (1..=CHANNEL_CODE_LEN_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Free text of at most `len_max` characters, none of them a control character.
pub fn is_free_text(text: &str, len_max: usize) -> bool {
    text.chars().count() <= len_max && !has_control(text)
}

/// Whether any character is a control character (Unicode category Cc).
pub fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
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
