//! The file of the remote's records: one line for each request that changed some, written before
//! the request is answered. A process that is killed loses nothing it has answered; a machine that
//! loses its power may.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::records::{Change, Records};

/// The open file.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens the file and returns its records; a new file gets those of `new`.
    pub(super) fn open(path: &Path, new: impl FnOnce() -> Records) -> Result<(Self, Records)> {
        let records = match path.exists() {
            true => read(path)?,
            false => new(),
        };
        Ok((Self::anew(path, &records)?, records))
    }

    /// Writes a file that has just these records, in the place of what was there.
    pub(super) fn anew(path: &Path, records: &Records) -> Result<Self> {
        let new = path.with_added_extension("new");
        let write = || {
            let mut writer = BufWriter::new(File::create(&new)?);
            for change in records.changes() {
                writer.write_all(&line(&[change])?)?;
            }
            writer.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
            fs::rename(&new, path)?;
            OpenOptions::new().append(true).open(path)
        };
        let file = write().with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Appends the changes of one request.
    pub(super) fn append(&mut self, changes: &[Change]) -> Result<()> {
        let written = line(changes).and_then(|line| self.file.write_all(&line));
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn line(changes: &[Change]) -> std::io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(changes)?;
    line.push(b'\n');
    Ok(line)
}

fn read(path: &Path) -> Result<Records> {
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut records = Records::default();
    for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        // A line without its end is that of a request that was not answered.
        let Some(line) = line.strip_suffix(b"\n") else { break };
        let changes: Vec<Change> = serde_json::from_slice(line).with_context(|| {
            format!("line {} of {} is malformed; remove the file", index + 1, path.display())
        })?;
        records.apply(changes);
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::super::records::{Kind, Record};
    use super::*;

    #[test]
    fn what_was_appended_is_there_again_and_a_torn_line_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("remote.jsonl");
        let (mut journal, mut records) = Journal::open(&path, Records::default).unwrap();
        let changes = records.store(Kind::Posts, 1, Record::new());
        journal.append(&changes).unwrap();
        let torn = line(&records.store(Kind::Posts, 2, Record::new())).unwrap();
        journal.file.write_all(&torn[..torn.len() - 1]).unwrap();
        let (mut journal, mut again) = Journal::open(&path, || unreachable!()).unwrap();
        assert_eq!(again.next(Kind::Posts), 2);
        journal.append(&again.remove(Kind::Posts, 1)).unwrap();
        let (_, again) = Journal::open(&path, || unreachable!()).unwrap();
        assert_eq!((again.next(Kind::Posts), again.get(Kind::Posts, 1)), (2, None));
    }

    #[test]
    fn a_malformed_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("remote.jsonl");
        fs::write(&path, "[]\n{\n").unwrap();
        let error = format!("{:#}", Journal::open(&path, Records::default).unwrap_err());
        assert!(error.contains("line 2 of") && error.contains("remove the file"), "{error}");
    }
}
