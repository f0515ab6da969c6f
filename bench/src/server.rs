//! A server that is measured: started on a free loopback port, asked over HTTP, and stopped when
//! dropped.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, bail};

use crate::process;

/// A running server.
pub struct Server {
    child: Child,
    address: String,
    /// Held, so that what it prints later doesn't fail.
    _output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts it and waits until it says that it is listening. `command` is told the port.
    pub fn start(log: &Path, command: impl FnOnce(u16) -> Command) -> anyhow::Result<Self> {
        let port = free_port()?;
        let mut command = command(port);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(log)?);
        let mut child = command.spawn().with_context(|| format!("{command:?}"))?;
        let output = child.stdout.take().context("the server's output")?;
        let mut server =
            Self { child, address: format!("127.0.0.1:{port}"), _output: BufReader::new(output) };
        let mut line = String::new();
        while !line.contains("listening") {
            line.clear();
            if server._output.read_line(&mut line)? == 0 {
                let said = std::fs::read_to_string(log).unwrap_or_default();
                bail!("{command:?} ended before it listened: {said}");
            }
        }
        Ok(server)
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Where its GraphQL is.
    pub fn url(&self) -> String {
        format!("http://{}/graphql", self.address)
    }

    /// Its process.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Stops it; it must end well.
    pub fn stop(mut self) -> anyhow::Result<()> {
        process::stop(&mut self.child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = process::stop(&mut self.child) {
            eprintln!("a server did not stop: {error:#}");
        }
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
