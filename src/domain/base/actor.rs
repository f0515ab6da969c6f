//! Who acts.

/// Who did it: the subject and the number of the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// `sub` of the token.
    pub subject: String,
    /// `jti` of the token.
    pub token_id: String,
}
