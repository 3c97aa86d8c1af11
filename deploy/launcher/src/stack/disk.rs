//! Room on the disk: a broker with too little blocks its publishers without a word to them.

use anyhow::{Result, bail};

use super::folder::Folder;

const NEEDED: u64 = 2 << 30;

pub(super) fn check(folder: &Folder) -> Result<()> {
    let disk = rustix::fs::statvfs(folder.path())?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < NEEDED {
        let (free, needed) = (free >> 20, NEEDED >> 20);
        let path = folder.path().display();
        bail!("too little room on the disk of {path}: {free} MB are free, {needed} MB are needed");
    }
    Ok(())
}
