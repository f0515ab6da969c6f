//! Requests on connections of their own, by the hundred: each client here may lose patience or vanish.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How an answer begins that turns the request away.
pub const BUSY: &str = "HTTP/1.1 503";
/// What only the answer to a posted payment holds.
pub const POSTED: &str = "\"payment\":{";

/// A request that posts one payment and asks for its connection to be closed.
pub fn post_request(token: &str, input: &Value) -> Vec<u8> {
    let query =
        "mutation($input: PaymentPostInput!) { paymentPost(input: $input) { replayed payment { id } } }";
    let body = json!({ "query": query, "variables": { "input": input } }).to_string();
    format!(
        "POST /graphql HTTP/1.1\r\nHost: granary\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends a request on a new connection.
pub async fn send(address: SocketAddr, request: &[u8]) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    Ok(stream)
}

/// Sends a request on a new connection and reads the whole answer.
pub async fn exchange(address: SocketAddr, request: &[u8]) -> std::io::Result<String> {
    let mut stream = send(address, request).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    match answer.is_empty() {
        true => Err(Error::from(ErrorKind::UnexpectedEof)),
        false => Ok(String::from_utf8_lossy(&answer).into_owned()),
    }
}
