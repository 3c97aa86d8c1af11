//! `.lockstep/`: the folder of a stack, which only its owner can read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The time to wait for the lock: a process that only looks holds it for a moment.
const PATIENCE: Duration = Duration::from_millis(500);

#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

/// The lock of a folder, held by the one launcher that runs its stack.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Folder {
    pub(super) fn of(root: &Path) -> Self {
        Self(root.join(".lockstep"))
    }

    /// Creates the folder if it does not exist, and refuses one that the servers could not use.
    pub(super) fn prepare(&self) -> Result<()> {
        let path = self.0.display();
        if !self.0.exists() {
            let made = DirBuilder::new().mode(0o700).create(&self.0);
            made.with_context(|| format!("cannot make the folder {path}"))?;
        }
        let owner = fs::metadata(&self.0)?.uid();
        let me = rustix::process::geteuid().as_raw();
        if owner != me {
            bail!("{path} belongs to user {owner} and you are user {me}: run this as that user");
        }
        let logs = fs::create_dir_all(self.logs());
        logs.with_context(|| format!("cannot write in {path}"))
    }

    pub(super) fn exists(&self) -> bool {
        self.0.exists()
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    /// Takes the lock, or returns `None` if another process holds it.
    pub(super) fn lock(&self) -> Result<Option<Lock>> {
        let path = self.0.join("lock");
        let file =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let deadline = Instant::now() + PATIENCE;
        while flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            if Instant::now() >= deadline {
                return Ok(None);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Some(Lock { _file: file }))
    }

    pub(super) fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let path = self.0.join(name);
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path)?;
        let value = serde_json::from_str(&text);
        value.map(Some).with_context(|| format!("{} cannot be read; remove it", path.display()))
    }

    pub(super) fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        self.write(name, &serde_json::to_string_pretty(value)?)
    }

    /// Writes a file that only its owner can read, atomically.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.0.join(name);
        let new = self.0.join(format!("{name}.new"));
        self.remove(&format!("{name}.new"))?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new);
        let written = file.and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &path)
        });
        written.with_context(|| format!("cannot write {}", path.display()))
    }

    pub(super) fn remove(&self, name: &str) -> Result<()> {
        let path = self.0.join(name);
        if path.exists() {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Ok(())
    }

    /// Removes the whole folder. Only for the holder of the lock.
    pub(super) fn wipe(&self, _lock: Lock) -> Result<()> {
        fs::remove_dir_all(&self.0).with_context(|| format!("cannot remove {}", self.0.display()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_are_for_their_owner_only() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::of(root.path());
        folder.prepare().unwrap();
        folder.write("secrets.json", "1").unwrap();
        folder.write("secrets.json", "2").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(mode(&folder.path().join("secrets.json")), 0o600);
        assert_eq!(folder.read::<u8>("secrets.json").unwrap(), Some(2));
        assert_eq!(folder.read::<u8>("none").unwrap(), None);
    }

    #[test]
    fn one_at_a_time_holds_the_lock() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::of(root.path());
        folder.prepare().unwrap();
        let first = folder.lock().unwrap();
        assert!(first.is_some());
        assert!(folder.lock().unwrap().is_none());
        drop(first);
        folder.wipe(folder.lock().unwrap().unwrap()).unwrap();
        assert!(!folder.exists());
    }
}
