//! The file of the upstream's data, written anew with each change of them.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::data::Data;

/// Reads the file, if there is one.
pub(super) fn read(path: &Path) -> Result<Option<Data>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let data = serde_json::from_slice(&text);
    data.map(Some).with_context(|| format!("{} is malformed; remove it", path.display()))
}

/// Writes the file, atomically.
pub(super) fn write(path: &Path, data: &Data) -> Result<()> {
    let new = path.with_added_extension("new");
    let write = || {
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec(data)?)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_a_malformed_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("upstream.json");
        assert_eq!(read(&path).unwrap(), None);
        let data = Data::made(2, 2, true);
        write(&path, &data).unwrap();
        assert_eq!(read(&path).unwrap(), Some(data));
        fs::write(&path, "{").unwrap();
        let error = format!("{:#}", read(&path).unwrap_err());
        assert!(error.contains("upstream.json is malformed; remove it"), "{error}");
    }
}
