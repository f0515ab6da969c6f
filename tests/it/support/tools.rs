//! Programs of the system that count what a server does.

use std::path::PathBuf;

use super::peers::say_skipped;

/// Where a program of this name is; `None`, said aloud, where there is none.
pub fn find_tool(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        say_skipped(name, "it was not found");
    }
    found
}
