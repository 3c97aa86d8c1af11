//! What the check needs and the repository does not have: schemathesis, and the generator of the client.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

/// The version of schemathesis: a newer one may find more, and fail a change that did nothing wrong.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// What the client is made of, by the name of its file.
pub(crate) const CLIENT: [(&str, &str); 3] = [
    ("package.json", include_str!("../client/package.json")),
    ("tsconfig.json", include_str!("../client/tsconfig.json")),
    ("place.ts", include_str!("../client/place.ts")),
];

/// Installs schemathesis, unless it is there; returns its program.
pub(crate) async fn schemathesis(folder: &Path) -> Result<PathBuf> {
    let venv = folder.join("venv");
    let (program, mark) = (venv.join("bin/schemathesis"), venv.join(SCHEMATHESIS));
    if !mark.exists() {
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv)).await?;
        let pip = venv.join("bin/pip");
        succeed(Command::new(pip).args(["install", "--quiet", SCHEMATHESIS])).await?;
        fs::write(mark, "")?;
    }
    Ok(program)
}

/// Installs the generator of the client beside the client's own files; returns their folder.
pub(crate) async fn client(folder: &Path) -> Result<PathBuf> {
    let client = folder.join("client");
    fs::create_dir_all(&client)?;
    for (name, text) in CLIENT {
        fs::write(client.join(name), text)?;
    }
    let install = ["install", "--no-audit", "--no-fund", "--silent"];
    succeed(Command::new("npm").args(install).current_dir(&client)).await?;
    Ok(client)
}

/// Runs a command to its end. Fails, with what it wrote, unless it succeeds.
pub(crate) async fn succeed(command: &mut Command) -> Result<()> {
    let ended = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let program = command.as_std().get_program().to_owned();
    let ended = ended.with_context(|| format!("cannot run {}", program.display()))?;
    if !ended.status.success() {
        let written = [ended.stdout, ended.stderr].concat();
        bail!("{} failed: {}", program.display(), String::from_utf8_lossy(&written));
    }
    Ok(())
}
