//! A run of schemathesis against one program.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result};
use tokio::process::Command;

/// What is held against the document: no failure of the program, no status, header, type and contents
/// that are not documented.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance";

/// The most time of a run, in seconds: a run that takes longer ends well, with what it has found.
const MAX_TIME: &str = "240";

/// A run: a program, and the caller as whom it is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'a> {
    /// The name of the program.
    pub(crate) program: &'a str,
    /// Its URL.
    pub(crate) url: &'a str,
    /// The name of the caller, and its token if it has one.
    pub(crate) caller: (&'a str, Option<&'a str>),
    /// The requests of each operation that are made up.
    pub(crate) examples: u32,
}

impl Run<'_> {
    /// Returns the name of the run.
    pub(crate) fn name(&self) -> String {
        format!("{} as {}", self.program, self.caller.0)
    }

    /// Runs; returns whether everything was as documented. What was not is in the log, which is shown.
    pub(crate) async fn run(&self, schemathesis: &Path, folder: &Path) -> Result<bool> {
        let settings = folder.join(format!("{}.toml", self.name()));
        fs::write(&settings, self.settings())?;
        let log = folder.join(format!("{}.log", self.name()));
        let file = File::create(&log)?;
        let mut command = Command::new(schemathesis);
        command
            .arg("--config-file")
            .arg(settings)
            .args(["run", &format!("{}/openapi.json", self.url), "--checks", CHECKS])
            .args(["--phases", "examples,coverage,fuzzing", "--generation-deterministic"])
            .args(["--max-examples", &self.examples.to_string(), "--max-time", MAX_TIME])
            .args(["--continue-on-failure", "--no-color", "--request-timeout", "20"])
            // CPython may fail where two threads parse Python at the same time, as hypothesis does.
            .args(["--workers", "1", "--warnings", "off"])
            // In the environment, where other users of the machine do not see it.
            .env("LOCKSTEP_TOKEN", self.caller.1.unwrap_or_default())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .kill_on_drop(true);
        let status = command.status().await.context("cannot run schemathesis")?;
        let written = fs::read_to_string(&log)?;
        let summary = written.lines().rev().find(|line| !line.trim().is_empty());
        println!("{:<24} {}", self.name(), summary.unwrap_or_default().trim_matches(['=', ' ']));
        if !status.success() {
            println!("{written}\nAll of it is in {}", log.display());
        }
        Ok(status.success())
    }

    /// Returns the settings. No request waits for a change that does not come.
    fn settings(&self) -> String {
        let header = match self.caller.1 {
            Some(_) => "headers = { Authorization = \"Bearer ${LOCKSTEP_TOKEN}\" }\n",
            None => "",
        };
        format!("{header}[parameters]\nwait = 0\n")
    }
}

/// Returns the folder of the runs' logs.
pub(crate) fn logs(folder: &Path) -> Result<PathBuf> {
    let logs = folder.join("logs");
    fs::create_dir_all(&logs)?;
    Ok(logs)
}
