//! A CSV file as a table: columns found by name, fields as text, and for each bad line the reason.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::encoding::Encoding;
use super::records::{RawRecord, Records};

/// Bytes read at once; also the block by which the encoding is judged.
const BLOCK_LEN: usize = 64 * 1_024;
const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

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
    pub(super) path: PathBuf,
    /// Length in bytes, where it is known.
    pub(super) len: Option<u64>,
    /// The header as it stands in the file.
    pub(super) header: Vec<String>,
    columns: &'static [&'static str],
    /// Place in a line of each of `columns`.
    places: Vec<usize>,
    records: Records<BufReader<File>>,
    encoding: Option<Encoding>,
}

impl Table {
    /// Opens a file and reads its header.
    pub(super) fn open(
        path: &Path,
        columns: &'static [&'static str],
        encoding: Option<Encoding>,
    ) -> anyhow::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            bail!("it is a directory");
        }
        let len = metadata.is_file().then_some(metadata.len());
        let mut records = Records::new(BufReader::with_capacity(BLOCK_LEN, file));
        check_mark(records.peek()?)?;
        let mut first = records.next()?.context("it is empty; a header row is required")?;
        if first.bytes.starts_with(UTF8_MARK) {
            first.bytes.drain(..UTF8_MARK.len());
        }
        let header = header_fields(first)?;
        let places = places(&header, columns)?;
        Ok(Self { path: path.to_owned(), len, header, columns, places, records, encoding })
    }

    /// Bytes read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.records.bytes_read()
    }

    /// The next line.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Row>> {
        let Some(record) = self.records.next()? else {
            return Ok(None);
        };
        let RawRecord { line, bytes, fault } = record;
        if self.encoding.is_none() && !bytes.is_ascii() {
            self.encoding = Encoding::judge(&bytes, self.records.peek()?);
        }
        let text = self.encoding.unwrap_or(Encoding::Utf8).decode(&bytes);
        let whole = |text: &str| Some(Reason::of_column("", text));
        let Some(text) = text else {
            let fields = fields_of(&String::from_utf8_lossy(&bytes));
            let fault = fault.unwrap_or("the line is not text in the file's encoding");
            return Ok(Some(Row { line, fields, fault: whole(fault) }));
        };
        if let Some(fault) = fault {
            return Ok(Some(Row { line, fields: vec![text.into_owned()], fault: whole(fault) }));
        }
        let fields = fields_of(&text);
        let (found, wanted) = (fields.len(), self.header.len());
        let fault = (found != wanted).then(|| format!("the line has {found} fields, the header {wanted}"));
        Ok(Some(Row { line, fields, fault: fault.as_deref().and_then(whole) }))
    }

    /// The field of a line that stands under one of the columns; empty where there is none.
    pub(super) fn field<'row>(&self, row: &'row Row, column: &str) -> &'row str {
        let place = self.columns.iter().position(|known| *known == column);
        let place = place.and_then(|index| self.places.get(index));
        place.and_then(|place| row.fields.get(*place)).map_or("", String::as_str)
    }
}

fn check_mark(head: &[u8]) -> anyhow::Result<()> {
    if head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") {
        bail!("it is in UTF-16; save it as UTF-8 or GBK");
    }
    if head.starts_with(b"PK\x03\x04") {
        bail!("it is a workbook or another archive; save it as CSV");
    }
    Ok(())
}

fn header_fields(first: RawRecord) -> anyhow::Result<Vec<String>> {
    if let Some(fault) = first.fault {
        bail!("its header row can't be read: {fault}");
    }
    let text = String::from_utf8_lossy(&first.bytes);
    Ok(fields_of(&text).iter().map(|name| name.trim().to_owned()).collect())
}

/// Finds each column in the header, which must name all of them, once, and no other.
fn places(header: &[String], columns: &[&str]) -> anyhow::Result<Vec<usize>> {
    let missing: Vec<&str> =
        columns.iter().copied().filter(|column| !header.iter().any(|name| name == column)).collect();
    let unknown: Vec<&str> =
        header.iter().map(String::as_str).filter(|name| !columns.contains(name)).collect();
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
