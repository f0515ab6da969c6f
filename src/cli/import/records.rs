//! Cuts a CSV file into records in bounded memory, without decoding them: commas, quotes and line
//! ends are the same bytes in UTF-8 and in GBK. It knows the physical line of every record, also
//! behind quoted line breaks, and never gives a file up because of one bad line.

use std::collections::VecDeque;
use std::io::{self, BufRead};

/// Bytes of one record.
pub(super) const RECORD_LEN_MAX: usize = 64 * 1_024;
/// Physical lines of one record. A quote that was opened by mistake swallows no more than this.
const RECORD_LINES_MAX: usize = 100;
/// Bytes of a record too long that are kept to show it.
const SHOWN_LEN: usize = 200;

/// A record that could be cut out, or what of it could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RawRecord {
    /// Physical line it starts in, from 1.
    pub(super) line: u64,
    /// Its bytes, without the line end.
    pub(super) bytes: Vec<u8>,
    /// Why it can't be read.
    pub(super) fault: Option<&'static str>,
}

const TOO_LONG: &str = "the line is longer than 65536 bytes";
const UNCLOSED: &str = "a quote is opened and not closed";

/// Where in a record the cutter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    FieldStart,
    Plain,
    Quoted,
    QuoteInQuoted,
}

impl Place {
    fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::FieldStart, b'"') | (Self::QuoteInQuoted, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::QuoteInQuoted,
            (Self::Quoted, _) => Self::Quoted,
            (_, b',') => Self::FieldStart,
            (_, _) => Self::Plain,
        }
    }
}

/// The records of one file.
pub(super) struct Records<R> {
    input: R,
    /// Physical lines that were read ahead for a quote that never closed.
    ahead: VecDeque<PhysicalLine>,
    line: u64,
    bytes_read: u64,
    /// The byte that ends lines.
    line_end: u8,
}

/// A physical line without its line end; of one too long only the head.
struct PhysicalLine {
    bytes: Vec<u8>,
    is_too_long: bool,
}

impl<R: BufRead> Records<R> {
    /// Lines end as the first one does: by a line feed, with or without a carriage return before it, or by a carriage
    /// return alone.
    pub(super) fn new(mut input: R) -> io::Result<Self> {
        let head = input.fill_buf()?;
        let first_end = head.iter().position(|byte| [b'\n', b'\r'].contains(byte));
        let line_end = match first_end.map(|place| &head[place..]) {
            Some([b'\r', next, ..]) if *next != b'\n' => b'\r',
            Some([b'\r']) => b'\r',
            _ => b'\n',
        };
        Ok(Self { input, ahead: VecDeque::new(), line: 0, bytes_read: 0, line_end })
    }

    /// The byte that ends lines.
    pub(super) fn line_end(&self) -> u8 {
        self.line_end
    }

    /// Bytes read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// What has been read from the file and not yet cut, to judge its encoding by.
    pub(super) fn peek(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    /// The next record that isn't an empty line.
    pub(super) fn next(&mut self) -> io::Result<Option<RawRecord>> {
        while let Some(first) = self.next_line()? {
            if !first.bytes.is_empty() {
                return self.finish(first).map(Some);
            }
        }
        Ok(None)
    }

    fn finish(&mut self, first: PhysicalLine) -> io::Result<RawRecord> {
        let line = self.line;
        if first.is_too_long {
            return Ok(RawRecord { line, bytes: first.bytes, fault: Some(TOO_LONG) });
        }
        let mut place = first.bytes.iter().fold(Place::FieldStart, |place, byte| place.after(*byte));
        let mut bytes = first.bytes;
        let first_len = bytes.len();
        let mut more = Vec::new();
        while place == Place::Quoted {
            let next = if more.len() + 1 < RECORD_LINES_MAX { self.next_line()? } else { None };
            let is_usable =
                |next: &PhysicalLine| !next.is_too_long && bytes.len() + next.bytes.len() < RECORD_LEN_MAX;
            match next {
                Some(next) if is_usable(&next) => {
                    bytes.push(b'\n');
                    bytes.extend_from_slice(&next.bytes);
                    place = next.bytes.iter().fold(place, |place, byte| place.after(*byte));
                    more.push(next);
                }
                next => {
                    self.give_back(more.into_iter().chain(next));
                    bytes.truncate(first_len);
                    return Ok(RawRecord { line, bytes, fault: Some(UNCLOSED) });
                }
            }
        }
        Ok(RawRecord { line, bytes, fault: None })
    }

    /// The quote was a slip: the lines behind it are records of their own.
    fn give_back(&mut self, lines: impl Iterator<Item = PhysicalLine>) {
        let lines: Vec<PhysicalLine> = lines.collect();
        self.line -= lines.len() as u64;
        for line in lines.into_iter().rev() {
            self.ahead.push_front(line);
        }
    }

    fn next_line(&mut self) -> io::Result<Option<PhysicalLine>> {
        let next = match self.ahead.pop_front() {
            Some(ahead) => Some(ahead),
            None => self.read_line()?,
        };
        self.line += u64::from(next.is_some());
        Ok(next)
    }

    fn read_line(&mut self) -> io::Result<Option<PhysicalLine>> {
        let mut line = PhysicalLine { bytes: Vec::new(), is_too_long: false };
        let before = self.bytes_read;
        loop {
            let buffer = self.input.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == self.line_end);
            let piece = &buffer[..end.unwrap_or(buffer.len())];
            line.is_too_long |= line.bytes.len() + piece.len() > RECORD_LEN_MAX;
            if !line.is_too_long {
                line.bytes.extend_from_slice(piece);
            }
            let used = piece.len() + usize::from(end.is_some());
            self.bytes_read += used as u64;
            self.input.consume(used);
            if end.is_some() || used == 0 {
                break;
            }
        }
        if line.is_too_long {
            line.bytes.truncate(SHOWN_LEN);
        } else if line.bytes.last() == Some(&b'\r') {
            line.bytes.pop();
        }
        Ok((self.bytes_read > before).then_some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<(u64, String, Option<&'static str>)> {
        let mut records =
            Records::new(io::BufReader::with_capacity(7, text.as_bytes())).expect("memory is read");
        let mut all = Vec::new();
        while let Some(record) = records.next().expect("no I/O error in memory") {
            all.push((record.line, String::from_utf8(record.bytes).expect("UTF-8"), record.fault));
        }
        all
    }

    #[test]
    fn lines_are_counted_as_an_editor_shows_them() {
        let text = "a,b\r\n\r\n1,\"x\n\ny\"\n2,z\"q\n3";
        let expected = [(1, "a,b"), (3, "1,\"x\n\ny\""), (6, "2,z\"q"), (7, "3")];
        assert_eq!(cut(text), expected.map(|(line, text)| (line, text.to_owned(), None)));
    }

    #[test]
    fn a_carriage_return_alone_ends_lines_where_it_ends_the_first() {
        let expected =
            [(1, "a,b"), (2, "1,\"x\ny\""), (4, "2,z")].map(|(line, text)| (line, text.to_owned(), None));
        assert_eq!(cut("a,b\r1,\"x\ry\"\r2,z\r"), expected);
        assert_eq!(cut("a,b\r"), [(1, "a,b".to_owned(), None)]);
        assert_eq!(cut("a\n1\r2\n"), [(1, "a".to_owned(), None), (2, "1\r2".to_owned(), None)]);
    }

    #[test]
    fn a_quote_opened_by_mistake_costs_its_own_line_only() {
        let expected = [(1, "1,\"x", Some(UNCLOSED)), (2, "2,y", None), (3, "3,z", None)];
        let expected = expected.map(|(line, text, fault)| (line, text.to_owned(), fault));
        assert_eq!(cut("1,\"x\n2,y\n3,z\n"), expected);
        let long = format!("1,\"x\n2,y\n{}", "3,z\n".repeat(300));
        let records = cut(&long);
        assert_eq!(records.len(), 302);
        assert_eq!(records[301], (302, "3,z".to_owned(), None));
    }

    #[test]
    fn an_enormous_line_is_passed_over_and_shown_by_its_head() {
        let records = cut(&format!("1,a\n{}\n2,b\n", "9".repeat(3 * RECORD_LEN_MAX)));
        assert_eq!(records[1], (2, "9".repeat(SHOWN_LEN), Some(TOO_LONG)));
        assert_eq!(records[2], (3, "2,b".to_owned(), None));
    }
}
