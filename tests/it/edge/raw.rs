//! HTTP written by hand, for requests that no client library would send.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(20);

/// An answer, read to its end.
#[derive(Debug)]
pub struct RawReply {
    /// HTTP status.
    pub status: u16,
    /// The head in lower case.
    pub head: String,
    /// The body as it came.
    pub text: String,
}

impl RawReply {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// `extensions.code` of the first error; empty where there is none.
    pub fn code(&self) -> String {
        self.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Sends a request of this method, path, headers and body, and reads the answer.
pub fn exchange(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> RawReply {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    let mut stream = connect(address);
    stream.write_all(head.as_bytes()).expect("the server reads the head");
    // A server that refuses may close before it has read everything.
    let _told_by_the_answer = stream.write_all(body);
    read_reply(stream)
}

/// Posts a JSON body.
pub fn post(address: SocketAddr, token: &str, body: &[u8]) -> RawReply {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    exchange(address, "POST", "/graphql", &headers, body)
}

/// A connection with a time-out.
pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(TIMEOUT)).expect("a time-out");
    stream.set_write_timeout(Some(TIMEOUT)).expect("a time-out");
    stream
}

/// Reads one answer of a connection that may go on.
pub fn read_one(stream: &mut impl Read) -> RawReply {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("the server answers");
        bytes.extend_from_slice(&byte);
    }
    let head = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
    let len = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; len.and_then(|len| len.parse().ok()).expect("a length")];
    stream.read_exact(&mut body).expect("all of the answer");
    RawReply { status, head, text: String::from_utf8_lossy(&body).into_owned() }
}

/// Reads an answer until the server closes.
pub fn read_reply(mut stream: TcpStream) -> RawReply {
    let mut bytes = Vec::new();
    // A reset after the answer doesn't take the answer away.
    let _what_came_counts = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
    RawReply { status, head: head.to_ascii_lowercase(), text: body.to_owned() }
}
