//! The file that takes the refused lines, in the encoding of the imported one; created with the first of them.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::encoding::{Encoding, UTF8_MARK};
use super::table::{Reason, Row};

/// The refused lines of one file.
pub(super) struct Rejects {
    path: PathBuf,
    header: Vec<String>,
    out: Option<Out>,
}

struct Out {
    file: BufWriter<File>,
    /// By which Excel knows UTF-8.
    has_mark: bool,
}

impl Rejects {
    /// Removes what an earlier run left, so that the file tells of this run only.
    pub(super) fn start(path: PathBuf, header: &[String]) -> anyhow::Result<Self> {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("rejects file {}", path.display()));
            }
            Ok(()) | Err(_) => {}
        }
        Ok(Self { path, header: header.to_vec(), out: None })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes lines down with all that is wrong with them. The encoding is none as long as all was plain ASCII.
    pub(super) fn write(
        &mut self,
        bad: &[(Row, Vec<Reason>)],
        encoding: Option<Encoding>,
    ) -> anyhow::Result<()> {
        if bad.is_empty() {
            return Ok(());
        }
        self.write_rows(bad, encoding).with_context(|| format!("rejects file {}", self.path.display()))
    }

    fn write_rows(&mut self, bad: &[(Row, Vec<Reason>)], encoding: Option<Encoding>) -> anyhow::Result<()> {
        let mut rows = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        let out = match &mut self.out {
            Some(out) => out,
            None => {
                let mut file = BufWriter::new(File::create(&self.path)?);
                let has_mark = encoding == Some(Encoding::Utf8);
                if has_mark {
                    file.write_all(UTF8_MARK)?;
                }
                rows.write_record(["line", "column", "reason"].into_iter().chain(strs(&self.header)))?;
                self.out.insert(Out { file, has_mark })
            }
        };
        for (row, reasons) in bad {
            let line = row.line.to_string();
            let columns: Vec<&str> = reasons.iter().map(|reason| reason.column).collect();
            let texts: Vec<&str> = reasons.iter().map(|reason| reason.text.as_str()).collect();
            let (columns, texts) = (columns.join("; "), texts.join("; "));
            let head = [line.as_str(), &columns, &texts];
            rows.write_record(head.into_iter().chain(strs(&row.fields)))?;
        }
        let text = String::from_utf8(rows.into_inner()?)?;
        out.file.write_all(&encoding.unwrap_or(Encoding::Utf8).encode(&text))?;
        Ok(out.file.flush()?)
    }

    /// Puts the mark before what was begun while all was plain ASCII, and turned out to be UTF-8.
    pub(super) fn finish(self, encoding: Option<Encoding>) -> anyhow::Result<()> {
        let is_to_be_marked = encoding == Some(Encoding::Utf8);
        match self.out {
            Some(Out { file, has_mark: false }) if is_to_be_marked => {
                drop(file);
                put_mark(&self.path).with_context(|| format!("rejects file {}", self.path.display()))
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn put_mark(path: &Path) -> io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let mut marked = File::create(&part)?;
    marked.write_all(UTF8_MARK)?;
    io::copy(&mut File::open(path)?, &mut marked)?;
    std::fs::rename(part, path)
}

fn strs(texts: &[String]) -> impl Iterator<Item = &str> {
    texts.iter().map(String::as_str)
}
