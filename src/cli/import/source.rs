//! Where an imported file comes from: a path, or what another program pipes in. It reads nothing of it itself.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::bail;

/// Where the refused lines of what has no folder go, in the working folder.
const REJECTS_OF_PIPES: &str = "stdin.rejects.csv";

/// A file as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// What is piped in.
    Stdin,
    /// A file, or a pipe that has a name.
    Path(PathBuf),
}

/// What can be read, and its length in bytes where it is known.
pub(super) type Opened = (Box<dyn Read>, Option<u64>);

impl Source {
    /// `-` is the standard input, and so are its names in the file system: a socket can't be opened there.
    pub(super) fn new(path: &Path) -> Self {
        match ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].iter().any(|name| path == Path::new(name)) {
            true => Self::Stdin,
            false => Self::Path(path.to_owned()),
        }
    }

    pub(super) fn open(&self) -> anyhow::Result<Opened> {
        let Self::Path(path) = self else { return Ok((Box::new(io::stdin()), None)) };
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            bail!("it is a directory");
        }
        let len = metadata.is_file().then_some(metadata.len());
        Ok((Box::new(file), len))
    }

    /// `<FILE>.rejects.csv`; of what isn't in a folder of files, a file in the working folder.
    pub(super) fn rejects(&self) -> PathBuf {
        match self {
            Self::Path(path) if !["/dev", "/proc"].iter().any(|root| path.starts_with(root)) => {
                let mut name = path.as_os_str().to_owned();
                name.push(".rejects.csv");
                name.into()
            }
            Self::Stdin | Self::Path(_) => REJECTS_OF_PIPES.into(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

/// No file may be overwritten by the refused lines of another, and none of those by others.
pub(super) fn check_rejects(sources: &[Source]) -> anyhow::Result<()> {
    let rejects: Vec<PathBuf> = sources.iter().map(Source::rejects).collect();
    let is_rejects = |source: &&Source| matches!(source, Source::Path(path) if rejects.contains(path));
    if let Some(source) = sources.iter().find(is_rejects) {
        bail!("{source} would be overwritten by the refused lines of another file");
    }
    for (index, path) in rejects.iter().enumerate() {
        if rejects[..index].contains(path) {
            bail!("the refused lines of two files would both go to {}; import one at a time", path.display());
        }
    }
    Ok(())
}
