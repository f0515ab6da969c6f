//! A part of a file that goes through the engine at once, and what became of it.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::table::{Reason, Row};
use crate::cli::session::Session;
use crate::domain::base::line::LineOutcome;
use crate::domain::book::Command;

/// Lines of one chunk.
const CHUNK_LINES_MAX: usize = 1_000;
/// Bytes of one chunk's fields.
const CHUNK_BYTES_MAX: usize = 1 << 20;

/// A good line on its way into the engine.
pub(super) struct Line {
    pub(super) row: Row,
    pub(super) command: Command,
}

/// Lines that go together, and those between them that can't go at all.
#[derive(Default)]
pub(super) struct Chunk {
    pub(super) lines: Vec<Line>,
    pub(super) bad: Vec<(Row, Reason)>,
    /// Lines found to change nothing before they were sent.
    pub(super) unchanged: u64,
    bytes: usize,
}

/// What became of the lines of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) saved: u64,
    pub(super) unchanged: u64,
    pub(super) refused: u64,
}

impl Chunk {
    pub(super) fn push(&mut self, row: Row, command: Result<Command, Reason>) {
        self.bytes += row.fields.iter().map(String::len).sum::<usize>();
        match command {
            Ok(command) => self.lines.push(Line { row, command }),
            Err(reason) => self.bad.push((row, reason)),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.lines.len() + self.bad.len() >= CHUNK_LINES_MAX || self.bytes >= CHUNK_BYTES_MAX
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.bad.is_empty()
    }

    /// Sends the good lines through the engine and writes the others down, in order of the file.
    pub(super) fn settle(
        self,
        session: &Session,
        rejects: &mut Rejects,
        counts: &mut Counts,
    ) -> anyhow::Result<()> {
        let Self { lines, mut bad, unchanged, .. } = self;
        counts.unchanged += unchanged;
        let (rows, commands): (Vec<Row>, Vec<Command>) =
            lines.into_iter().map(|line| (line.row, line.command)).unzip();
        let answers = if commands.is_empty() { Vec::new() } else { session.submit_all(&commands)? };
        for (row, answer) in rows.into_iter().zip(answers) {
            match answer.into_line() {
                Ok(LineOutcome::Saved) => counts.saved += 1,
                Ok(LineOutcome::Unchanged) => counts.unchanged += 1,
                Ok(LineOutcome::Refused { column, reason }) => {
                    bad.push((row, Reason::of_column(column, reason)));
                }
                Err(answer) => bail!("unexpected answer {answer:?}"),
            }
        }
        bad.sort_by_key(|(row, _)| row.line);
        counts.refused += bad.len() as u64;
        rejects.write(&bad)
    }
}

/// The file beside the imported one that takes the refused lines; created with the first of them.
pub(super) struct Rejects {
    path: PathBuf,
    header: Vec<String>,
    writer: Option<csv::Writer<BufWriter<File>>>,
}

impl Rejects {
    /// `<FILE>.rejects.csv`.
    pub(super) fn path_of(file: &Path) -> PathBuf {
        let mut name = file.as_os_str().to_owned();
        name.push(".rejects.csv");
        name.into()
    }

    /// Removes what an earlier run left, so that the file tells of this run only.
    pub(super) fn start(file: &Path, header: &[String]) -> anyhow::Result<Self> {
        let path = Self::path_of(file);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("rejects file {}", path.display()));
            }
            Ok(()) | Err(_) => {}
        }
        Ok(Self { path, header: header.to_vec(), writer: None })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn write(&mut self, bad: &[(Row, Reason)]) -> anyhow::Result<()> {
        if bad.is_empty() {
            return Ok(());
        }
        self.write_rows(bad).with_context(|| format!("rejects file {}", self.path.display()))
    }

    fn write_rows(&mut self, bad: &[(Row, Reason)]) -> anyhow::Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let file = BufWriter::new(File::create(&self.path)?);
                let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(file);
                writer.write_record(["line", "column", "reason"].into_iter().chain(strs(&self.header)))?;
                self.writer.insert(writer)
            }
        };
        for (row, reason) in bad {
            let line = row.line.to_string();
            let head = [line.as_str(), reason.column, reason.text.as_str()];
            writer.write_record(head.into_iter().chain(strs(&row.fields)))?;
        }
        Ok(writer.flush()?)
    }
}

fn strs(texts: &[String]) -> impl Iterator<Item = &str> {
    texts.iter().map(String::as_str)
}
