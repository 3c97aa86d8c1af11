//! The recipe of a child process: program, arguments, environment, log file, and user.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context, Result};
use rustix::process::Signal;
use tokio::process::Command;

use crate::account::Account;
use crate::log;

/// The signal that a child gets when its parent suddenly ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// SIGKILL.
    Kill,
    /// SIGQUIT, for a program that has children of its own to stop.
    Quit,
}

impl Farewell {
    pub(crate) fn signal(self) -> Signal {
        match self {
            Self::Kill => Signal::KILL,
            Self::Quit => Signal::QUIT,
        }
    }

    /// Returns the name that `setpriv` uses.
    fn name(self) -> &'static str {
        match self {
            Self::Kill => "KILL",
            Self::Quit => "QUIT",
        }
    }
}

/// The recipe of a child.
#[derive(Clone, Debug)]
pub struct Recipe {
    pub(crate) name: String,
    pub(crate) log: PathBuf,
    pub(crate) farewell: Farewell,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    not_inherited: Vec<OsString>,
    folder: Option<PathBuf>,
    clean: bool,
    account: Option<Account>,
}

impl Recipe {
    /// Creates the recipe of a child that is called `name` in messages, with its output in `log`.
    #[must_use]
    pub fn new(name: &str, program: &Path, log: &Path) -> Self {
        Self {
            name: name.to_owned(),
            log: log.to_owned(),
            farewell: Farewell::Kill,
            program: program.to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            not_inherited: Vec::new(),
            folder: None,
            clean: false,
            account: None,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds several arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// Keeps environment variables of ours from the child.
    #[must_use]
    pub fn without(mut self, names: &[OsString]) -> Self {
        self.not_inherited.extend_from_slice(names);
        self
    }

    /// Sets the folder that the child runs in; the default is that of its log.
    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Sets another file for the output.
    #[must_use]
    pub fn log(mut self, log: &Path) -> Self {
        log.clone_into(&mut self.log);
        self
    }

    /// Lets the child inherit nothing but `PATH`: variables that a person has set for other servers
    /// are not for ours.
    #[must_use]
    pub fn clean(mut self) -> Self {
        self.clean = true;
        self
    }

    /// Sets the user that the child runs as.
    #[must_use]
    pub fn account(mut self, account: Option<Account>) -> Self {
        self.account = account;
        self
    }

    /// Sets the signal that the child gets when its parent suddenly ends; the default is SIGKILL.
    #[must_use]
    pub fn farewell(mut self, farewell: Farewell) -> Self {
        self.farewell = farewell;
        self
    }

    /// Runs the program to its end, and returns its output, of which nothing goes to the log.
    pub async fn output(&self) -> Result<Output> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).kill_on_drop(true);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.output().await.with_context(|| format!("cannot run {}", self.program.display()))
    }

    /// Returns the command, wrapped in `setpriv`: only that can arrange, before the program starts,
    /// that it ends with its parent.
    pub(crate) fn command(&self) -> Result<Command> {
        let log = log::open(&self.log)?;
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig").arg(self.farewell.name());
        if let Some(account) = &self.account {
            command.args(account.setpriv());
        }
        command.arg("--").arg(&self.program).args(&self.arguments);
        if self.clean {
            command.env_clear().env("LANG", "C.UTF-8");
            command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        }
        for name in &self.not_inherited {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let folder = self.folder.as_deref().or_else(|| self.log.parent());
        command.current_dir(folder.unwrap_or(Path::new("/")));
        let errors = log.try_clone().context("cannot share the log file")?;
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        // Out of our group: Ctrl-C is for us, who then stop the children in order.
        command.process_group(0).kill_on_drop(true);
        Ok(command)
    }
}
