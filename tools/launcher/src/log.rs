//! The log files of the children: a new one at each start; the previous one is kept.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};

/// Opens a new log file; that of the previous start becomes `<name>.old`.
pub fn open(path: &Path) -> Result<File> {
    if path.exists() {
        let mut old = path.as_os_str().to_owned();
        old.push(".old");
        fs::rename(path, old)?;
    }
    File::create(path).with_context(|| format!("cannot write {}", path.display()))
}

/// Returns the last `lines` lines of a log, indented; empty if there is no log.
pub fn tail(path: &Path, lines: usize) -> String {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().collect();
    let from = all.len().saturating_sub(lines);
    let kept = all.get(from..).unwrap_or_default();
    kept.iter().map(|line| format!("    {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_last_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        fs::write(&path, "one\ntwo\nthree\n").unwrap();
        assert_eq!(tail(&path, 2), "    two\n    three\n");
        assert_eq!(tail(&folder.path().join("none"), 2), "");
    }

    #[test]
    fn a_new_start_keeps_the_log_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        fs::write(&path, "before").unwrap();
        open(&path).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("a.log.old")).unwrap(), "before");
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
    }
}
