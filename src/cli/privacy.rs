//! Whose the files are that the program creates: its user's alone, whatever the mask that it was started with. The
//! database holds names and addresses, and so do its log, copies of it, and refused lines of a file.

use rustix::fs::Mode;

/// Nothing for the group and for others.
const MASK: Mode = Mode::RWXG.union(Mode::RWXO);

/// Holds for all files that are created from now on. SQLite gives what it keeps beside a database the database's own
/// mode.
pub(super) fn keep_files_private() {
    let _what_it_was_before = rustix::process::umask(MASK);
}
