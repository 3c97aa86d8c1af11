//! SQL through the server's own `psql`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

/// The time limit of a script: none does more than create a database.
const LIMIT: Duration = Duration::from_secs(60);

/// The server, the user and the database to connect to.
pub(crate) struct Login<'a> {
    pub(crate) port: u16,
    pub(crate) user: &'a str,
    pub(crate) password: &'a str,
    pub(crate) database: &'a str,
}

/// Runs a script and returns the rows, one a line, without headings.
pub(crate) async fn run(programs: &Path, login: &Login<'_>, script: &str) -> Result<String> {
    let mut command = Command::new(programs.join("psql"));
    command
        .args(["-X", "-A", "-t", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1"])
        .args(["-p", &login.port.to_string(), "-U", login.user, "-d", login.database, "-f", "-"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        // Not on the command line, which everybody on the machine may read.
        .env("PGPASSWORD", login.password)
        .env("PGCONNECT_TIMEOUT", "5")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().context("cannot start psql")?;
    let mut input = child.stdin.take().context("psql without input")?;
    let run = async {
        // It may have gone already, where it could not connect: its own words tell more.
        drop(input.write_all(script.as_bytes()).await);
        drop(input);
        child.wait_with_output().await
    };
    let output = timeout(LIMIT, run).await.context("PostgreSQL did not answer psql in time")??;
    if !output.status.success() {
        bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
