//! Programs written in Python that try the server from outside: pinned, in an environment of their own under
//! cargo's target folder, made once and found again by later runs.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sha2::{Digest, Sha256};

/// `1` where a missing Python, or one that can't install packages, is a failure.
const REQUIRE_VARIABLE: &str = "GRANARY_TEST_REQUIRE_TOOLS";
/// Succeeds where the version suffices and environments can be made; Debian ships the latter apart.
const IS_USABLE: &str = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))";
/// Written into an environment when everything is installed.
const COMPLETE: &str = "complete";

/// The folder with the tests' peers: their pinned packages and what they must know of the server.
pub fn peers_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers")
}

/// The folder of programs of an environment with the packages that this file of [`peers_folder`] pins;
/// `None`, said aloud, where it can't be made.
pub fn environment(name: &str, requirements: &str) -> Option<PathBuf> {
    let requirements = peers_folder().join(requirements);
    let pinned = fs::read(&requirements).expect("the pinned packages");
    let digest: String = Sha256::digest(&pinned).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let peers = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
    fs::create_dir_all(&peers).expect("cargo's folder for tests can be written");
    let folder = peers.join(format!("{name}-{digest}"));
    // Held until the end, so that two runs at once don't install into one another.
    let lock = File::create(peers.join(format!("{name}.lock"))).expect("a lock file");
    lock.lock().expect("the lock");
    if !folder.join(COMPLETE).exists()
        && let Err(why) = install(&folder, &requirements)
    {
        say_skipped(name, &why);
        return None;
    }
    Some(folder.join("bin"))
}

fn install(folder: &Path, requirements: &Path) -> Result<(), String> {
    run(Command::new("python3").args(["-c", IS_USABLE]))
        .map_err(|_| "no python3 of version 3.10 or later with its venv module was found".to_owned())?;
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet", "--no-deps"]);
    run(pip.arg("--requirement").arg(requirements))?;
    fs::write(folder.join(COMPLETE), "").map_err(|error| error.to_string())
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
fn say_skipped(name: &str, why: &str) {
    let is_required = std::env::var(REQUIRE_VARIABLE).is_ok_and(|value| value == "1");
    assert!(!is_required, "{REQUIRE_VARIABLE}=1, but {why}");
    let line = format!("The tests by {name} are SKIPPED: {why}");
    let _nobody_reads_it_then = writeln!(std::io::stderr(), "{line}");
}
