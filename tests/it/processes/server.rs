//! One `granary serve` on a port of its own, ended by its own id when the test ends, however it ends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::support::wait::wait_for;

/// A running (or ended, or frozen) server.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
    log: PathBuf,
    _open_until_dropped: BufReader<ChildStdout>,
}

impl Server {
    /// Starts a prepared `serve` and waits until it says where it listens. Its log goes to this file.
    pub fn start(command: Command, log: PathBuf) -> Self {
        Self::try_start(command, log).unwrap_or_else(|why| panic!("{why}"))
    }

    /// As [`Server::start`]; says why, where it ends before it listens.
    pub fn try_start(command: Command, log: PathBuf) -> Result<Self, String> {
        let log_file = fs::File::create(&log).expect("the scratch folder takes a log");
        Self::try_start_logging_to(log_file.into(), command, log)
    }

    /// As [`Server::try_start`], with a log that goes elsewhere than into its file.
    pub fn try_start_logging_to(stderr: Stdio, command: Command, log: PathBuf) -> Result<Self, String> {
        Starting::begin(stderr, command, log).listening()
    }

    /// Starts a prepared `demo` and reads what it prints until all of it is there.
    pub fn start_demo(mut command: Command, log: PathBuf, is_all: impl Fn(&str) -> bool) -> (Self, String) {
        let log_file = fs::File::create(&log).expect("the scratch folder takes a log");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log_file);
        let mut child = command.spawn().expect("the program starts");
        let mut out = BufReader::new(child.stdout.take().expect("its standard output"));
        let mut said = String::new();
        while !is_all(&said) {
            if out.read_line(&mut said).expect("text") == 0 {
                let status = child.wait();
                panic!("it ended ({status:?}) after {said:?}: {}", log_of(&log));
            }
        }
        let address = said.split_once("http://").and_then(|(_, rest)| rest.split_once('/'));
        let address = address.and_then(|(address, _)| address.parse().ok()).expect("an address");
        (Self { address, child, log, _open_until_dropped: out }, said)
    }

    /// Its number among the processes.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// As `kill -9`: no warning, nothing is flushed.
    pub fn kill(&mut self) {
        self.child.kill().expect("a process of ours can be killed");
        self.child.wait().expect("it is gone");
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Waits for it to end by itself.
    pub fn wait(&mut self, at_most: Duration) -> ExitStatus {
        wait_for("the server's end", at_most, || self.child.try_wait().expect("its status"))
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        log_of(&self.log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_in_any_case = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(30).collect();
            eprintln!("the end of the log of the server at {}:", self.address);
            tail.iter().rev().for_each(|line| eprintln!("  {line}"));
        }
    }
}

/// A server that may not listen yet.
pub struct Starting {
    child: Option<Child>,
    out: Option<BufReader<ChildStdout>>,
    log: PathBuf,
}

impl Starting {
    /// Starts a prepared `serve` and waits for nothing.
    pub fn begin(stderr: Stdio, mut command: Command, log: PathBuf) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let mut child = command.spawn().expect("the program starts");
        let out = BufReader::new(child.stdout.take().expect("its standard output"));
        Self { child: Some(child), out: Some(out), log }
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        log_of(&self.log)
    }

    /// Asks it to end, and waits until it has.
    pub fn terminate(mut self, at_most: Duration) -> ExitStatus {
        let child = self.child.as_mut().expect("it runs");
        signal(child, "TERM");
        wait_for("the server's end", at_most, || child.try_wait().expect("its status"))
    }

    /// Waits until it says where it listens; says why, where it ends before.
    pub fn listening(mut self) -> Result<Server, String> {
        let mut line = String::new();
        let read = self.out.as_mut().map(|out| out.read_line(&mut line));
        let address = line.trim().strip_prefix("listening on http").and_then(|rest| {
            let (_scheme, rest) = rest.split_once("://")?;
            let (address, _path) = rest.split_once('/')?;
            address.parse().ok()
        });
        let mut child = self.child.take().expect("it runs");
        let Some(address) = address else {
            let _gone_or_going = child.kill();
            let status = child.wait();
            return Err(format!("no address in {line:?} ({read:?}, {status:?}): {}", self.log()));
        };
        let out = self.out.take().expect("its standard output");
        Ok(Server { address, child, log: self.log.clone(), _open_until_dropped: out })
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _gone_already = child.kill();
            let _gone_in_any_case = child.wait();
        }
    }
}

fn signal(child: &Child, name: &str) {
    let command = format!("kill -{name} {}", child.id());
    let status = Command::new("sh").args(["-c", &command]).status().expect("sh runs");
    assert!(status.success(), "{command}");
}

fn log_of(path: &PathBuf) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
