//! The user that a server runs as. PostgreSQL refuses root, so root switches to another user; an
//! ordinary user runs it as themselves.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use anyhow::{Context, Result, bail};

/// `CAP_DAC_OVERRIDE` in the masks of `/proc/self/status`.
const DAC_OVERRIDE: u64 = 1 << 1;

/// A user that root drops to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// Returns `None` if we are not root; else the owner of `folder` if it exists already, else the
    /// user `postgres` if there is one, else `nobody`.
    pub fn for_postgres(folder: &Path) -> Result<Option<Self>> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        if let Some(owner) = owner(folder) {
            return Ok(Some(owner));
        }
        let users = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        match named(&users, "postgres").or_else(|| named(&users, "nobody")) {
            Some(account) => Ok(Some(account)),
            None => bail!(
                "PostgreSQL does not run as root, and there is neither a user postgres nor nobody"
            ),
        }
    }

    /// Changes the owner of a file or folder to this user.
    pub fn own(&self, path: &Path) -> Result<()> {
        chown(path, Some(self.user), Some(self.group))
            .with_context(|| format!("cannot give {} to user {}", path.display(), self.user))
    }

    /// Returns the arguments for `setpriv`. The capability lets the server pass folders that only
    /// root may enter, because a checkout is often below one; without it (some containers) it is
    /// left out.
    pub(crate) fn setpriv(&self) -> Vec<OsString> {
        let mut arguments = vec![
            format!("--reuid={}", self.user),
            format!("--regid={}", self.group),
            "--clear-groups".to_owned(),
        ];
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        if capabilities(&status) & DAC_OVERRIDE != 0 {
            arguments.push("--inh-caps=+dac_override".to_owned());
            arguments.push("--ambient-caps=+dac_override".to_owned());
        }
        arguments.into_iter().map(OsString::from).collect()
    }
}

fn owner(folder: &Path) -> Option<Account> {
    let found = fs::metadata(folder).ok()?;
    (found.uid() != 0).then(|| Account { user: found.uid(), group: found.gid() })
}

/// Returns the entry of that name in the text of `/etc/passwd`.
fn named(users: &str, name: &str) -> Option<Account> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let user = fields.nth(1)?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        Some(Account { user, group })
    })
}

/// Returns the effective capabilities in the text of `/proc/self/status`.
fn capabilities(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "root:x:0:0:root:/root:/bin/bash\n\
        postgresql:x:7:7::/:/bin/sh\n\
        postgres:x:101:104:PostgreSQL,,,:/var/lib/postgresql:/bin/bash\n";

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        assert_eq!(named(USERS, "postgres"), Some(Account { user: 101, group: 104 }));
        assert_eq!(named(USERS, "nobody"), None);
    }

    #[test]
    fn the_capability_is_read_from_the_effective_mask() {
        let with = "CapPrm:\t0000000000000000\nCapEff:\t00000000a80425fb\n";
        assert_ne!(capabilities(with) & DAC_OVERRIDE, 0);
        assert_eq!(capabilities("CapEff:\t0000000000000000\n"), 0);
        assert_eq!(capabilities(""), 0);
    }
}
