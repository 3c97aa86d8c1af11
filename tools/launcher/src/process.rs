//! A child process in a group of its own: waited for, stopped with a deadline, never left behind.

use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::identity::Identity;
use crate::recipe::Recipe;
use crate::{log, spawner, wait};

/// The time that a child has to end after its farewell signal when it is dropped.
const DROPPED: Duration = Duration::from_secs(3);

/// A running child, or one that has ended. Dropping it ends the child.
#[derive(Debug)]
pub struct Process {
    recipe: Recipe,
    identity: Identity,
    end: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// Starts the command of a recipe.
    pub async fn spawn(recipe: Recipe) -> Result<Self> {
        let command = recipe.command()?;
        let child = spawner::spawn(command)
            .await
            .with_context(|| format!("cannot start {} (is setpriv there?)", recipe.name))?;
        let pid = child.id().context("a child without an id")?;
        let identity = Identity::of(pid)?;
        let (sender, end) = watch::channel(None);
        tokio::spawn(collect(child, sender));
        Ok(Self { recipe, identity, end })
    }

    /// Runs a command that ends by itself; an error if it fails.
    pub async fn complete(recipe: Recipe) -> Result<()> {
        let process = Self::spawn(recipe).await?;
        match process.ended().await {
            Some(status) if status.success() => Ok(()),
            status => bail!(process.describe_exit(status)),
        }
    }

    /// Returns the name for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.recipe.name
    }

    /// Returns the identity of the process.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Returns the log file.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.recipe.log
    }

    /// Returns whether the process has not ended.
    #[must_use]
    pub fn running(&self) -> bool {
        self.end.borrow().is_none() && self.identity.alive()
    }

    /// Waits until the process has ended, and returns its exit status (none if it cannot be known).
    pub fn ended(&self) -> impl Future<Output = Option<ExitStatus>> + Send + 'static {
        let mut end = self.end.clone();
        async move { end.wait_for(Option::is_some).await.ok().and_then(|status| *status) }
    }

    /// Waits until `ready` returns true; if the process ends before, the error shows the last lines
    /// of its log.
    pub async fn ready(&self, limit: Duration, ready: impl AsyncFnMut() -> bool) -> Result<()> {
        tokio::select! {
            status = self.ended() => bail!(self.describe_exit(status)),
            waited = wait::until(self.name(), limit, ready) => waited.map_err(|error| {
                let (log, tail) = (self.log().display(), log::tail(self.log(), 20));
                anyhow!("{error}; {log} ends:\n{tail}")
            }),
        }
    }

    /// Returns the message for a process that ended by itself.
    #[must_use]
    pub fn describe_exit(&self, status: Option<ExitStatus>) -> String {
        let how = status.map_or_else(|| "unknown".to_owned(), |status| status.to_string());
        let (name, log) = (self.name(), self.log().display());
        format!("{name} has stopped ({how}); {log} ends:\n{}", log::tail(self.log(), 20))
    }

    /// Signals the whole process group, unless the process has ended.
    pub fn signal(&self, signal: Signal) {
        let group = i32::try_from(self.identity.pid).ok().and_then(Pid::from_raw);
        if let Some(group) = group.filter(|_| self.running()) {
            // It may end between the look and the signal, which is what we wanted.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Signals the process and all its descendants, whatever their groups.
    pub fn signal_tree(&self, signal: Signal) {
        for identity in self.identity.tree() {
            // One that has ended since needs no signal.
            let _ = identity.signal(signal);
        }
    }

    /// Kills the process and all its descendants, as a crash of the machine would, and waits until
    /// none is left: a child that is still there would be in the way of the next start.
    pub async fn kill_tree(&self, limit: Duration) -> Result<()> {
        // Whoever is stopped starts no more children.
        self.signal_tree(Signal::STOP);
        let tree = self.identity.tree();
        for identity in &tree {
            let _ = identity.signal(Signal::KILL);
        }
        let none = async || !tree.iter().any(Identity::alive);
        wait::until("the end of all processes of a server", limit, none).await
    }

    /// Asks the process to end with `signal`, and kills it if it has not after `limit`.
    pub async fn stop(&self, signal: Signal, limit: Duration) {
        self.signal(signal);
        if timeout(limit, self.ended()).await.is_err() {
            self.signal(Signal::KILL);
            self.ended().await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.running() {
            return;
        }
        self.signal(self.recipe.farewell.signal());
        let deadline = Instant::now() + DROPPED;
        // A folder that is removed after this must not be written to any more.
        while self.identity.alive() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.signal(Signal::KILL);
    }
}

/// Waits for the child to end and sends its exit status to all that wait.
async fn collect(mut child: Child, end: watch::Sender<Option<ExitStatus>>) {
    if let Ok(status) = child.wait().await {
        end.send_replace(Some(status));
    }
}
