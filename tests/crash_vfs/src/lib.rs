//! A power cut for SQLite, without pulling a plug.
//!
//! [`journal`] records, through a shim over SQLite's default VFS, every change that is made to the files
//! of one folder, in order, and every sync. [`crash`](mod@crash) computes from such a record which files
//! could be found after the power went at any of these operations: what was synced is there, what wasn't
//! may be gone, torn or out of order. [`image`] reads files from a folder and puts them back.
//!
//! The shim is there for the whole process once the first recording starts. It changes nothing for files
//! of other folders: they are opened by the default VFS, into the same memory, with its own methods.

pub mod crash;
mod file;
mod forward;
pub mod image;
pub mod journal;
mod shim;
