//! The shim under a real SQLite: what is recorded is what happened to the files.

use std::ffi::{CString, c_int};
use std::path::{Path, PathBuf};
use std::{fs, ptr};

use crash_vfs::crash::{Damage, crash};
use crash_vfs::image::Image;
use crash_vfs::journal::{Operation, Recording};
use libsqlite3_sys::{SQLITE_OK, SQLITE_ROW, sqlite3, sqlite3_close, sqlite3_exec, sqlite3_open};

/// A connection, closed when dropped.
struct Connection(*mut sqlite3);

impl Connection {
    fn open(folder: &Path) -> Self {
        let path = CString::new(folder.join("some.db").to_str().expect("UTF-8")).expect("no zero");
        let mut connection = ptr::null_mut();
        // SAFETY: the path ends with a zero and the connection's place is ours.
        let code = unsafe { sqlite3_open(path.as_ptr(), &mut connection) };
        assert_eq!(code, SQLITE_OK);
        Self(connection)
    }

    fn execute(&self, statement: &str) {
        let statement = CString::new(statement).expect("no zero");
        // SAFETY: the connection is open and the statement ends with a zero; nothing is called back.
        let code =
            unsafe { sqlite3_exec(self.0, statement.as_ptr(), None, ptr::null_mut(), ptr::null_mut()) };
        assert!([SQLITE_OK, SQLITE_ROW].contains(&code), "{statement:?}: code {code}");
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: open until now, and without statements of its own.
        let code: c_int = unsafe { sqlite3_close(self.0) };
        assert_eq!(code, SQLITE_OK);
    }
}

/// An empty folder of the test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the folder can be removed");
    }
    fs::create_dir_all(&folder).expect("the folder can be created");
    folder
}

fn fill(connection: &Connection) {
    connection.execute("CREATE TABLE IF NOT EXISTS numbers (number INTEGER PRIMARY KEY, text TEXT)");
    for _ in 0..20 {
        connection.execute("INSERT INTO numbers (text) VALUES (hex(randomblob(2000)))");
    }
}

#[test]
fn a_record_played_again_makes_the_same_files() {
    for mode in ["WAL", "DELETE", "TRUNCATE", "PERSIST"] {
        let folder = folder(&format!("played-{mode}"));
        let recording = Recording::start(&folder).expect("a recording");
        let connection = Connection::open(&folder);
        connection.execute(&format!("PRAGMA journal_mode = {mode}"));
        fill(&connection);
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)");
        fill(&connection);
        drop(connection);
        let operations = recording.finish();
        assert!(operations.iter().any(|operation| matches!(operation, Operation::Sync { .. })), "{mode}");
        let played = crash(&Image::default(), &operations, Damage::Kept, || 0);
        assert_eq!(played, Image::load(&folder).expect("the files can be read"), "{mode}");
    }
}

#[test]
fn without_syncs_nothing_is_durable() {
    let folder = folder("unsynced");
    let recording = Recording::start(&folder).expect("a recording");
    let connection = Connection::open(&folder);
    connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
    let synced_before = recording.operation_count();
    fill(&connection);
    drop(connection);
    let operations = recording.finish();
    assert!(operations.len() > synced_before);
    let syncs = operations[synced_before..].iter().filter(|op| matches!(op, Operation::Sync { .. }));
    assert_eq!(syncs.count(), 0);
}

#[test]
fn other_folders_are_not_recorded() {
    let (watched, other) = (folder("watched"), folder("other"));
    let recording = Recording::start(&watched).expect("a recording");
    fill(&Connection::open(&other));
    assert_eq!(recording.operation_count(), 0);
    fill(&Connection::open(&watched));
    assert!(recording.operation_count() > 0);
}
