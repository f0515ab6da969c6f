//! A closed-loop generator: so many connections, each sending its next request when the last is
//! answered. One thread, so that it leaves the processors to what is measured.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a run made.
pub struct Run {
    /// Answers per second.
    pub per_second: f64,
    /// Median time of an answer.
    pub p50: Duration,
    /// Time of the slowest of a hundred.
    pub p99: Duration,
    /// Answers in all.
    pub answers: u64,
}

/// Sends `body(n)`, n = 0, 1, 2 …, over `connections` for `duration`. Every answer must be status 200
/// and hold `expected`.
pub fn run(
    address: &str,
    token: &str,
    connections: usize,
    duration: Duration,
    expected: &str,
    body: impl FnMut() -> String + 'static,
) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let started = Instant::now();
    let deadline = started + duration;
    let mut times: Vec<Duration> = runtime.block_on(async {
        let local = tokio::task::LocalSet::new();
        let next = std::rc::Rc::new(std::cell::RefCell::new(body));
        let handles: Vec<_> = (0..connections)
            .map(|_| {
                let (address, token, expected) = (address.to_owned(), token.to_owned(), expected.to_owned());
                let next = next.clone();
                local.spawn_local(async move { client(&address, &token, deadline, &expected, &next).await })
            })
            .collect();
        let mut times = Vec::new();
        local
            .run_until(async {
                for handle in handles {
                    times.extend(handle.await.expect("a client ends well"));
                }
            })
            .await;
        times
    });
    let elapsed = started.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    Run { per_second: times.len() as f64 / elapsed, p50: at(0.5), p99: at(0.99), answers: times.len() as u64 }
}

async fn client(
    address: &str,
    token: &str,
    deadline: Instant,
    expected: &str,
    next: &std::cell::RefCell<impl FnMut() -> String>,
) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("a socket");
    let mut times = Vec::new();
    let mut answer = Vec::with_capacity(4_096);
    while Instant::now() < deadline {
        let body = (next.borrow_mut())();
        let request = format!(
            "POST /graphql HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let sent = Instant::now();
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        read_answer(&mut stream, &mut answer).await;
        times.push(sent.elapsed());
        let text = String::from_utf8_lossy(&answer);
        assert!(text.starts_with("HTTP/1.1 200") && text.contains(expected), "{text}");
    }
    times
}

async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) {
    answer.clear();
    loop {
        let read = stream.read_buf(answer).await.expect("the server answers");
        assert!(read > 0, "the server hung up");
        let Some(head_len) = answer.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
        else {
            continue;
        };
        let head = String::from_utf8_lossy(&answer[..head_len]).to_ascii_lowercase();
        let body_len =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
        if answer.len() >= head_len + body_len.expect("a content length") {
            return;
        }
    }
}
