//! A part of a file that goes through the engine at once, and what became of it.

use anyhow::bail;

use super::encoding::Encoding;
use super::rejects::Rejects;
use super::table::{Reason, Row};
use super::zeros::{is_rounded, with_zeros};
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
    pub(super) bad: Vec<(Row, Vec<Reason>)>,
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
    pub(super) fn push(&mut self, row: Row, command: Result<Command, Vec<Reason>>) {
        self.bytes += row.fields.iter().map(String::len).sum::<usize>();
        match command {
            Ok(command) => self.lines.push(Line { row, command }),
            Err(reasons) => self.bad.push((row, reasons)),
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
        encoding: Option<Encoding>,
        counts: &mut Counts,
    ) -> anyhow::Result<()> {
        let Self { lines, mut bad, unchanged, .. } = self;
        counts.unchanged += unchanged;
        let (rows, commands): (Vec<Row>, Vec<Command>) =
            lines.into_iter().map(|line| (line.row, line.command)).unzip();
        let mut strange = Vec::new();
        let answers = if commands.is_empty() { Vec::new() } else { session.submit_all(&commands)? };
        for ((row, answer), command) in rows.into_iter().zip(answers).zip(&commands) {
            match answer.into_line() {
                Ok(LineOutcome::Saved) => counts.saved += 1,
                Ok(LineOutcome::Unchanged) => counts.unchanged += 1,
                Ok(LineOutcome::Refused { column, reason }) => {
                    if let ("account_number", Command::IssueBill(bill)) = (column, command) {
                        strange.push((bad.len(), bill.account_number.clone()));
                    }
                    bad.push((row, vec![Reason::of_column(column, reason)]));
                }
                Err(_) => bail!("an answer that belongs to no line"),
            }
        }
        explain(session, &strange, &mut bad)?;
        bad.sort_by_key(|(row, _)| row.line);
        counts.refused += bad.len() as u64;
        rejects.write(&bad, encoding)
    }
}

/// Says of account numbers that nobody has what may have become of them on their way.
fn explain(
    session: &Session,
    strange: &[(usize, String)],
    bad: &mut [(Row, Vec<Reason>)],
) -> anyhow::Result<()> {
    let longer = with_zeros(session, strange.iter().map(|(_, number)| number.clone()))?;
    for (place, number) in strange {
        let hint = match longer.get(number) {
            Some(longer) => format!(", but there is {longer}: a spreadsheet has cut its leading zeros"),
            None if is_rounded(number) => ": a spreadsheet has rounded it to 15 digits".to_owned(),
            None => continue,
        };
        if let Some(reason) = bad.get_mut(*place).and_then(|(_, reasons)| reasons.first_mut()) {
            reason.text.push_str(&hint);
        }
    }
    Ok(())
}
