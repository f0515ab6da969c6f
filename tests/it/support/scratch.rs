//! Folders for databases that live as long as a test: in memory where the machine has the room, unless `TMPDIR` says
//! otherwise.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

const SHARED_MEMORY: &str = "/dev/shm";
/// Below this much room the ordinary temporary folder is used.
const ROOM_KIB_MIN: u64 = 2 * 1024 * 1024;

/// A new, empty folder, removed when dropped.
pub fn scratch_folder(prefix: &str) -> TempDir {
    let builder = tempfile::Builder::new().prefix(prefix).to_owned();
    let in_memory = Path::new(SHARED_MEMORY);
    if std::env::var_os("TMPDIR").is_none()
        && room_kib(in_memory) >= ROOM_KIB_MIN
        && let Ok(folder) = builder.tempdir_in(in_memory)
    {
        return folder;
    }
    builder.tempdir().expect("a temporary folder")
}

fn room_kib(folder: &Path) -> u64 {
    if !folder.is_dir() {
        return 0;
    }
    let output = Command::new("df").args(["-Pk"]).arg(folder).output();
    let Ok(output) = output else { return 0 };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let available = text.lines().nth(1).and_then(|line| line.split_whitespace().nth(3));
    available.and_then(|kib| kib.parse().ok()).unwrap_or(0)
}
