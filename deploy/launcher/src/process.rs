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

/// How long a child may take to obey its farewell signal when it is dropped.
const DROPPED: Duration = Duration::from_secs(3);

/// A running child, or one that has ended. Dropping it ends it.
#[derive(Debug)]
pub struct Process {
    recipe: Recipe,
    identity: Identity,
    end: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// Starts what the recipe says.
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

    /// Runs what ends by itself; an error where it fails.
    pub async fn complete(recipe: Recipe) -> Result<()> {
        let process = Self::spawn(recipe).await?;
        match process.ended().await {
            Some(status) if status.success() => Ok(()),
            status => bail!(process.obituary(status)),
        }
    }

    /// What messages call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.recipe.name
    }

    /// Which process it is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// The file its output goes to.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.recipe.log
    }

    /// Has it not ended?
    #[must_use]
    pub fn running(&self) -> bool {
        self.end.borrow().is_none() && self.identity.alive()
    }

    /// Waits until it has ended, and says how (nothing where that cannot be known).
    pub fn ended(&self) -> impl Future<Output = Option<ExitStatus>> + Send + 'static {
        let mut end = self.end.clone();
        async move { end.wait_for(Option::is_some).await.ok().and_then(|status| *status) }
    }

    /// Waits until `ready` says yes; an error that shows its last lines when it ends before.
    pub async fn ready(&self, limit: Duration, ready: impl AsyncFnMut() -> bool) -> Result<()> {
        tokio::select! {
            status = self.ended() => bail!(self.obituary(status)),
            waited = wait::until(self.name(), limit, ready) => waited.map_err(|error| {
                let (log, tail) = (self.log().display(), log::tail(self.log(), 20));
                anyhow!("{error}; {log} ends:\n{tail}")
            }),
        }
    }

    /// What to tell a person when it ended by itself.
    #[must_use]
    pub fn obituary(&self, status: Option<ExitStatus>) -> String {
        let how = status.map_or_else(|| "unknown".to_owned(), |status| status.to_string());
        let (name, log) = (self.name(), self.log().display());
        format!("{name} has stopped ({how}); {log} ends:\n{}", log::tail(self.log(), 20))
    }

    /// Signals its whole group, unless it has ended.
    pub fn signal(&self, signal: Signal) {
        let group = i32::try_from(self.identity.pid).ok().and_then(Pid::from_raw);
        if let Some(group) = group.filter(|_| self.running()) {
            // It may end between the look and the signal, which is what we wanted.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Signals it, and all that descend from it, whatever their groups.
    pub fn signal_tree(&self, signal: Signal) {
        for identity in self.identity.tree() {
            // One that has ended since needs no signal.
            let _ = identity.signal(signal);
        }
    }

    /// Kills it and all that descend from it, as the machine's last moment would, and waits until
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

    /// Asks it with `signal` to end, and kills it when it has not after `limit`.
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

/// Collects the child when it ends and tells whoever waits.
async fn collect(mut child: Child, end: watch::Sender<Option<ExitStatus>>) {
    if let Ok(status) = child.wait().await {
        end.send_replace(Some(status));
    }
}
