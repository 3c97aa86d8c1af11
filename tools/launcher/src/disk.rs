//! The check for free disk space: a broker with too little blocks its publishers without telling
//! them.

use std::path::Path;

use anyhow::{Result, bail};

const NEEDED: u64 = 2 << 30;

pub(crate) fn check(folder: &Path) -> Result<()> {
    let disk = rustix::fs::statvfs(folder)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < NEEDED {
        let (free, needed) = (free >> 20, NEEDED >> 20);
        let path = folder.display();
        bail!("too little room on the disk of {path}: {free} MB are free, {needed} MB are needed");
    }
    Ok(())
}
