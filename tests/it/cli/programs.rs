//! The programs beside the program: what is handed out, and what the bench writes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::Desk;
use crate::support::tools::find_tool;

fn in_checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn succeeds(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    text(&output.stdout)
}

#[test]
fn a_released_program_is_small_and_finds_its_symbols_beside_it() {
    let tools = ["objcopy", "nm", "addr2line"].map(find_tool);
    let [Some(_), Some(nm), Some(addr2line)] = tools else { return };
    let desk = Desk::new();
    let built = Path::new(env!("CARGO_BIN_EXE_granary"));
    let mut release = Command::new(in_checkout("deploy/release"));
    succeeds(release.arg("--split").arg(built).arg(desk.path("out")).output().expect("bash runs"));
    let (program, symbols) = (desk.path("out/granary"), desk.path("out/granary.debug"));
    let len = |path: &Path| std::fs::metadata(path).expect("a file").len();
    assert!(len(&program) < len(built) / 2, "{} of {} bytes", len(&program), len(built));
    succeeds(Command::new(&program).arg("--version").output().expect("it runs"));
    let names = succeeds(Command::new(nm).arg("--demangle").arg(&symbols).output().expect("nm runs"));
    let address = names.lines().find(|line| line.contains("granary::cli::run")).expect("a function of ours");
    let address = address.split(' ').next().unwrap_or_default();
    let mut command = Command::new(addr2line);
    let place = succeeds(command.arg("-e").arg(&program).arg(address).output().expect("addr2line runs"));
    assert!(place.contains("src/cli/mod.rs:"), "{place}");
}

#[test]
fn the_bench_makes_its_folder_before_all_else_or_fails() {
    let desk = Desk::new();
    // Enough to begin with, and nothing that could build, install or measure.
    std::fs::create_dir(desk.path("bin")).expect("a folder");
    for name in ["bash", "dirname", "mkdir", "id", "env", "rm"] {
        let Some(tool) = find_tool(name) else { return };
        std::os::unix::fs::symlink(tool, desk.path("bin").join(name)).expect("a link");
    }
    let bench = |out: &str| {
        let mut command = Command::new(in_checkout("bench/run"));
        command.env("PATH", desk.path("bin")).env("CARGO_TARGET_DIR", desk.path("target"));
        command.current_dir(desk.path("")).args(["w1", "--out", out]).output().expect("bash runs")
    };
    let output = bench("new/folder");
    assert!(!output.status.success() && text(&output.stderr).contains("bench/run needs"), "{output:?}");
    assert!(desk.path("new/folder").is_dir(), "{output:?}");
    desk.write("file", "");
    let output = bench("file/folder");
    assert!(!output.status.success(), "{output:?}");
    assert!(text(&output.stderr).contains("--out: file/folder can't be written to"), "{output:?}");
    assert!(!text(&output.stderr).contains("bench/run needs"), "{output:?}");
}
