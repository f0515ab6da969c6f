//! `granary demo`, and what a first hour meets: commands that work as they are printed, a port that is taken, a folder
//! that takes no file.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;

use super::{Desk, Run};
use crate::processes::server::Server;
use crate::support::tools::find_tool;
use crate::support::wait::wait_for;

const SECRET: (&str, &str) = ("GRANARY_JWT_SECRET", "0123456789abcdef0123456789abcdef");
/// Commands that the demo prints.
const COMMANDS: usize = 7;
/// No command that fails takes so long.
const WITHIN: Duration = Duration::from_secs(60);

/// `demo` in this folder on a port of its own.
fn demo(desk: &Desk) -> Command {
    let mut command = desk.command(&["demo", "--listen", "127.0.0.1:0"]);
    command.env_remove("GRANARY_ADMIN_LISTEN");
    command
}

/// Starts a demo and returns it with all that it printed.
fn start(desk: &Desk, command: Command) -> (Server, String) {
    Server::start_demo(command, desk.path("demo.log"), |said| {
        said.matches("\n  -d '").count() == COMMANDS && said.ends_with('\n')
    })
}

/// Every `curl` that was printed, with the line above it, run by a shell as it stands.
fn run_commands(said: &str) -> Vec<(String, Output)> {
    let blocks: Vec<&str> = said.split("\n\n").filter(|block| block.contains("curl ")).collect();
    let run = |block: &&str| {
        let title = block.lines().next().unwrap_or_default().to_owned();
        (title, Command::new("sh").args(["-c", block]).output().expect("sh runs"))
    };
    blocks.iter().map(run).collect()
}

#[test]
fn every_command_works_as_soon_as_it_is_printed() {
    if find_tool("curl").is_none() {
        return;
    }
    let desk = Desk::new();
    for run in ["a new file", "the same again"] {
        let (server, said) = start(&desk, demo(&desk));
        let ran = run_commands(&said);
        assert_eq!(ran.len(), COMMANDS, "{said}");
        for (title, output) in &ran {
            let answer: Value = serde_json::from_slice(&output.stdout)
                .unwrap_or_else(|error| panic!("{run}: {title}: {error}: {output:?}"));
            assert!(answer.get("errors").is_none(), "{run}: {title}: {answer}");
            let refused = answer.to_string().contains("\"code\":\"ACCOUNT_NOT_FOUND\"");
            assert!(!refused && !answer.to_string().contains("\"data\":null"), "{run}: {title}: {answer}");
        }
        let all = ran.iter().map(|(_, output)| String::from_utf8_lossy(&output.stdout)).collect::<String>();
        for words in ["\"toSuspense\":\"20.00\"", "\"kind\":\"ACCOUNT_NOT_FOUND\"", "\"replayed\":true"] {
            assert!(all.contains(words), "{run}: {words} is not in {all}");
        }
        drop(server);
    }
}

#[test]
fn it_says_how_the_secret_is_kept() {
    let desk = Desk::new();
    let (_server, said) = start(&desk, demo(&desk));
    assert!(said.contains("their secret was made for this run"), "{said}");
    drop(_server);
    let mut command = demo(&desk);
    command.env(SECRET.0, SECRET.1);
    let (_server, said) = start(&desk, command);
    assert!(said.contains("signed with your secret"), "{said}");
}

#[test]
fn an_address_that_is_taken_is_named_with_the_way_out() {
    let desk = Desk::migrated();
    let holder = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let taken = holder.local_addr().expect("its number").to_string();
    let words = format!("{taken} is taken");
    for arguments in [&["serve", "--listen", &taken][..], &["demo", "--listen", &taken]] {
        let run = desk.run_with(arguments, &[SECRET]);
        assert!(run.err.contains("--listen ADDR:PORT"), "{run:?}");
        assert!(run.err.contains("ss -ltnp"), "{run:?}");
        run.fails(1, &words);
    }
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["demo", "--listen", "127.0.0.1:0"]] {
        let run = desk.run_with(arguments, &[SECRET, ("GRANARY_ADMIN_LISTEN", &taken)]);
        assert!(run.err.contains("GRANARY_ADMIN_LISTEN"), "{run:?}");
        run.fails(1, &words);
    }
    // An address of nobody's here.
    for command in ["serve", "demo"] {
        desk.run_with(&[command, "--listen", "192.0.2.1:8080"], &[SECRET])
            .fails(1, "192.0.2.1:8080 can't be listened on");
    }
    let untouched = Desk::new();
    untouched.run_with(&["demo", "--listen", &taken], &[SECRET]).fails(1, &words);
    assert!(!untouched.path("granary.db").exists(), "nothing is loaded before that is known");
}

#[test]
fn a_file_that_cannot_be_created_is_named() {
    let desk = Desk::new();
    for arguments in [&["migrate"][..], &["demo", "--listen", "127.0.0.1:0"]] {
        let run = desk.run_with(arguments, &[SECRET, ("DATABASE_URL", "sqlite://absent/granary.db")]);
        run.fails(1, "absent/granary.db: the file can't be created: the folder absent isn't there");
    }
    desk.write("file", "");
    desk.run(&["migrate", "--database-url", "sqlite://file/granary.db"])
        .fails(1, "the folder file is no folder");
}

#[test]
fn a_folder_that_takes_no_file_is_named_with_the_file() {
    let desk = Desk::new();
    std::fs::set_permissions(desk.path(""), std::fs::Permissions::from_mode(0o555)).expect("our folder");
    for arguments in [&["migrate"][..], &["demo", "--listen", "127.0.0.1:0"]] {
        let Some(run) = as_stranger(&desk, arguments) else { return };
        run.fails(1, "SQLite granary.db: the file can't be created: the folder . may not be written to");
    }
    std::fs::set_permissions(desk.path(""), std::fs::Permissions::from_mode(0o755)).expect("our folder");
    desk.run(&["migrate"]).succeeds();
    std::fs::set_permissions(desk.path("granary.db"), std::fs::Permissions::from_mode(0o666))
        .expect("our file");
    std::fs::set_permissions(desk.path(""), std::fs::Permissions::from_mode(0o555)).expect("our folder");
    for arguments in [&["migrate"][..], &["channel", "list"], &["audit"], &["revoke", "--sub", "x"]] {
        let Some(run) = as_stranger(&desk, arguments) else { return };
        run.fails(1, "granary.db-wal and granary.db-shm can't be created beside it: the folder .");
    }
    let Some(run) = as_stranger(&desk, &["serve", "--listen", "127.0.0.1:0"]) else { return };
    run.fails(1, "granary.db.serve-lock");
    std::fs::set_permissions(desk.path("granary.db"), std::fs::Permissions::from_mode(0o444))
        .expect("our file");
    let Some(run) = as_stranger(&desk, &["migrate"]) else { return };
    run.fails(1, "the file can't be written to: it may not be written to by this user");
}

/// Runs the program as somebody who owns nothing here: root may write everywhere.
fn as_stranger(desk: &Desk, arguments: &[&str]) -> Option<Run> {
    let setpriv = find_tool("setpriv")?;
    let own = desk.command(arguments);
    let mut command = Command::new(setpriv);
    command.args(["--reuid=65534", "--clear-groups", "--"]).arg(own.get_program()).args(own.get_args());
    command.env(SECRET.0, SECRET.1).env_remove("DATABASE_URL").current_dir(desk.path(""));
    let mut child = command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("setpriv starts");
    wait_for("its end", WITHIN, || child.try_wait().expect("its status"));
    Some(Run::of(child.wait_with_output().expect("its output")))
}
