//! A reason as a word, and in the words of both sides of a counter. The words themselves stand with what they are
//! about: `Bill::not_payable`, `Account::nothing_due`.

/// Why something is as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason<Code> {
    /// The reason as a word.
    pub code: Code,
    /// What the teller reads, in Chinese.
    pub teller_text: &'static str,
    /// What the customer reads, in Chinese.
    pub customer_text: &'static str,
}
