//! A client that sends one request after another on one connection and waits: for batches.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::open::answer_len;
use crate::tally::Said;

/// Longer than a server may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Pause after BUSY.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection that is kept.
pub struct Client(TcpStream);

impl Client {
    /// Connects.
    pub fn connect(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        Ok(Self(stream))
    }

    /// Sends a request and returns the whole answer.
    pub fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Vec<u8>> {
        self.0.write_all(request)?;
        let (mut answer, mut part) = (Vec::new(), vec![0; 64 * 1_024]);
        loop {
            let len = self.0.read(&mut part)?;
            if len == 0 {
                bail!("the server hung up");
            }
            answer.extend_from_slice(part.get(..len).unwrap_or_default());
            if answer_len(&answer).is_some_and(|len| answer.len() >= len) {
                return Ok(answer);
            }
        }
    }

    /// Sends a request, again and again while the server is busy, and returns the answer's text.
    /// `is_over` is asked before each try; `None` once it is.
    pub fn insist(&mut self, request: &[u8], is_over: impl Fn() -> bool) -> anyhow::Result<Option<String>> {
        while !is_over() {
            let answer = self.exchange(request)?;
            match Said::of(&answer) {
                Said::Done => return Ok(Some(String::from_utf8(answer).context("an answer in UTF-8")?)),
                Said::Busy => std::thread::sleep(PAUSE),
                _ => bail!("unexpected answer {}", String::from_utf8_lossy(&answer)),
            }
        }
        Ok(None)
    }
}
