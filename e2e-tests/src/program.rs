//! One of the three programs as a process.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use launcher::process::Process;
use launcher::recipe::Recipe;
use rustix::process::Signal;

/// How long a program may take to be ready, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program that a test may stop and start again, on the same port with the same settings.
#[derive(Debug)]
pub struct Program {
    recipe: Recipe,
    url: String,
    process: Option<Process>,
}

impl Program {
    /// A program that is not started yet. `prefix` begins the names of its settings.
    #[must_use]
    pub fn new(name: &str, prefix: &str, logs: &Path, settings: &[(&str, &str)]) -> Self {
        let port = launcher::ports::free().unwrap();
        let log = logs.join(format!("{name}.log"));
        let recipe = Recipe::new(name, &binary(name), &log)
            .env(&format!("{prefix}__HTTP__PORT"), port.to_string())
            .env(&format!("{prefix}__LOG__FILTER"), "debug,lapin=off");
        let set = |recipe: Recipe, (name, value): &(&str, &str)| {
            recipe.env(&format!("{prefix}__{name}"), value)
        };
        let recipe = settings.iter().fold(recipe, set);
        Self { recipe, url: format!("http://127.0.0.1:{port}"), process: None }
    }

    /// Where it serves.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Starts it and waits until it answers.
    pub async fn start(&mut self) {
        let process = Process::spawn(self.recipe.clone()).await.unwrap();
        let live = format!("{}/health/live", self.url);
        let answers = async || reqwest::get(&live).await.is_ok();
        process.ready(PATIENCE, answers).await.unwrap();
        self.process = Some(process);
    }

    /// Asks it to stop, waits until it has, and expects that it did so in good order.
    pub async fn stop(&mut self) {
        let process = self.process.take().expect("it runs");
        process.stop(Signal::TERM, PATIENCE).await;
        let status = process.ended().await.expect("it ended");
        assert!(status.success(), "{}", process.obituary(Some(status)));
    }

    /// Ends it at whatever it is doing.
    pub async fn kill(&mut self) {
        let process = self.process.take().expect("it runs");
        process.stop(Signal::KILL, PATIENCE).await;
    }
}

/// The program as cargo has built it, beside the test that runs.
fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join(name);
    let newer = sources(&path).into_iter().find(|source| written(source) > written(&path));
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
