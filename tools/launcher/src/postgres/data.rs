//! The data folder of a server, made before its first start.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Result;

use crate::account::Account;
use crate::find::PostgresPrograms;
use crate::postgres::{Options, USER};
use crate::process::Process;
use crate::recipe::Recipe;

/// Makes the data in `folder`, under another name until they are complete.
pub(super) async fn make(
    folder: &Path,
    programs: &PostgresPrograms,
    account: Option<&Account>,
    options: &Options,
) -> Result<()> {
    let unfinished = folder.join("data.unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    fs::create_dir(&unfinished)?;
    fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o700))?;
    let password = folder.join("password.unfinished");
    fs::write(&password, "")?;
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600))?;
    fs::write(&password, &options.password)?;
    if let Some(account) = account {
        account.own(&unfinished)?;
        account.own(&password)?;
    }
    let mut initdb =
        Recipe::new("initdb", &programs.folder.join("initdb"), &folder.join("initdb.log"))
            .args(["--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256"])
            .args(["--username", USER, "--pgdata"])
            .arg(&unfinished)
            .arg("--pwfile")
            .arg(&password)
            .clean()
            .account(account.cloned());
    if !options.durable {
        initdb = initdb.arg("--no-sync");
    }
    let made = Process::complete(initdb).await;
    fs::remove_file(&password)?;
    made?;
    Ok(fs::rename(&unfinished, folder.join("data"))?)
}
