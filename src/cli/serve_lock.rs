//! Keeps a second server off a SQLite file: its lane would only wait for the first one's locks. The
//! command line's own writers (import, channel) come and go and need no such lock.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::store::base::connection::Database;

/// Held while a server runs; the system lets go of it when the process ends, however it ends.
pub(super) struct ServeLock {
    _file: Option<File>,
}

impl ServeLock {
    /// Takes the lock of a SQLite file; PostgreSQL needs none.
    pub(super) fn take(database: &Database) -> anyhow::Result<Self> {
        match database {
            Database::Postgres(_) => Ok(Self { _file: None }),
            // The engine says better than a lock file that there is no database.
            Database::Sqlite(path) if !path.exists() => Ok(Self { _file: None }),
            Database::Sqlite(path) => Ok(Self { _file: Some(lock(path)?) }),
        }
    }
}

fn lock(database: &Path) -> anyhow::Result<File> {
    let path = lock_path(database)?;
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.with_context(|| format!("lock file {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another granary serves {} already; stop it first, or use PostgreSQL for several servers",
            database.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("lock file {}", path.display()))
        }
    }
}

/// Beside the database itself, whichever way its path is written.
fn lock_path(database: &Path) -> anyhow::Result<PathBuf> {
    let real = database.canonicalize().with_context(|| format!("database {}", database.display()))?;
    let mut name = real.into_os_string();
    name.push(".serve-lock");
    Ok(name.into())
}
