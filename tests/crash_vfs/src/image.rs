//! The files of a folder as they would be found after the power came back.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// SQLite rebuilds the index of the write-ahead log after a crash; it belongs to no image.
const VOLATILE: &str = "-shm";

/// Files by name, with their content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Image {
    /// Each file's content.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Image {
    /// Reads the files of a folder that holds nothing but files.
    ///
    /// # Errors
    /// A file can't be read, or its name is not UTF-8.
    pub fn load(folder: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().into_string();
            let name = name.map_err(|name| io::Error::other(format!("{} is not UTF-8", name.display())))?;
            if !name.ends_with(VOLATILE) {
                files.insert(name, fs::read(entry.path())?);
            }
        }
        Ok(Self { files })
    }

    /// Makes the folder hold these files and no others.
    ///
    /// # Errors
    /// A file can't be written or removed.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            fs::remove_file(entry?.path())?;
        }
        for (name, content) in &self.files {
            fs::write(folder.join(name), content)?;
        }
        Ok(())
    }
}
