//! The VFS: SQLite's default one, but for the files of recorded folders. Nothing here can panic; should
//! it all the same, `extern "C"` ends the process rather than let a panic out into SQLite.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use std::sync::OnceLock;
use std::{io, ptr};

use libsqlite3_sys::{
    SQLITE_CANTOPEN, SQLITE_ERROR, SQLITE_IOERR, SQLITE_IOERR_DELETE, SQLITE_NOTFOUND, SQLITE_OK,
    sqlite3_file, sqlite3_filename, sqlite3_int64, sqlite3_syscall_ptr, sqlite3_vfs, sqlite3_vfs_find,
    sqlite3_vfs_register,
};

use crate::file;
use crate::forward::forward;
use crate::journal::{Operation, Recorded};

/// The version of `sqlite3_vfs` whose methods are all handed on.
const VFS_VERSION: c_int = 3;

/// Makes the shim the default VFS of the process, once.
///
/// # Errors
/// SQLite has no VFS of that version, or takes no other.
pub(crate) fn register() -> io::Result<()> {
    static CODE: OnceLock<c_int> = OnceLock::new();
    match *CODE.get_or_init(register_once) {
        SQLITE_OK => Ok(()),
        code => Err(io::Error::other(format!("SQLite refuses the recording VFS: code {code}"))),
    }
}

fn register_once() -> c_int {
    // SAFETY: a null name asks for the default; what is returned is never freed.
    let original = unsafe { sqlite3_vfs_find(ptr::null()) };
    // SAFETY: not null, so it points to a VFS, which begins with its version whatever that is.
    if original.is_null() || unsafe { (*original).iVersion } < VFS_VERSION {
        return SQLITE_ERROR;
    }
    // SAFETY: a VFS of this version has all the fields, and nobody writes to them after it was registered.
    let shim = Box::leak(Box::new(shim_over(unsafe { &*original })));
    // SAFETY: it lives as long as the process and is only read and linked by SQLite from here on.
    unsafe { sqlite3_vfs_register(shim, 1) }
}

fn shim_over(original: &'static sqlite3_vfs) -> sqlite3_vfs {
    sqlite3_vfs {
        iVersion: VFS_VERSION,
        szOsFile: original.szOsFile + file::HEADER_LEN,
        mxPathname: original.mxPathname,
        pNext: ptr::null_mut(),
        zName: c"crash".as_ptr(),
        pAppData: ptr::from_ref(original).cast_mut().cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: Some(dl_open),
        xDlError: Some(dl_error),
        xDlSym: Some(dl_sym),
        xDlClose: Some(dl_close),
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: Some(get_last_error),
        xCurrentTimeInt64: Some(current_time_int64),
        xSetSystemCall: Some(set_system_call),
        xGetSystemCall: Some(get_system_call),
        xNextSystemCall: Some(next_system_call),
    }
}

/// What `xDlSym` returns.
type Symbol = Option<unsafe extern "C" fn(*mut sqlite3_vfs, *mut c_void, *const c_char)>;

forward! { sqlite3_vfs, original_of, methods_of:
    open_original = xOpen(
        name: sqlite3_filename, file: *mut sqlite3_file, flags: c_int, out_flags: *mut c_int
    ) -> c_int, else SQLITE_CANTOPEN;
    delete_original = xDelete(name: *const c_char, is_synced: c_int) -> c_int, else SQLITE_IOERR_DELETE;
    access = xAccess(name: *const c_char, flags: c_int, found: *mut c_int) -> c_int, else SQLITE_IOERR;
    full_pathname = xFullPathname(
        name: *const c_char, len: c_int, out: *mut c_char
    ) -> c_int, else SQLITE_CANTOPEN;
    dl_open = xDlOpen(name: *const c_char) -> *mut c_void, else ptr::null_mut();
    dl_error = xDlError(len: c_int, out: *mut c_char) -> (), else ();
    dl_sym = xDlSym(library: *mut c_void, symbol: *const c_char) -> Symbol, else None;
    dl_close = xDlClose(library: *mut c_void) -> (), else ();
    randomness = xRandomness(len: c_int, out: *mut c_char) -> c_int, else 0;
    sleep = xSleep(microseconds: c_int) -> c_int, else 0;
    current_time = xCurrentTime(out: *mut f64) -> c_int, else SQLITE_ERROR;
    get_last_error = xGetLastError(len: c_int, out: *mut c_char) -> c_int, else 0;
    current_time_int64 = xCurrentTimeInt64(out: *mut sqlite3_int64) -> c_int, else SQLITE_ERROR;
    set_system_call = xSetSystemCall(
        name: *const c_char, call: sqlite3_syscall_ptr
    ) -> c_int, else SQLITE_NOTFOUND;
    get_system_call = xGetSystemCall(name: *const c_char) -> sqlite3_syscall_ptr, else None;
    next_system_call = xNextSystemCall(name: *const c_char) -> *const c_char, else ptr::null();
}

/// The VFS that was the default before.
///
/// # Safety
/// `shim` is what [`shim_over`] made.
unsafe fn original_of(shim: *mut sqlite3_vfs) -> *mut sqlite3_vfs {
    // SAFETY: the caller's word; the shim is never freed.
    unsafe { (*shim).pAppData.cast() }
}

/// # Safety
/// `vfs` is what [`original_of`] returned.
unsafe fn methods_of(vfs: *mut sqlite3_vfs) -> &'static sqlite3_vfs {
    // SAFETY: the caller's word; the original was checked to be of our version and is never freed.
    unsafe { &*vfs }
}

unsafe extern "C" fn open(
    shim: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite keeps the contract of `xOpen`: the name is null or ends with a zero, and at `file`
    // there are `szOsFile` bytes of the shim, enough for the original's file alone or behind a header.
    unsafe {
        match recorded(name) {
            None => open_original(shim, name, file, flags, out_flags),
            Some(recorded) => {
                let open_real = |real| open_original(shim, name, real, flags, out_flags);
                file::open(file, recorded, open_real)
            }
        }
    }
}

unsafe extern "C" fn delete(shim: *mut sqlite3_vfs, name: *const c_char, is_synced: c_int) -> c_int {
    // SAFETY: SQLite keeps the contract of `xDelete`: the name ends with a zero.
    unsafe {
        let delete = || delete_original(shim, name, is_synced);
        match recorded(name) {
            None => delete(),
            Some(recorded) => {
                let file = recorded.name.clone();
                recorded.act(delete, || Operation::Delete { file, is_synced: is_synced != 0 })
            }
        }
    }
}

/// The file of that name, if it is one to be recorded. Temporary files have no name.
///
/// # Safety
/// `name` is null or ends with a zero.
unsafe fn recorded(name: *const c_char) -> Option<Recorded> {
    if name.is_null() {
        return None;
    }
    // SAFETY: the caller's word.
    let name = unsafe { CStr::from_ptr(name) };
    Recorded::find(Path::new(name.to_str().ok()?))
}
