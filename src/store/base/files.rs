//! The files of a SQLite database are still those that were opened. One that was deleted or replaced takes writes as
//! before, and everything in it is gone with the process. Device and inode tell; that a file was overwritten in place
//! they don't.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::super::StoreError;
use super::connection::{Connection, Database, LOG_BYTES_MAX, Purpose};
use super::write_ahead_log;

/// Which file it is, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

/// The database file that was opened first, which all connections of an engine must be to.
#[derive(Debug, Clone, Default)]
pub struct FirstOpened(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    identity: OnceLock<Identity>,
    /// What became of a log that was deleted. Held by whoever brings a log into its file: the process ends when one
    /// has found the log gone, and must not end in the middle of another's work.
    log_fate: Mutex<Option<&'static str>>,
}

/// A connection that knows its files.
pub struct Opened {
    connection: Connection,
    first: FirstOpened,
    /// PostgreSQL looks after its own.
    files: Option<Files>,
}

/// What SQLite has opened. It tells nobody its file descriptors, and a second one of ours would, when closed, drop the
/// locks of the first; so that the names are looked at before and after.
struct Files {
    path: PathBuf,
    identity: Identity,
    log: PathBuf,
    /// None before the file first has a write-ahead log; while anyone is connected it keeps that one.
    log_identity: Option<Identity>,
    /// What processes tell each other of the log.
    index: PathBuf,
    index_identity: Option<Identity>,
}

impl Opened {
    /// Opens a connection to the database that `first` is.
    ///
    /// # Errors
    /// Those of [`Database::connect`], and [`StoreError::Replaced`].
    pub fn connect(database: &Database, purpose: Purpose, first: &FirstOpened) -> Result<Self, StoreError> {
        let Database::Sqlite(path) = database else {
            return Ok(Self { connection: database.connect(purpose)?, first: first.clone(), files: None });
        };
        let (before, known) = (identity_of(path)?, first.0.identity.get().copied());
        if known.is_some() && before != known {
            return Err(replaced(path));
        }
        let connection = database.connect(purpose)?;
        let files = Files::of(path)?;
        if before != Some(files.identity)
            || *first.0.identity.get_or_init(|| files.identity) != files.identity
        {
            return Err(replaced(path));
        }
        // Only who looks into a file that no writer has opened yet may find none.
        if files.log_identity.is_none() && (purpose == Purpose::Write || known.is_some()) {
            return Err(log_replaced(&files.log, ""));
        }
        Ok(Self { connection, first: first.clone(), files: Some(files) })
    }

    /// The connection.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Runs a look-up; what it found in files that are no longer the database's is no answer.
    ///
    /// # Errors
    /// The look-up's, and [`StoreError::Replaced`].
    pub fn look_up<T>(
        &mut self,
        look_up: impl FnOnce(&mut Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let found = look_up(&mut self.connection)?;
        self.check()?;
        Ok(found)
    }

    /// Looks whether the files are those that were opened: two system calls. To be called outside a transaction.
    ///
    /// # Errors
    /// [`StoreError::Replaced`]: nothing that was done since the last look may be acknowledged.
    pub fn check(&mut self) -> Result<(), StoreError> {
        let Some(files) = &self.files else { return Ok(()) };
        if identity_of(&files.path)? != Some(files.identity) {
            return Err(replaced(&files.path));
        }
        let Some(log_identity) = files.log_identity else { return Ok(()) };
        if identity_of(&files.log)? == Some(log_identity) {
            return Ok(());
        }
        let log = files.log.clone();
        // One that is empty was made by who has connected since; what others have written is not to be mixed with ours.
        let is_gone = fs::metadata(&log).map_or(true, |found| found.len() == 0);
        let fate = if is_gone { self.save_log() } else { "" };
        Err(log_replaced(&log, fate))
    }

    /// Looks whether the log's index is the one that was opened. Without it nothing is lost yet, but another process that
    /// connects would know nothing of this one, and write over what this one writes.
    ///
    /// # Errors
    /// [`StoreError::Replaced`].
    pub fn check_index(&self) -> Result<(), StoreError> {
        let Some(files) = &self.files else { return Ok(()) };
        if files.index_identity.is_none() || identity_of(&files.index)? == files.index_identity {
            return Ok(());
        }
        Err(log_replaced(&files.index, ""))
    }

    /// Brings into the file what the log holds, see [`write_ahead_log::checkpoint`].
    ///
    /// # Errors
    /// Whatever the database says, and [`StoreError::Replaced`].
    pub fn checkpoint(&mut self) -> Result<(), StoreError> {
        self.unless_log_is_gone(write_ahead_log::checkpoint)
    }

    /// Cuts the log's file where it is longer than it need be, see [`write_ahead_log::cut`].
    ///
    /// # Errors
    /// As [`Opened::checkpoint`].
    pub fn cut_long_log(&mut self) -> Result<(), StoreError> {
        let Some(files) = &self.files else { return Ok(()) };
        match fs::metadata(&files.log) {
            Ok(found) if found.len() > LOG_BYTES_MAX => self.unless_log_is_gone(write_ahead_log::cut),
            Ok(_) | Err(_) => self.check(),
        }
    }

    fn unless_log_is_gone(
        &mut self,
        bring_in: fn(&mut Connection) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let first = self.first.clone();
        let fate = first.0.log_fate.lock().unwrap_or_else(PoisonError::into_inner);
        if fate.is_none() {
            bring_in(&mut self.connection)?;
        }
        drop(fate);
        self.check()
    }

    /// The log is deleted but still open, and holds what was acknowledged last: into the file with it, once.
    fn save_log(&mut self) -> &'static str {
        let mut fate = self.first.0.log_fate.lock().unwrap_or_else(PoisonError::into_inner);
        let save = || match write_ahead_log::checkpoint_all(&mut self.connection) {
            Ok(true) => "; all that it held was brought into the database file in time",
            Ok(false) | Err(_) => "; not all that it held could be brought into the database file",
        };
        let words = fate.unwrap_or_else(save);
        *fate = Some(words);
        words
    }
}

impl Files {
    fn of(path: &Path) -> Result<Self, StoreError> {
        // As SQLite does, which names the log after the file that links lead to.
        let real = fs::canonicalize(path).map_err(|_| replaced(path))?;
        let identity = identity_of(&real)?.ok_or_else(|| replaced(path))?;
        let beside = |suffix: &str| {
            let mut name = real.clone().into_os_string();
            name.push(suffix);
            PathBuf::from(name)
        };
        let (log, index) = (beside("-wal"), beside("-shm"));
        let (log_identity, index_identity) = (identity_of(&log)?, identity_of(&index)?);
        Ok(Self { path: path.to_owned(), identity, log, log_identity, index, index_identity })
    }
}

/// Which file has this name, if any.
fn identity_of(path: &Path) -> Result<Option<Identity>, StoreError> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(Identity { device: found.dev(), inode: found.ino() })),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(StoreError::Replaced(format!(
            "the database file {} can't be looked at ({error})",
            path.display()
        ))),
    }
}

fn replaced(path: &Path) -> StoreError {
    StoreError::Replaced(format!(
        "the database file {} was deleted or replaced while it was in use",
        path.display()
    ))
}

fn log_replaced(log: &Path, what_became_of_it: &str) -> StoreError {
    StoreError::Replaced(format!(
        "the write-ahead log's file {} was deleted or replaced while the database was in use{what_became_of_it}",
        log.display()
    ))
}
