//! The planted bugs stay bugs of the source as it is now: each patch fits, and says in its head what it breaks.
//! That the suite catches them is found out by `tests/planted/run`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::tools::find_tool;

/// Lines that the table of bugs is made of, and the one that says who should catch it.
const HEAD: [&str; 4] = ["Bug: ", "Breaks: ", "Back ends: ", "Expected: "];

/// The patches, by name.
fn patches() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/planted");
    let entries = fs::read_dir(folder).expect("the planted bugs are there");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut patches: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "patch")).collect();
    patches.sort();
    patches
}

#[test]
fn every_planted_bug_can_still_be_planted() {
    let Some(git) = find_tool("git") else { return };
    let patches = patches();
    assert!(patches.len() >= 28, "{patches:?}");
    for patch in patches {
        let mut check = Command::new(&git);
        // As if there were no repository, so that paths are taken as they stand.
        check.args(["apply", "--check"]).arg(&patch).env("GIT_DIR", "/dev/null");
        let output = check.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("git runs");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} no longer fits the source: {words}", patch.display());
    }
}

#[test]
fn every_planted_bug_says_what_it_breaks_and_what_should_catch_it() {
    for patch in patches() {
        let text = fs::read_to_string(&patch).expect("a patch is text");
        let (head, _) = text.split_once("\ndiff --git ").expect("a patch in git's format");
        for name in HEAD {
            let count = head.lines().filter(|line| line.starts_with(name)).count();
            assert_eq!(count, 1, "{} has {count} lines that begin with {name:?}", patch.display());
        }
    }
}
