//! How many files the process may have open: as many as its user may allow it, and of them what connections may take, so
//! that whatever else is opened finds room.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that aren't connections: the threads' own, what is listened on, the operator's connections, logs.
const OTHERS: u64 = 256;
/// A writer or reader has its connection, or the database file with its log and the log's index, and for a moment a file
/// of its own.
const OF_EACH_DATABASE_CONNECTION: u64 = 4;
/// A connection, and the handle by which it is told to end.
const OF_EACH_CONNECTION: u64 = 2;
/// Where there is no limit at all.
const UNLIMITED: u64 = 1 << 20;

/// The system starts processes with a small number, for the sake of old programs, and lets them ask for more.
pub(super) fn raise_limit() {
    let limit = getrlimit(Resource::Nofile);
    let _else_it_stays_as_it_is = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// Connections that there may be at once beside so many to the database.
pub(super) fn connections_max(to_the_database: usize) -> usize {
    connections_of(getrlimit(Resource::Nofile).current.unwrap_or(UNLIMITED), to_the_database)
}

fn connections_of(open_files_max: u64, to_the_database: usize) -> usize {
    let to_the_database = u64::try_from(to_the_database).unwrap_or(u64::MAX);
    let others = OTHERS.saturating_add(to_the_database.saturating_mul(OF_EACH_DATABASE_CONNECTION));
    let left = open_files_max - others.min(open_files_max / 2);
    usize::try_from(left / OF_EACH_CONNECTION).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_what_else_is_opened() {
        for (open_files_max, to_the_database, expected) in [
            (1_024, 5, 374),
            (65_536, 5, 32_630),
            (256, 5, 64),
            (1_024, 1_000_000, 256),
            (u64::MAX, usize::MAX, usize::MAX / 4 + 1),
        ] {
            assert_eq!(connections_of(open_files_max, to_the_database), expected, "{open_files_max}");
        }
    }
}
