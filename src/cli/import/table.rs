//! A CSV file as a table: columns found by name, fields as text, and for each bad line the reason.

use std::io::{self, BufReader, Chain, Cursor, Read};

use anyhow::{Context, bail};

use super::encoding::{Encoding, UTF8_MARK, may_be_gbk};
use super::foreign::foreign;
use super::records::{RawRecord, Records};
use super::source::Source;

/// Bytes read at once; also the block by which the encoding is judged.
const BLOCK_LEN: usize = 64 * 1_024;
/// Separators that files have instead of commas.
const SEPARATORS: [(char, &str); 4] =
    [('\t', "tabs"), (';', "semicolons"), ('，', "full-width commas"), ('|', "strokes")];

/// Why a line can't go in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reason {
    /// The column it is about; empty where it is the line as a whole.
    pub(super) column: &'static str,
    /// In words.
    pub(super) text: String,
}

impl Reason {
    pub(super) fn of_column(column: &'static str, text: impl Into<String>) -> Self {
        Self { column, text: text.into() }
    }
}

/// All that is wrong with a line.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) all: Vec<Reason>,
}

impl Faults {
    /// What was read, or nothing, and the reason is kept.
    pub(super) fn keep<T>(&mut self, read: Result<T, Reason>) -> Option<T> {
        read.map_err(|reason| self.all.push(reason)).ok()
    }
}

/// A line of the table.
#[derive(Debug)]
pub(super) struct Row {
    /// Physical line it starts in, from 1.
    pub(super) line: u64,
    /// Its fields as they stand in the file.
    pub(super) fields: Vec<String>,
    /// What is wrong with the line as a whole.
    pub(super) fault: Option<Reason>,
}

/// An open file whose header is read and found right.
pub(super) struct Table {
    /// As named on the command line.
    pub(super) source: Source,
    /// Length in bytes, where it is known.
    pub(super) len: Option<u64>,
    /// The header as it stands in the file.
    pub(super) header: Vec<String>,
    columns: &'static [&'static str],
    /// Place in a line of each of `columns`.
    places: Vec<usize>,
    records: Records<Input>,
    encoding: Option<Encoding>,
    /// Whether all that isn't plain ASCII may be GBK though it was read as UTF-8; none while there is no such line, or
    /// where somebody has said what it is.
    may_be_gbk: Option<bool>,
    is_encoding_said: bool,
}

/// The first block is read whole, however little a pipe gives at once: the rest is judged by it.
type Input = BufReader<Chain<Cursor<Vec<u8>>, Box<dyn Read>>>;

fn input(mut rest: Box<dyn Read>) -> io::Result<(Vec<u8>, Input)> {
    let mut head = Vec::new();
    rest.by_ref().take(BLOCK_LEN as u64).read_to_end(&mut head)?;
    let whole = Cursor::new(head.clone()).chain(rest);
    Ok((head, BufReader::with_capacity(BLOCK_LEN, whole)))
}

impl Table {
    /// Opens a file and reads its header.
    pub(super) fn open(
        source: Source,
        columns: &'static [&'static str],
        said: Option<Encoding>,
    ) -> anyhow::Result<Self> {
        let (rest, len) = source.open()?;
        let (head, input) = input(rest)?;
        if let Some(words) = foreign(&head) {
            bail!(words);
        }
        let mut records = Records::new(input)?;
        let mut first = records.next()?.context("it is empty; a header row is required")?;
        let has_mark = first.bytes.starts_with(UTF8_MARK);
        if has_mark {
            first.bytes.drain(..UTF8_MARK.len());
        }
        let mut encoding = said.or(has_mark.then_some(Encoding::Utf8));
        let is_encoding_said = encoding.is_some();
        if !is_encoding_said && !first.bytes.is_ascii() {
            let line_end = records.line_end();
            encoding = Encoding::judge(&first.bytes, records.peek()?, line_end);
        }
        let header = header_fields(&first, encoding)?;
        let places = places(&header, columns)?;
        let may_be_gbk = None;
        Ok(Self { source, len, header, columns, places, records, encoding, may_be_gbk, is_encoding_said })
    }

    /// What the file was found to be in; none while all is plain ASCII.
    pub(super) fn encoding(&self) -> Option<Encoding> {
        self.encoding
    }

    /// Whether the file was taken for UTF-8 and may as well be GBK.
    pub(super) fn may_be_gbk(&self) -> bool {
        self.may_be_gbk == Some(true)
    }

    /// Bytes read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.records.bytes_read()
    }

    /// The next line that says anything; spreadsheets write lines of commas alone.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Row>> {
        while let Some(record) = self.records.next()? {
            let row = self.row(record)?;
            if row.fields.iter().any(|field| !trimmed(field).is_empty()) {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    fn row(&mut self, record: RawRecord) -> anyhow::Result<Row> {
        let RawRecord { line, bytes, fault } = record;
        if self.encoding.is_none() && !bytes.is_ascii() {
            let line_end = self.records.line_end();
            self.encoding = Encoding::judge(&bytes, self.records.peek()?, line_end);
        }
        let text = self.encoding.unwrap_or(Encoding::Utf8).decode(&bytes);
        let whole = |text: &str| Some(Reason::of_column("", text));
        let Some(text) = text else {
            let fields = fields_of(&String::from_utf8_lossy(&bytes));
            let fault = fault.unwrap_or("the line is not text in the file's encoding");
            return Ok(Row { line, fields, fault: whole(fault) });
        };
        if !self.is_encoding_said && self.encoding == Some(Encoding::Utf8) && !text.is_ascii() {
            self.may_be_gbk = Some(self.may_be_gbk.unwrap_or(true) && may_be_gbk(&text));
        }
        if let Some(fault) = fault {
            return Ok(Row { line, fields: vec![text.into_owned()], fault: whole(fault) });
        }
        let mut fields = fields_of(&text);
        drop_empty_end(&mut fields, self.header.len());
        let (found, wanted) = (fields.len(), self.header.len());
        let fault = (found != wanted).then(|| format!("the line has {found} fields, the header {wanted}"));
        Ok(Row { line, fields, fault: fault.as_deref().and_then(whole) })
    }

    /// The field of a line that stands under one of the columns, without padding; empty where there is none.
    pub(super) fn field<'row>(&self, row: &'row Row, column: &str) -> &'row str {
        let place = self.columns.iter().position(|known| *known == column);
        let place = place.and_then(|index| self.places.get(index));
        place.and_then(|place| row.fields.get(*place)).map_or("", |field| trimmed(field))
    }
}

/// A cell without what it was padded with: spaces, tabs, no-break and full-width spaces.
fn trimmed(field: &str) -> &str {
    field.trim_matches([' ', '\t', '\u{a0}', '\u{3000}'])
}

/// Takes empty cells behind the last column away; spreadsheets write as many as the widest sheet had.
fn drop_empty_end(fields: &mut Vec<String>, len: usize) {
    while fields.len() > len && fields.last().is_some_and(|field| trimmed(field).is_empty()) {
        fields.pop();
    }
}

fn header_fields(first: &RawRecord, encoding: Option<Encoding>) -> anyhow::Result<Vec<String>> {
    if let Some(fault) = first.fault {
        bail!("its header row can't be read: {fault}");
    }
    let text = encoding.unwrap_or(Encoding::Utf8).decode(&first.bytes);
    let text = text.context("its header row is not text in the file's encoding; --encoding names another")?;
    let mut fields: Vec<String> = fields_of(&text).iter().map(|name| trimmed(name).to_owned()).collect();
    drop_empty_end(&mut fields, 1);
    Ok(fields)
}

/// Finds each column in the header, which must name all of them, once, and no other.
///
/// What stands in a row that names none of them isn't shown: where there is no header, it is a customer's.
fn places(header: &[String], columns: &[&str]) -> anyhow::Result<Vec<usize>> {
    if !header.iter().any(|name| columns.contains(&name.as_str())) {
        let is_one = |text: &&String| header.len() == 1 && columns.iter().any(|name| text.contains(name));
        let separator = header.first().filter(is_one).and_then(|text| {
            SEPARATORS.iter().find(|(separator, _)| text.contains(*separator)).map(|(_, words)| words)
        });
        if let Some(separator) = separator {
            bail!("its columns are separated by {separator}; save it with commas");
        }
        bail!("its first line is no header; it must name the columns {}", columns.join(","));
    }
    let missing: Vec<&str> =
        columns.iter().copied().filter(|column| !header.iter().any(|name| name == column)).collect();
    let unknown: Vec<&str> =
        header.iter().map(String::as_str).filter(|name| !columns.contains(name)).collect();
    let unknown: Vec<&str> =
        unknown.into_iter().map(|name| if name.is_empty() { "one without a name" } else { name }).collect();
    if !missing.is_empty() || !unknown.is_empty() {
        let say = |what: &str, names: &[&str]| match names {
            [] => String::new(),
            names => format!("; {what}: {}", names.join(", ")),
        };
        bail!(
            "its header must name the columns {}{}{}",
            columns.join(","),
            say("missing", &missing),
            say("unknown", &unknown)
        );
    }
    if header.len() != columns.len() {
        bail!("its header names a column twice: {}", header.join(","));
    }
    let place = |column: &&str| header.iter().position(|name| name == column);
    columns.iter().map(place).collect::<Option<_>>().context("a column was lost")
}

/// The fields of one record. A lone carriage return ends none: it is a control character, refused
/// with the field it stands in.
fn fields_of(record: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .terminator(csv::Terminator::Any(b'\n'))
        .buffer_capacity(record.len().max(1))
        .from_reader(record.as_bytes());
    let mut fields = csv::StringRecord::new();
    match reader.read_record(&mut fields) {
        Ok(true) => fields.iter().map(str::to_owned).collect(),
        Ok(false) | Err(_) => vec![record.to_owned()],
    }
}
