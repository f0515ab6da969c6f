//! The lines of a server's log on their way to standard error. Whoever logs never waits for whoever reads: where
//! the reader is gone, the disk is full or a pipe isn't read, lines are lost and counted, and nothing else happens.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::escape::escape_control;
use crate::http::LogCounts;

/// Bytes that may wait to be written: some thousand lines, so that a pause of whoever reads loses none.
const WAITING_BYTES_MAX: usize = 256 * 1024;

/// The lines that wait, and how many were lost.
pub(super) struct LogLines {
    waiting: Mutex<Waiting>,
    has_come: Condvar,
    is_written: Condvar,
    counts: Arc<LogCounts>,
}

#[derive(Default)]
struct Waiting {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Those that are being written wait no more.
    is_writing: bool,
}

impl LogLines {
    pub(super) fn new(counts: Arc<LogCounts>) -> Self {
        let (has_come, is_written) = (Condvar::new(), Condvar::new());
        Self { waiting: Mutex::default(), has_come, is_written, counts }
    }

    /// Lets a thread of its own write them. It ends with the process, wherever it stands.
    pub(super) fn write_to(self: &Arc<Self>, mut out: impl Write + Send + 'static) -> io::Result<()> {
        let lines = self.clone();
        let write = move || {
            loop {
                lines.write_waiting(&mut out);
            }
        };
        std::thread::Builder::new().name("log".to_owned()).spawn(write).map(drop)
    }

    /// Has a line written, its line end included, or loses it where too many wait.
    pub(super) fn push(&self, line: Vec<u8>) {
        let mut waiting = self.lock();
        if waiting.bytes + line.len() > WAITING_BYTES_MAX {
            self.counts.lose(1);
            return;
        }
        waiting.bytes += line.len();
        waiting.lines.push_back(line);
        self.has_come.notify_one();
    }

    /// Waits until all is written, but not for long: nobody may ever read it.
    pub(super) fn flush(&self, at_most: Duration) {
        let is_busy = |waiting: &mut Waiting| waiting.is_writing || !waiting.lines.is_empty();
        let _whether_or_not = self.is_written.wait_timeout_while(self.lock(), at_most, is_busy);
    }

    fn write_waiting(&self, out: &mut impl Write) {
        let is_idle = |waiting: &mut Waiting| waiting.lines.is_empty();
        let waiting = self.has_come.wait_while(self.lock(), is_idle);
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        let lines = std::mem::take(&mut waiting.lines);
        (waiting.bytes, waiting.is_writing) = (0, true);
        drop(waiting);
        for line in lines {
            if out.write_all(&line).is_err() {
                self.counts.lose(1);
            }
        }
        self.lock().is_writing = false;
        self.is_written.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where an event is written. It arrives in one call, with its line end.
#[derive(Clone)]
pub(super) struct EventWriter {
    /// A server's; any other command writes to standard error itself, and waits for its reader.
    pub(super) lines: Option<Arc<LogLines>>,
    /// Whether control characters are yet to be escaped.
    pub(super) escapes: bool,
}

impl Write for EventWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = if self.escapes {
            let text = String::from_utf8_lossy(bytes);
            format!("{}\n", escape_control(text.trim_end_matches('\n'), false)).into_bytes()
        } else {
            bytes.to_vec()
        };
        match &self.lines {
            Some(lines) => lines.push(line),
            None => io::stderr().write_all(&line)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Passes what it is given on, once it may.
    struct Gated {
        may: Receiver<bool>,
        out: Sender<Vec<u8>>,
    }

    impl Write for Gated {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !self.may.recv().unwrap_or(false) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.out.send(bytes.to_vec()).expect("the test reads");
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (Arc<LogLines>, Arc<LogCounts>, Sender<bool>, Receiver<Vec<u8>>) {
        let counts = Arc::new(LogCounts::default());
        let lines = Arc::new(LogLines::new(counts.clone()));
        let ((let_go, may), (out, written)) = (channel(), channel());
        lines.write_to(Gated { may, out }).expect("a thread");
        (lines, counts, let_go, written)
    }

    #[test]
    fn what_is_pushed_is_written_in_order_before_a_flush_ends() {
        let (lines, counts, let_go, written) = gated();
        for line in ["a\n", "b\n"] {
            lines.push(line.as_bytes().to_vec());
            let_go.send(true).expect("it writes");
        }
        lines.flush(Duration::from_secs(60));
        let all: Vec<Vec<u8>> = written.try_iter().collect();
        assert_eq!((all, counts.lost()), (vec![b"a\n".to_vec(), b"b\n".to_vec()], 0));
    }

    #[test]
    fn a_line_that_cannot_be_written_is_counted_and_the_next_one_is_tried() {
        let (lines, counts, let_go, written) = gated();
        for may in [false, true] {
            lines.push(format!("{may}\n").into_bytes());
            let_go.send(may).expect("it writes");
        }
        lines.flush(Duration::from_secs(60));
        assert_eq!((written.try_recv(), counts.lost()), (Ok(b"true\n".to_vec()), 1));
    }

    #[test]
    fn nobody_waits_for_a_reader_that_takes_nothing() {
        let (lines, counts, _let_go, _written) = gated();
        let kib = vec![b'x'; 1024];
        for _ in 0..2 * WAITING_BYTES_MAX / kib.len() + 10 {
            lines.push(kib.clone());
        }
        assert!(counts.lost() >= 10, "those that find no room are lost: {}", counts.lost());
        lines.flush(Duration::from_millis(1));
    }
}
