//! One of the three programs as a process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use launcher::process::Process;
use launcher::recipe::Recipe;
use program_kit::access::Role;
use rustix::process::Signal;
use test_kit::get;

use crate::secured;

/// The longest that a program may take to be ready, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program that a test may stop and start again, on the same port with the same settings.
#[derive(Debug)]
pub struct Program {
    recipe: Recipe,
    name: String,
    logs: PathBuf,
    starts: usize,
    url: String,
    process: Option<Process>,
}

impl Program {
    /// A program that is not started yet. `prefix` begins the names of its settings.
    #[must_use]
    pub fn new(name: &str, prefix: &str, logs: &Path, settings: &[(&str, &str)]) -> Self {
        Self::of(name, &binary(name), prefix, logs, settings)
    }

    /// One that runs a given file, under a name of its own.
    #[must_use]
    pub fn of(
        name: &str,
        file: &Path,
        prefix: &str,
        logs: &Path,
        settings: &[(&str, &str)],
    ) -> Self {
        let port = launcher::ports::free().unwrap();
        let recipe = Recipe::new(name, file, &logs.join(format!("{name}.log")))
            .env(&format!("{prefix}__HTTP__PORT"), port.to_string())
            .env(&format!("{prefix}__LOG__FILTER"), "debug,lapin=off");
        let set = |recipe: Recipe, (name, value): &(&str, &str)| {
            recipe.env(&format!("{prefix}__{name}"), value)
        };
        let recipe = settings.iter().fold(recipe, set);
        let secure = |recipe: Recipe, (name, value): (String, String)| {
            recipe.env(&format!("{prefix}__{name}"), value)
        };
        let recipe = secured::settings().fold(recipe, secure);
        let url = format!("http://127.0.0.1:{port}");
        let (name, logs) = (name.to_owned(), logs.to_owned());
        Self { recipe, name, logs, starts: 0, url, process: None }
    }

    /// The same program with further settings, not started yet. It has the same port, so only one of the
    /// two can run.
    #[must_use]
    pub fn with(&self, name: &str, prefix: &str, settings: &[(&str, &str)]) -> Self {
        let set = |recipe: Recipe, (name, value): &(&str, &str)| {
            recipe.env(&format!("{prefix}__{name}"), value)
        };
        let recipe = settings.iter().fold(self.recipe.clone(), set);
        let (name, logs, url) = (name.to_owned(), self.logs.clone(), self.url.clone());
        Self { recipe, name, logs, starts: 0, url, process: None }
    }

    /// Has it send its spans to a collector from its next start on.
    pub fn send_spans_to(&mut self, collector: &str) {
        self.set_variable("OTEL_EXPORTER_OTLP_ENDPOINT", collector);
        // In milliseconds: tests wait for them.
        self.set_variable("OTEL_BSP_SCHEDULE_DELAY", "100");
    }

    /// Sets a variable of its environment from its next start on.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.recipe = self.recipe.clone().env(name, value);
    }

    /// Where it serves.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Starts it and waits until it answers.
    pub async fn start(&mut self) {
        self.try_to_start().await.unwrap();
    }

    /// Starts the program; an error where it is not ready in time.
    pub async fn try_to_start(&mut self) -> Result<()> {
        self.spawn().await?;
        let live = format!("{}/health/live", self.url);
        let answers = async || get(&live).await.is_ok();
        let process = self.process.as_ref().context("it was started")?;
        process.ready(PATIENCE, answers).await
    }

    /// Starts it, and waits for nothing. Each start has a log of its own.
    pub async fn spawn(&mut self) -> Result<()> {
        self.starts += 1;
        let log = match self.starts {
            1 => format!("{}.log", self.name),
            later => format!("{}.{later}.log", self.name),
        };
        let recipe = self.recipe.clone().log(&self.logs.join(log));
        self.process = Some(Process::spawn(recipe).await?);
        Ok(())
    }

    /// Runs a subcommand of it to its end, with the same settings.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        self.recipe.clone().args(arguments).output().await.unwrap()
    }

    /// Its process, while it runs or after it ended by itself.
    #[must_use]
    pub const fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }

    /// Asks it to stop, and says what was wrong with how it did.
    pub async fn try_to_stop(&mut self, limit: Duration) -> Result<()> {
        let process = self.process.take().context("it does not run")?;
        let began = Instant::now();
        process.stop(Signal::TERM, PATIENCE).await;
        let took = began.elapsed();
        let status = process.ended().await;
        ensure!(status.is_some_and(|status| status.success()), "{}", process.describe_exit(status));
        ensure!(took <= limit, "{} took {took:.1?} to stop; it may take {limit:?}", self.name);
        Ok(())
    }

    /// Asks it to stop, waits until it has, and expects that it did so in good order.
    pub async fn stop(&mut self) {
        self.try_to_stop(PATIENCE).await.unwrap();
    }

    /// Ends it at whatever it is doing.
    pub async fn kill(&mut self) {
        let process = self.process.take().expect("it runs");
        process.stop(Signal::KILL, PATIENCE).await;
    }
}

/// Copies a program as cargo has built it into a folder, once: a run is to go on with it while
/// others build.
pub fn copy_of(name: &str, folder: &Path) -> Result<PathBuf> {
    let file = folder.join(name);
    if !file.exists() {
        fs::copy(binary(name), &file)?;
    }
    Ok(file)
}

/// Has a service make the tables of a database at the URL of their owner.
pub async fn migrate(program: &Path, prefix: &str, owner: &str, log: &Path) -> Result<()> {
    let recipe = Recipe::new("migrate", program, log).arg("migrate");
    Process::complete(recipe.env(&format!("{prefix}__DATABASE__URL"), owner)).await
}

/// The settings by which a worker finds the sides, and is let in.
#[must_use]
pub fn settings_of_sides<'a>(store: &'a str, warehouse: &'a str) -> [(&'static str, &'a str); 4] {
    let token = secured::token(Role::Sync).expose();
    [
        ("STORE__URL", store),
        ("STORE__TOKEN", token),
        ("WAREHOUSE__URL", warehouse),
        ("WAREHOUSE__TOKEN", token),
    ]
}

/// A program as cargo has built it: beside us, or beside the folder of the test that runs.
fn binary(name: &str) -> PathBuf {
    let us = std::env::current_exe().unwrap();
    let folder = us.parent().unwrap();
    let folder = if folder.ends_with("deps") { folder.parent().unwrap() } else { folder };
    let path = folder.join(name);
    // A file that is gone was named in others, which have been edited since.
    let mut sources = sources(&path).into_iter().filter(|source| source.exists());
    let newer = sources.find(|source| written(source) > written(&path));
    if let Some(source) = newer {
        panic!("{} is older than {}; {HOW}", path.display(), source.display());
    }
    path
}

const HOW: &str = "build it by `deploy/test -- cargo test --workspace`, which builds the programs \
     before it runs the tests";

fn written(file: &Path) -> SystemTime {
    let time = fs::metadata(file).and_then(|file| file.modified());
    time.unwrap_or_else(|_| panic!("{} is not there; {HOW}", file.display()))
}

/// The files that `cargo build` has built a program from, as it says beside it. `cargo test` says
/// nothing, but then it has just built the program.
fn sources(program: &Path) -> Vec<PathBuf> {
    let Ok(text) = fs::read_to_string(program.with_extension("d")) else { return vec![] };
    let (_, files) = text.trim().split_once(": ").expect("a rule for make");
    // A blank that belongs to a name is escaped.
    let files = files.replace("\\ ", "\0");
    files.split(' ').map(|file| PathBuf::from(file.replace('\0', " "))).collect()
}
