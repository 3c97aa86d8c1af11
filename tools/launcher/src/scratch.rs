//! A temporary folder for servers: removed when dropped, or by the next one if its process was
//! killed.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, flock};

use crate::secret;

/// A folder that lasts as long as this value.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    // The folder itself, locked while it is in use.
    _lock: File,
}

impl Scratch {
    /// Creates a new folder in `parent`, after removing those there that nobody uses any more.
    pub fn new(parent: &Path) -> Result<Self> {
        fs::create_dir_all(parent)
            .with_context(|| format!("cannot make the folder {}", parent.display()))?;
        // One at a time, or one would sweep up what another has made and not locked yet.
        let turn = File::create(parent.join("turn"))
            .with_context(|| format!("cannot write in {}", parent.display()))?;
        flock(&turn, FlockOperation::LockExclusive)?;
        sweep(parent);
        let folder = parent.join(format!("{:.12}", secret::random()));
        fs::create_dir(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        let lock = File::open(&folder)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self { folder, _lock: lock })
    }

    /// Returns the path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now, the next sweep removes.
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn sweep(parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for folder in entries.map(|entry| entry.path()).filter(|path| path.is_dir()) {
        let Ok(lock) = File::open(&folder) else {
            continue;
        };
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok() {
            drop(fs::remove_dir_all(&folder));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_when_dropped_and_what_is_in_use_stays() {
        let parent = tempfile::tempdir().unwrap();
        let first = Scratch::new(parent.path()).unwrap();
        let second = Scratch::new(parent.path()).unwrap();
        assert!(first.path().is_dir());
        let gone = first.path().to_owned();
        drop(first);
        assert!(!gone.exists());
        assert!(second.path().is_dir());
    }

    #[test]
    fn what_a_killed_one_left_is_swept_up() {
        let parent = tempfile::tempdir().unwrap();
        let left = parent.path().join("abc");
        fs::create_dir(&left).unwrap();
        drop(Scratch::new(parent.path()).unwrap());
        assert!(!left.exists());
    }
}
