//! Foreign programs of npm, pinned by a lock file, installed once below the build's folder.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::{env, fs};

const FILES: [&str; 4] = ["package.json", "package-lock.json", "audit.mjs", "introspect.mjs"];

/// The folder with the programs; `None`, said loudly, where node or npm is missing and not required.
pub fn folder() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(install).as_deref()
}

fn install() -> Option<PathBuf> {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if !has("node") || !has("npm") {
        let is_required = env::var("GRANARY_TEST_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
        assert!(!is_required, "GRANARY_TEST_REQUIRE_TOOLS=1, but node or npm is missing");
        eprintln!("SKIPPED: node or npm is missing, so no foreign client tried the server");
        return None;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    let contents = FILES.map(|name| fs::read(source.join(name)).expect("a file of the tests"));
    let mut hasher = DefaultHasher::new();
    contents.hash(&mut hasher);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("peers-{:016x}", hasher.finish()));
    let done = folder.join("installed");
    if !done.exists() {
        fs::create_dir_all(&folder).expect("a folder below the build's");
        for (name, content) in FILES.into_iter().zip(contents) {
            fs::write(folder.join(name), content).expect("a copy");
        }
        let mut install = Command::new("npm");
        install.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder);
        let output = install.output().expect("npm runs");
        assert!(output.status.success(), "npm ci: {output:?}");
        fs::write(done, "").expect("a mark");
    }
    Some(folder)
}

/// Runs one of the programs against a server.
pub fn run(folder: &Path, program: &str, url: &str, token: &str) -> Output {
    let mut command = Command::new("node");
    command.arg(program).current_dir(folder).env("GRANARY_URL", url).env("GRANARY_TOKEN", token);
    command.output().expect("node runs")
}
