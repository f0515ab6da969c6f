//! What is locked is compared with the dated list of advisories, and no advisory that concerns it goes unnoticed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::tools::find_tool;

const LIST: &str = r#"{"as_of": "AS_OF", "source": "a test", "crates": ["alpha", "beta"], "advisories": [
    {"id": "RUSTSEC-2026-0001", "crate": "alpha", "kind": "vulnerability", "title": "It forgets.",
     "patched": ["^0.3.4", ">= 1.2.0"], "unaffected": ["< 0.3.0"]},
    {"id": "RUSTSEC-2026-0002", "crate": "beta", "kind": "unmaintained", "title": "Nobody looks after it.",
     "patched": [], "unaffected": ["< 2.0.0-rc.3"]}]}"#;
const RECENT: &str = "9999-01-01";

/// The check, in a folder of its own.
struct Trial {
    python: PathBuf,
    folder: tempfile::TempDir,
}

impl Trial {
    /// None, said aloud, without Python.
    fn new() -> Option<Self> {
        let (python, folder) = (find_tool("python3")?, tempfile::tempdir().expect("a folder"));
        Some(Self { python, folder })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/advisories"));
        command
    }

    /// Whether crates may be locked, and what is said of it.
    fn check(&self, as_of: &str, accepted: &str, locked: &[(&str, &str)]) -> (bool, String) {
        let put = |name: &str, text: String| {
            let path = self.folder.path().join(name);
            fs::write(&path, text).expect("it can be written");
            path
        };
        let block = |(name, version): &(&str, &str)| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry\"\n\n")
        };
        let list = put("list", LIST.replace("AS_OF", as_of));
        let accepted = put("accepted", accepted.to_owned());
        let lock = put("lock", locked.iter().map(block).collect());
        said(self.command().arg("--list").arg(list).arg("--accepted").arg(accepted).arg(lock))
    }
}

fn said(command: &mut Command) -> (bool, String) {
    let output = command.output().expect("python runs");
    let words = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&words).into_owned())
}

#[test]
fn no_advisory_concerns_what_granary_locks() {
    let Some(trial) = Trial::new() else { return };
    let (is_well, words) = said(&mut trial.command());
    assert!(is_well, "{words}");
}

#[test]
fn a_locked_version_that_is_affected_is_refused_unless_accepted() {
    let Some(trial) = Trial::new() else { return };
    let cases = [
        ("alpha", "0.2.9", true),
        ("alpha", "0.3.0", false),
        ("alpha", "0.3.3+more", false),
        ("alpha", "0.3.4", true),
        ("alpha", "0.3.40", true),
        ("alpha", "0.4.0", false),
        ("alpha", "1.1.9", false),
        ("alpha", "1.2.0-rc.1", false),
        ("alpha", "1.2.0", true),
        ("alpha", "1.10.0", true),
        ("beta", "1.9.0", true),
        ("beta", "2.0.0-rc.2", true),
        ("beta", "2.0.0-rc.10", false),
        ("beta", "2.0.0", false),
    ];
    for (name, version, is_sound) in cases {
        let (is_well, words) = trial.check(RECENT, "", &[(name, version)]);
        assert_eq!(is_well, is_sound, "{name} {version}: {words}");
        assert!(is_sound || words.contains(&format!("{name} {version} is affected")), "{words}");
    }
    let accepted = "# Why not.\nRUSTSEC-2026-0001 alpha 1.1.9 What it forgets is never asked for here.\n";
    assert!(trial.check(RECENT, accepted, &[("alpha", "1.1.9")]).0);
    assert!(!trial.check(RECENT, accepted, &[("alpha", "1.1.8")]).0, "that version alone was looked at");
    assert!(
        !trial.check(RECENT, accepted, &[("alpha", "1.2.0")]).0,
        "what nobody needs any more is taken out"
    );
    assert!(
        !trial.check(RECENT, "RUSTSEC-2026-0001 alpha 1.1.9", &[("alpha", "1.1.9")]).0,
        "without a reason"
    );
}

#[test]
fn a_crate_that_the_list_was_not_made_for_is_refused_and_an_old_list_warned_of() {
    let Some(trial) = Trial::new() else { return };
    let (is_well, words) = trial.check(RECENT, "", &[("alpha", "1.2.0"), ("gamma", "1.0.0")]);
    assert!(!is_well && words.contains("gamma"), "{words}");
    let (is_well, words) = trial.check("2020-01-01", "", &[("alpha", "1.2.0")]);
    assert!(is_well && words.contains("warning: the list is of 2020-01-01"), "{words}");
    assert!(!trial.check(RECENT, "", &[("alpha", "1.2.0")]).1.contains("warning"));
}
