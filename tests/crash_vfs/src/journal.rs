//! What SQLite did to the files of one folder, in order. How it is overheard is the shim's affair.

use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fs, io, mem};

use libsqlite3_sys::SQLITE_OK;

use crate::shim;

/// A file's path below the recorded folder.
pub type FileName = Arc<str>;

/// One change made to a file, or the end of a wait until changes were durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Bytes were written; the file grew if they reach past its end.
    Write {
        /// Where.
        file: FileName,
        /// First byte written.
        offset: usize,
        /// What.
        bytes: Vec<u8>,
    },
    /// The file was cut, or made longer with zeros.
    Truncate {
        /// Which.
        file: FileName,
        /// Its length afterwards, in bytes.
        len: usize,
    },
    /// All changes to the file so far became durable, and its name with them.
    Sync {
        /// Which.
        file: FileName,
    },
    /// The file was taken out of the folder.
    Delete {
        /// Which.
        file: FileName,
        /// Whether that was made durable at once.
        is_synced: bool,
    },
}

impl Operation {
    /// The file it was done to.
    pub fn file(&self) -> &str {
        match self {
            Self::Write { file, .. }
            | Self::Truncate { file, .. }
            | Self::Sync { file }
            | Self::Delete { file, .. } => file,
        }
    }
}

/// Overhears SQLite until it is finished or dropped.
#[derive(Debug)]
pub struct Recording {
    journal: Arc<Journal>,
}

impl Recording {
    /// Records the files of this folder that SQLite opens from now on.
    ///
    /// # Errors
    /// There is no such folder, or SQLite doesn't take the shim.
    pub fn start(folder: &Path) -> io::Result<Self> {
        shim::register()?;
        let folder = fs::canonicalize(folder)?;
        let journal = Arc::new(Journal { folder, operations: Mutex::default() });
        locked(&JOURNALS).push(Arc::clone(&journal));
        Ok(Self { journal })
    }

    /// How many operations there have been.
    pub fn operation_count(&self) -> usize {
        locked(&self.journal.operations).len()
    }

    /// Ends the recording and returns what there was, in order.
    pub fn finish(self) -> Vec<Operation> {
        mem::take(&mut *locked(&self.journal.operations))
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        locked(&JOURNALS).retain(|journal| !Arc::ptr_eq(journal, &self.journal));
    }
}

/// Those of all recordings that are going on.
static JOURNALS: Mutex<Vec<Arc<Journal>>> = Mutex::new(Vec::new());

/// The operations on one folder.
#[derive(Debug)]
pub(crate) struct Journal {
    /// As SQLite names it: absolute, without links.
    folder: PathBuf,
    operations: Mutex<Vec<Operation>>,
}

/// A file that is being recorded.
#[derive(Debug)]
pub(crate) struct Recorded {
    journal: Arc<Journal>,
    /// Its name there.
    pub(crate) name: FileName,
}

impl Recorded {
    /// The file, if its folder is being recorded.
    pub(crate) fn find(path: &Path) -> Option<Self> {
        let journals = locked(&JOURNALS);
        let found = |journal: &Arc<Journal>| {
            let name = path.strip_prefix(&journal.folder).ok()?.to_str()?;
            Some(Self { journal: Arc::clone(journal), name: name.into() })
        };
        journals.iter().find_map(found)
    }

    /// Acts on the file and notes it if that succeeds. Nothing else happens to the folder in between, so
    /// that the order of the notes is the order of the acts. An act that fails may have done a part;
    /// what is recorded is for runs in which none fails.
    pub(crate) fn act(&self, act: impl FnOnce() -> c_int, note: impl FnOnce() -> Operation) -> c_int {
        let mut operations = locked(&self.journal.operations);
        let code = act();
        if code == SQLITE_OK {
            operations.push(note());
        }
        code
    }
}

/// A thread that died while it noted something left the list whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
