//! An open file that is being recorded: a header of ours, and behind it, in the same memory, the file of
//! the original VFS, which does everything. The index of the write-ahead log (`-shm`) is the original's
//! own affair: it is rebuilt after a crash, so nothing of it is recorded.

use std::ffi::{c_int, c_void};
use std::{ptr, slice};

use libsqlite3_sys::{
    SQLITE_CANTOPEN, SQLITE_IOERR, SQLITE_NOTFOUND, SQLITE_OK, sqlite3_file, sqlite3_int64,
    sqlite3_io_methods,
};

use crate::forward::forward;
use crate::journal::{Operation, Recorded};

/// What stands before the original's file.
#[repr(C, align(8))]
struct Header {
    /// First, so that SQLite finds the methods.
    file: sqlite3_file,
    /// From `Box::into_raw`; freed when the file is closed.
    recorded: *mut Recorded,
}

/// Length of the header in bytes; a multiple of 8, as SQLite's memory and the original's file ask for.
pub(crate) const HEADER_LEN: c_int = size_of::<Header>() as c_int;

/// Version 2: shared memory for the write-ahead log, but no memory-mapped reading.
static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Has the real file opened behind a header and writes the header once that is done.
///
/// # Safety
/// At `file` there is room for a header and a file of the original VFS; `open_real` is that VFS's `xOpen`.
pub(crate) unsafe fn open(
    file: *mut sqlite3_file,
    recorded: Recorded,
    open_real: impl FnOnce(*mut sqlite3_file) -> c_int,
) -> c_int {
    // SAFETY: the caller's word; until the header is written only its first field is touched, and the
    // real file's methods are read only where `xOpen` set them.
    unsafe {
        (*file).pMethods = ptr::null();
        let real = real_of(file);
        (*real).pMethods = ptr::null();
        let code = open_real(real);
        let is_usable = code == SQLITE_OK && methods_of(real).iVersion >= METHODS.iVersion;
        if is_usable {
            let recorded = Box::into_raw(Box::new(recorded));
            file.cast::<Header>().write(Header { file: sqlite3_file { pMethods: &METHODS }, recorded });
            return SQLITE_OK;
        }
        // An open that failed asks to be closed if it set methods.
        if !(*real).pMethods.is_null() {
            close_real(file);
        }
        if code == SQLITE_OK { SQLITE_CANTOPEN } else { code }
    }
}

forward! { sqlite3_file, real_of, methods_of:
    close_real = xClose() -> c_int, else SQLITE_OK;
    write_real = xWrite(from: *const c_void, len: c_int, offset: sqlite3_int64) -> c_int, else SQLITE_IOERR;
    truncate_real = xTruncate(len: sqlite3_int64) -> c_int, else SQLITE_IOERR;
    sync_real = xSync(flags: c_int) -> c_int, else SQLITE_IOERR;
    read = xRead(into: *mut c_void, len: c_int, offset: sqlite3_int64) -> c_int, else SQLITE_IOERR;
    file_size = xFileSize(len: *mut sqlite3_int64) -> c_int, else SQLITE_IOERR;
    lock = xLock(level: c_int) -> c_int, else SQLITE_IOERR;
    unlock = xUnlock(level: c_int) -> c_int, else SQLITE_IOERR;
    check_reserved_lock = xCheckReservedLock(is_reserved: *mut c_int) -> c_int, else SQLITE_IOERR;
    file_control = xFileControl(code: c_int, argument: *mut c_void) -> c_int, else SQLITE_NOTFOUND;
    sector_size = xSectorSize() -> c_int, else 0;
    device_characteristics = xDeviceCharacteristics() -> c_int, else 0;
    shm_map = xShmMap(
        region: c_int, len: c_int, extend: c_int, out: *mut *mut c_void
    ) -> c_int, else SQLITE_IOERR;
    shm_lock = xShmLock(offset: c_int, count: c_int, flags: c_int) -> c_int, else SQLITE_IOERR;
    shm_barrier = xShmBarrier() -> (), else ();
    shm_unmap = xShmUnmap(delete: c_int) -> c_int, else SQLITE_OK;
}

/// The original's file behind the header.
///
/// # Safety
/// At `file` there is room for a header and a file of the original VFS.
unsafe fn real_of(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: the caller's word; the header's length keeps the alignment.
    unsafe { file.cast::<Header>().add(1).cast() }
}

/// # Safety
/// `real` was opened by the original VFS.
unsafe fn methods_of<'a>(real: *mut sqlite3_file) -> &'a sqlite3_io_methods {
    // SAFETY: the caller's word; a VFS never frees its tables of methods. `open` lets no file through
    // whose table is shorter than what is called here.
    unsafe { &*(*real).pMethods }
}

/// # Safety
/// `file` was opened by [`open`], with success, and not closed since.
unsafe fn recorded_of<'a>(file: *mut sqlite3_file) -> &'a Recorded {
    // SAFETY: the caller's word; the box is freed by `close` alone.
    unsafe { &*(*file.cast::<Header>()).recorded }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite closes an open file once and doesn't use it any more.
    unsafe {
        let code = close_real(file);
        drop(Box::from_raw((*file.cast::<Header>()).recorded));
        code
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    from: *const c_void,
    len: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: the file is open, and at `from` there are `len` bytes.
    unsafe {
        let recorded = recorded_of(file);
        let note = || Operation::Write {
            file: recorded.name.clone(),
            offset: usize::try_from(offset).unwrap_or_default(),
            bytes: slice::from_raw_parts(from.cast(), usize::try_from(len).unwrap_or_default()).to_vec(),
        };
        recorded.act(|| write_real(file, from, len, offset), note)
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, len: sqlite3_int64) -> c_int {
    // SAFETY: the file is open.
    unsafe {
        let recorded = recorded_of(file);
        let note = || Operation::Truncate {
            file: recorded.name.clone(),
            len: usize::try_from(len).unwrap_or_default(),
        };
        recorded.act(|| truncate_real(file, len), note)
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: the file is open.
    unsafe {
        let recorded = recorded_of(file);
        recorded.act(|| sync_real(file, flags), || Operation::Sync { file: recorded.name.clone() })
    }
}
