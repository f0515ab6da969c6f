//! Which file of a SQLite database can't be created or written. SQLite says only that it can't, not what.

use std::path::Path;

use diesel::result::Error as DieselError;

use super::super::StoreError;

/// Names the file, where it is the file's or its folder's fault that nothing can be written.
pub(super) fn explain(database: &Path, error: StoreError) -> StoreError {
    let words = match &error {
        StoreError::Connect(words) => words.as_str(),
        StoreError::Statement(DieselError::DatabaseError(_, said)) => said.message(),
        StoreError::Statement(_)
        | StoreError::Url(_)
        | StoreError::Absent(_)
        | StoreError::NotMigrated(_)
        | StoreError::Corrupt(_)
        | StoreError::Overtaken(_)
        | StoreError::Replaced(_) => return error,
    };
    let is_meant = words.contains("readonly database") || words.contains("unable to open database file");
    is_meant.then(|| fault(database)).flatten().map_or(error, StoreError::Connect)
}

/// What the system doesn't allow. It is asked and not tried: a second descriptor of the database would, when closed, drop
/// the locks of the first.
#[cfg(target_os = "linux")]
fn fault(database: &Path) -> Option<String> {
    use rustix::fs::{Access, access};
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let into_folder = match folder.metadata() {
        Ok(metadata) if !metadata.is_dir() => Some(rustix::io::Errno::NOTDIR),
        _ => access(folder, Access::WRITE_OK | Access::EXEC_OK).err(),
    };
    let whole = |fault: String| Some(format!("SQLite {}: {fault}", database.display()));
    match (access(database, Access::EXISTS), access(database, Access::WRITE_OK), into_folder) {
        (Err(_), _, Some(error)) => {
            whole(format!("the file can't be created: the folder {} {}", folder.display(), in_words(error)))
        }
        (Ok(()), Err(error), _) => whole(format!("the file can't be written to: it {}", in_words(error))),
        (Ok(()), Ok(()), Some(error)) => whole(format!(
            "{0}-wal and {0}-shm can't be created beside it: the folder {1} {2}",
            database.display(),
            folder.display(),
            in_words(error)
        )),
        _ => None,
    }
}

#[cfg(target_os = "linux")]
fn in_words(error: rustix::io::Errno) -> String {
    use rustix::io::Errno;
    match error {
        Errno::NOENT => "isn't there".to_owned(),
        Errno::NOTDIR => "is no folder".to_owned(),
        Errno::ACCESS | Errno::PERM => "may not be written to by this user".to_owned(),
        Errno::ROFS => "is on a file system that takes no writes".to_owned(),
        other => format!("can't be used: {other}"),
    }
}

/// Not known on this system.
#[cfg(not(target_os = "linux"))]
fn fault(_: &Path) -> Option<String> {
    None
}
