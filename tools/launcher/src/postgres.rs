//! A private PostgreSQL server: its data in a folder, on 127.0.0.1 only, with passwords for all
//! users.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;

use crate::account::Account;
use crate::find::{self, PostgresPrograms};
use crate::process::Process;
use crate::psql::{self, Login};
use crate::recipe::{Farewell, Recipe};
use crate::{ports, secret};

mod data;
mod roles;

pub use roles::Roles;

/// The statement that closes the administrative databases to all but the superuser.
const NOBODY_ELSE: &str = "revoke all on database postgres, template1 from public";
/// The name of the superuser.
const USER: &str = "postgres";
/// The time that the server has to start: after a crash it has to replay its log first.
const START: Duration = Duration::from_secs(120);
const STOP: Duration = Duration::from_secs(30);

/// The options of a server.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port; none: any free one.
    pub port: Option<u16>,
    /// The superuser's password. It is set at the first start.
    pub password: String,
    /// Whether committed data has to survive a power cut. Tests are faster without.
    pub durable: bool,
    /// The maximum number of connections.
    pub max_connections: u16,
    /// Further settings, each as `name=value`.
    pub settings: Vec<String>,
    /// The log file; none: `postgres.log` in the server's folder.
    pub log: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: None,
            password: secret::random(),
            durable: false,
            max_connections: 400,
            settings: vec![],
            log: None,
        }
    }
}

/// A server that runs, or that was stopped and can be started again. Dropping it stops it.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    options: Options,
    port: u16,
    programs: PostgresPrograms,
    account: Option<Account>,
    process: Option<Process>,
}

impl Postgres {
    /// Starts a server with its data in `folder`, which are made at the first start, and waits
    /// until it accepts connections.
    pub async fn start(folder: &Path, options: Options) -> Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let folder = fs::canonicalize(folder)?;
        let version = fs::read_to_string(folder.join("data/PG_VERSION")).ok();
        let version = version.map(|version| version.trim().parse()).transpose()?;
        let port = options.port.map_or_else(ports::free, Ok)?;
        let mut server = Self {
            programs: find::postgres(version)?,
            account: Account::for_postgres(&folder.join("data"))?,
            process: None,
            folder,
            options,
            port,
        };
        if version.is_none() {
            let Self { folder, programs, account, options, .. } = &server;
            data::make(folder, programs, account.as_ref(), options).await?;
        }
        server.start_again().await?;
        Ok(server)
    }

    /// Starts the server again after [`Self::stop`] or [`Self::kill`], on the same port with the
    /// same data.
    pub async fn start_again(&mut self) -> Result<()> {
        self.process = None;
        let process = Process::spawn(self.recipe()).await?;
        process.ready(START, async || self.sql("postgres", "SELECT 1").await.is_ok()).await?;
        self.process = Some(process);
        Ok(())
    }

    /// Stops the server in good order, ending the open connections.
    pub async fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.stop(Signal::INT, STOP).await;
        }
    }

    /// Stops the server as a crash does: no checkpoint, the next start replays the log.
    pub async fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            // SIGKILL would leave its own children behind for a while, in the way of the next
            // start.
            process.stop(Signal::QUIT, Duration::from_secs(10)).await;
        }
    }

    /// Kills every process of the server, whatever it is doing. (After [`Self::kill`] nothing of it
    /// is left in the kernel; after this the next start has to clean up.)
    pub async fn crash(&mut self) -> Result<()> {
        match self.process.take() {
            Some(process) => process.kill_tree(STOP).await,
            None => Ok(()),
        }
    }

    /// Runs SQL as the superuser, and returns the rows, one a line.
    pub async fn sql(&self, database: &str, script: &str) -> Result<String> {
        let login =
            Login { port: self.port, user: USER, password: &self.options.password, database };
        psql::run(&self.programs.folder, &login, script).await
    }

    /// Creates the roles of services and their databases, or updates them. Each role can connect to
    /// its own database only.
    pub async fn make_roles(&self, services: &[Roles]) -> Result<()> {
        for roles in services {
            let made = self.sql("postgres", &roles.script()).await;
            made.with_context(|| format!("making the roles of the {}", roles.service))?;
        }
        let closed = self.sql("postgres", NOBODY_ELSE).await;
        closed.map(drop).context("closing the other databases")
    }

    /// Returns the superuser's URL of a database.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{}@127.0.0.1:{}/{database}", self.options.password, self.port)
    }

    /// Returns the port of the server.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the server process, while there is one.
    #[must_use]
    pub fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }

    fn recipe(&self) -> Recipe {
        let log = self.options.log.clone().unwrap_or_else(|| self.folder.join("postgres.log"));
        let mut settings = vec![
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            // Paths of sockets have a limit that a deep folder passes.
            "unix_socket_directories=".to_owned(),
            format!("max_connections={}", self.options.max_connections),
            "timezone=UTC".to_owned(),
            "log_timezone=UTC".to_owned(),
        ];
        if !self.options.durable {
            // Not synchronous_commit, without which a crash of the server alone would lose what it
            // has said is committed; these two are about a crash of the machine.
            settings.extend(["fsync=off", "full_page_writes=off"].map(str::to_owned));
        }
        settings.extend_from_slice(&self.options.settings);
        let program = self.programs.folder.join("postgres");
        let recipe =
            Recipe::new("PostgreSQL", &program, &log).arg("-D").arg(self.folder.join("data"));
        let recipe =
            settings.into_iter().fold(recipe, |recipe, setting| recipe.arg("-c").arg(setting));
        // SIGQUIT: it takes its own children along, which SIGKILL does not.
        recipe.clean().account(self.account.clone()).farewell(Farewell::Quit)
    }
}
