//! `deploy/up`: starts everything, waits, and stops it when asked to or when a part ends.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

pub use super::endpoints::Access;
use super::endpoints::{self, Endpoints};
use super::folder::{Folder, Lock};
use super::given::Given;
use super::running::Running;
use super::secrets::Secrets;
use super::sources::Sources;
use super::state::State;
use super::{front, leftovers, programs, settle};
use crate::disk;
use crate::progress::Progress;
use crate::stop::Stop;

/// The mode in which a stack is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// In this process, until Ctrl-C.
    Foreground,
    /// By a supervisor in the background; this process waits until all parts are ready.
    Detached,
    /// As that supervisor.
    Supervisor,
}

/// The kind of stack that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The access to the services.
    pub access: Access,
    /// Whether the sample sources are started, and the worker is connected to them.
    pub sources: bool,
}

/// Starts the stack of the checkout `root`, or shows the running one.
pub async fn run(root: &Path, mode: Mode, wanted: Wanted) -> Result<ExitCode> {
    let given = Given::of(std::env::vars_os())?;
    given.check(wanted.access)?;
    let folder = Folder::of(root);
    folder.prepare()?;
    let Some(lock) = folder.lock()? else {
        return already(&folder, wanted);
    };
    match mode {
        Mode::Detached => {
            drop(lock);
            front::run(root, &folder, wanted).await
        }
        Mode::Foreground | Mode::Supervisor => {
            if mode == Mode::Supervisor {
                // A session of our own: the terminal's end is not ours.
                rustix::process::setsid()?;
            }
            supervise(&folder, lock, mode, wanted, &given).await
        }
    }
}

/// Shows the endpoints.
pub(super) fn show(folder: &Folder, endpoints: &Endpoints) {
    println!("{}", endpoints.table(folder.path()));
}

fn already(folder: &Folder, wanted: Wanted) -> Result<ExitCode> {
    let Wanted { access, sources } = wanted;
    let state = State::load(folder)?;
    match state.and_then(|state| state.ready) {
        Some(endpoints) if endpoints.tokens.is_some() != (access == Access::Secured) => {
            let how = if access == Access::Secured { "without" } else { "with" };
            bail!("Lockstep is running here already, {how} tokens: stop it first, by deploy/down")
        }
        Some(endpoints) if sources && endpoints.sources.is_none() => {
            bail!(
                "Lockstep is running here already, without sources: stop it first, by deploy/down"
            )
        }
        Some(endpoints) => {
            println!(
                "Lockstep is running here already, with the settings that it was started with; \
                 deploy/down stops it."
            );
            show(folder, &endpoints);
            Ok(ExitCode::SUCCESS)
        }
        None => bail!("Lockstep is just being started or stopped here; try again in a moment"),
    }
}

async fn supervise(
    folder: &Folder,
    lock: Lock,
    mode: Mode,
    wanted: Wanted,
    given: &Given,
) -> Result<ExitCode> {
    let mut stop = Stop::listen()?;
    let progress = Progress::default();
    leftovers::end(folder).await?;
    disk::check(folder.path())?;
    // For deploy/down, which then has nothing to build.
    folder.write("launcher", &std::env::current_exe()?.display().to_string())?;
    let mut state = State::new()?;
    state.save(folder)?;
    let mut running = Running::default();
    let started = tokio::select! {
        started = start(folder, (wanted, given), &mut running, &mut state, &progress) => Some(started),
        () = stop.asked() => None,
    };
    let outcome = match started {
        None => {
            progress.say("stopped before everything was ready");
            Ok(ExitCode::FAILURE)
        }
        Some(Err(error)) => Err(error),
        Some(Ok(endpoints)) => {
            if mode == Mode::Foreground {
                show(folder, &endpoints);
                println!("Ctrl-C stops everything.");
            }
            tokio::select! {
                broken = running.broken() => Err(anyhow::anyhow!(broken)),
                () = stop.asked() => Ok(ExitCode::SUCCESS),
            }
        }
    };
    if let Err(error) = &outcome {
        progress.say(&format!("lockstep: {error:#}"));
    }
    folder.remove(endpoints::FILE)?;
    folder.remove(programs::WORKER_FILE)?;
    tokio::select! {
        () = running.stop(&progress) => {}
        () = stop.asked() => progress.say("asked again: killing what is left"),
    }
    drop(running);
    State::forget(folder)?;
    drop(lock);
    Ok(outcome.unwrap_or(ExitCode::FAILURE))
}

async fn start(
    folder: &Folder,
    (wanted, given): (Wanted, &Given),
    running: &mut Running,
    state: &mut State,
    progress: &Progress,
) -> Result<Endpoints> {
    let secrets = Secrets::load(folder)?;
    let ports = settle::settle(folder, given, |line| progress.say(line))?;
    let settled = wanted.sources.then(|| settle::sources(folder, |line| progress.say(line)));
    let sources = settled.transpose()?.map(|ports| Sources::new(ports, &secrets, given));
    let addresses = sources.as_ref().map(Sources::addresses);
    let endpoints = Endpoints::new(ports, &secrets, wanted.access, addresses);
    running.start_servers(folder, ports, &secrets, progress).await?;
    state.children = running.identities();
    state.save(folder)?;
    if let Some(sources) = &sources {
        running.start_sources(folder, sources, progress).await?;
        state.children = running.identities();
        state.save(folder)?;
    }
    let programs = programs::all(ports, &endpoints, &secrets, sources.as_ref(), given);
    running.start_programs(folder, &programs, progress).await?;
    state.children = running.identities();
    state.ready = Some(endpoints.clone());
    folder.write(endpoints::FILE, &(endpoints.env_file() + &running.pid_lines()))?;
    folder.write(programs::WORKER_FILE, &programs::worker_file(&programs, &endpoints)?)?;
    state.save(folder)?;
    Ok(endpoints)
}
