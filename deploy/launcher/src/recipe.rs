//! What to run: program, arguments, environment, log file, and as whom.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};
use rustix::process::Signal;
use tokio::process::Command;

use crate::account::Account;
use crate::log;

/// What a child gets when whoever started it is suddenly gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// SIGKILL.
    Kill,
    /// SIGQUIT, for one that has children of its own to take along.
    Quit,
}

impl Farewell {
    pub(crate) fn signal(self) -> Signal {
        match self {
            Self::Kill => Signal::KILL,
            Self::Quit => Signal::QUIT,
        }
    }

    /// As `setpriv` calls it.
    fn name(self) -> &'static str {
        match self {
            Self::Kill => "KILL",
            Self::Quit => "QUIT",
        }
    }
}

/// How a child is to be started.
#[derive(Clone, Debug)]
pub struct Recipe {
    pub(crate) name: String,
    pub(crate) log: PathBuf,
    pub(crate) farewell: Farewell,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    clean: bool,
    account: Option<Account>,
}

impl Recipe {
    /// A child called `name` in messages, whose output goes to `log`.
    #[must_use]
    pub fn new(name: &str, program: &Path, log: &Path) -> Self {
        Self {
            name: name.to_owned(),
            log: log.to_owned(),
            farewell: Farewell::Kill,
            program: program.to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            clean: false,
            account: None,
        }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Several more arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// One more environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// The folder it runs in; that of its log if nothing is said.
    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Another file for its output.
    #[must_use]
    pub fn log(mut self, log: &Path) -> Self {
        log.clone_into(&mut self.log);
        self
    }

    /// Inherits nothing but `PATH`: what a person has set for servers of their own is not for ours.
    #[must_use]
    pub fn clean(mut self) -> Self {
        self.clean = true;
        self
    }

    /// Runs as this user.
    #[must_use]
    pub fn account(mut self, account: Option<Account>) -> Self {
        self.account = account;
        self
    }

    /// What it gets when whoever started it is suddenly gone; SIGKILL if nothing is said.
    #[must_use]
    pub fn farewell(mut self, farewell: Farewell) -> Self {
        self.farewell = farewell;
        self
    }

    /// The command, wrapped in `setpriv`, which alone can say before the program starts that it is
    /// to die with us.
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
