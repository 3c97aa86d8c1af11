//! pgbench, which does next to nothing but send one prepared statement after another.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use launcher::find;
use tokio::process::Command;

use crate::load::latencies;
use crate::world::{BASELINE, World};

/// Its threads: as many as there are cores.
const THREADS: usize = 2;

/// A script.
#[derive(Clone, Debug)]
pub struct Script {
    /// Statements, and pgbench's own commands.
    pub text: String,
    /// The value for each `:name`, as a parameter of the prepared statement.
    pub variables: Vec<(String, String)>,
}

/// The outcome.
#[derive(Clone, Copy, Debug)]
pub struct Ran {
    /// The number of times that the script was run.
    pub transactions: u64,
    /// The number of times a second.
    pub rate: f64,
}

/// Runs a script over the baseline, with the rights that a service has.
pub async fn run(world: &World, script: &Script, clients: usize, lasts: Duration) -> Result<Ran> {
    let time = lasts.as_secs_f64().ceil().to_string();
    ran(world, script, clients, &["--time", &time]).await
}

/// Runs a script over the baseline so many times, one after the other; returns how long each took, in
/// µs, too.
pub async fn run_times(
    world: &World,
    script: &Script,
    times: u64,
) -> Result<(Ran, Histogram<u64>)> {
    let logs = world.folder().join("pgbench");
    remove_dir(&logs)?;
    std::fs::create_dir(&logs)?;
    let (times, prefix) = (times.to_string(), logs.join("log").to_string_lossy().into_owned());
    let options = ["--transactions", &times, "--log", "--log-prefix", &prefix];
    let (ran, mut took) = (ran(world, script, 1, &options).await?, latencies());
    for log in std::fs::read_dir(&logs)? {
        for line in std::fs::read_to_string(log?.path())?.lines() {
            // The client, the number of the transaction, and its time.
            let time = line.split(' ').nth(2).and_then(|time| time.parse().ok());
            took.saturating_record(time.with_context(|| format!("pgbench logged: {line}"))?);
        }
    }
    Ok((ran, took))
}

fn remove_dir(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => Ok(removed?),
    }
}

async fn ran(world: &World, script: &Script, clients: usize, options: &[&str]) -> Result<Ran> {
    let file = world.folder().join("pgbench.sql");
    std::fs::write(&file, &script.text)?;
    let login = world.servers.login(BASELINE)?;
    let variables = script.variables.iter().map(|(name, value)| format!("{name}={value}"));
    let output = Command::new(find::postgres(None)?.folder.join("pgbench"))
        .args(["--no-vacuum", "--protocol=prepared", "--host=127.0.0.1"])
        .args(["--port", &login.port.to_string(), "--username", login.user])
        .args(["--client", &clients.to_string(), "--jobs", &THREADS.min(clients).to_string()])
        .args(options)
        .arg("--file")
        .arg(&file)
        .args(variables.flat_map(|variable| ["--define".to_owned(), variable]))
        .arg(BASELINE)
        .env("PGPASSWORD", login.password)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("pgbench cannot be started")?;
    let (said, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "pgbench: {errors}");
    read(&said).with_context(|| format!("pgbench said: {said}{errors}"))
}

/// Reads what it says at its end.
fn read(said: &str) -> Option<Ran> {
    let after = |words: &str| said.lines().find_map(|line| line.strip_prefix(words));
    let failed = after("number of failed transactions: ").is_none_or(|it| it.starts_with("0 "));
    // `200/200`, if their number was given.
    let transactions = after("number of transactions actually processed: ")?.split('/').next()?;
    let rate = after("tps = ")?.split(' ').next()?.parse().ok()?;
    failed.then_some(Ran { transactions: transactions.trim().parse().ok()?, rate })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "scaling factor: 1\nnumber of transactions actually processed: 24\n\
        number of failed transactions: 0 (0.000%)\n\
        tps = 7123.504 (without initial connection time)\n";

    #[test]
    fn the_rate_and_the_count_are_read() {
        let ran = read(SAID).unwrap();
        assert_eq!((ran.transactions, ran.rate), (24, 7123.504));
        let of_all = read(&SAID.replace("processed: 24", "processed: 24/24")).unwrap();
        assert_eq!(of_all.transactions, 24);
    }

    #[test]
    fn a_run_with_failures_is_none() {
        assert!(read(&SAID.replace("transactions: 0 ", "transactions: 3 ")).is_none());
    }
}
