//! Foreign programs that try the server from outside: pinned, each set in a folder of its own below cargo's
//! target folder, made once and found again by later runs.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sha2::{Digest, Sha256};

/// `1` where a foreign program that is missing, or can't be installed, is a failure.
const REQUIRE_VARIABLE: &str = "GRANARY_TEST_REQUIRE_TOOLS";
/// Succeeds where the version suffices and environments can be made; Debian ships the latter apart.
const IS_USABLE: &str = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))";
/// Written into a folder when everything is installed.
const COMPLETE: &str = "complete";
/// What npm installs from, and the programs that use it.
const NODE_FILES: [&str; 6] =
    ["package.json", "package-lock.json", "audit.mjs", "introspect.mjs", "validate.mjs", "documents.json"];

/// The folder with the tests' peers: their pinned packages and what they must know of the server.
pub fn peers_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers")
}

/// The folder of programs of a Python environment with the packages that this file of [`peers_folder`] pins;
/// `None`, said aloud, where it can't be made.
pub fn python(name: &str, requirements: &str) -> Option<PathBuf> {
    let pinned = peers_folder().join(requirements);
    let install = |folder: &Path| {
        run(Command::new("python3").args(["-c", IS_USABLE]))
            .map_err(|_| "no python3 of version 3.10 or later with its venv module was found".to_owned())?;
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
        let mut pip = Command::new(folder.join("bin/python"));
        pip.args([
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--no-input",
            "install",
            "--quiet",
            "--no-deps",
        ]);
        run(pip.arg("--requirement").arg(&pinned))
    };
    Some(installed(name, &[requirements], install)?.join("bin"))
}

/// The folder with the programs for node and what npm installs for them; `None`, said aloud, where it can't
/// be made.
pub fn node() -> Option<PathBuf> {
    let install = |folder: &Path| {
        run(Command::new("node").arg("--version"))?;
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        for name in NODE_FILES {
            fs::copy(peers_folder().join(name), folder.join(name)).map_err(|error| error.to_string())?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
        run(npm.current_dir(folder))
    };
    installed("node", &NODE_FILES, install)
}

/// Runs one of the programs for node against a server.
pub fn run_node(folder: &Path, program: &str, url: &str, token: &str) -> Output {
    let mut command = Command::new("node");
    command.arg(program).current_dir(folder).env("GRANARY_URL", url).env("GRANARY_TOKEN", token);
    command.output().expect("node runs")
}

/// The folder in which everything that these files pin is installed.
fn installed(name: &str, pinned: &[&str], install: impl Fn(&Path) -> Result<(), String>) -> Option<PathBuf> {
    let mut hasher = Sha256::new();
    for file in pinned {
        hasher.update(fs::read(peers_folder().join(file)).expect("a file of the tests"));
    }
    let digest: String = hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let peers = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
    fs::create_dir_all(&peers).expect("cargo's folder for tests can be written");
    let folder = peers.join(format!("{name}-{digest}"));
    // Held until the end, so that two at once don't install into one another.
    let lock = File::create(peers.join(format!("{name}.lock"))).expect("a lock file");
    lock.lock().expect("the lock");
    if folder.join(COMPLETE).exists() {
        return Some(folder);
    }
    let done = install(&folder)
        .and_then(|()| fs::write(folder.join(COMPLETE), "").map_err(|error| error.to_string()));
    match done {
        Ok(()) => Some(folder),
        Err(why) => {
            say_skipped(name, &why);
            None
        }
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let Output { status, stderr, .. } =
        command.output().map_err(|error| format!("{command:?} can't be run: {error}"))?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{command:?} failed ({status}): {}", String::from_utf8_lossy(&stderr))),
    }
}

/// Fails where tools are required. Written past the test harness, which keeps a passing test's words to
/// itself.
pub(super) fn say_skipped(name: &str, why: &str) {
    let is_required = std::env::var(REQUIRE_VARIABLE).is_ok_and(|value| value == "1");
    assert!(!is_required, "{REQUIRE_VARIABLE}=1, but {why}");
    say(&format!("The tests by {name} are SKIPPED: {why}"));
}

/// Says a line past the test harness.
pub fn say(line: &str) {
    let _nobody_reads_it_then = writeln!(std::io::stderr(), "{line}");
}
