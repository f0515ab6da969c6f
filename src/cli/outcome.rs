//! How a command ends.

/// What a command that ran to its end has to say to the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All is well: exit status 0.
    Done,
    /// The answer is no (a pending migration, a broken invariant): exit status 1.
    Negative,
    /// The work is done but for lines that were refused: exit status 3.
    SomeRefused,
}

impl Outcome {
    pub(super) fn exit_status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Negative => 1,
            Self::SomeRefused => 3,
        }
    }
}
