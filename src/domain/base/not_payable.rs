//! Why something can't be paid now, in the words of both sides of a counter.

/// Why something can't be paid now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotPayable<Code> {
    /// The reason as a word.
    pub code: Code,
    /// What the teller reads, in Chinese.
    pub teller_text: &'static str,
    /// What the customer reads, in Chinese.
    pub customer_text: &'static str,
}
