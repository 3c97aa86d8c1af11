//! One stack of its own: a project name, secrets and ports that nobody else has.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use launcher::{ports, wait};
use serde_json::Value;
use tokio::process::Command;

use super::caller::Caller;
use super::engine::{Engine, docker, inspect, output, whole_output};

/// The services that keep running, in the order in which they start.
pub const SERVICES: [&str; 6] =
    ["store-db", "warehouse-db", "rabbitmq", "store", "warehouse", "worker"];
/// Those of them that are programs of ours.
pub const PROGRAMS: [&str; 3] = ["store", "warehouse", "worker"];
/// The ports that are published: by which setting, of which service, and which it is inside.
pub const PUBLISHED: [(&str, &str, u16); 4] = [
    ("STORE_PORT", "store", 8001),
    ("WAREHOUSE_PORT", "warehouse", 8002),
    ("WORKER_PORT", "worker", 8003),
    ("RABBITMQ_UI_PORT", "rabbitmq", 15672),
];
/// The tag of its images, so that the user's stay.
const TAG: &str = "walk";
/// The time in which all are ready, once the images are built.
const READY: Duration = Duration::from_secs(240);

/// A stack of its own.
#[derive(Clone, Debug)]
pub struct Project {
    /// The name of the project in Compose.
    pub name: String,
    engine: Engine,
    root: PathBuf,
    folder: PathBuf,
    settings: BTreeMap<String, String>,
    tokens: BTreeMap<String, String>,
    ports: BTreeMap<&'static str, u16>,
}

impl Project {
    /// Makes the secrets and chooses the ports.
    pub async fn prepare(engine: Engine, root: &Path) -> Result<Self> {
        let name = format!("lockstep-walk-{}", std::process::id());
        let folder = root.join("target/compose").join(&name);
        DirBuilder::new().mode(0o700).recursive(true).create(&folder)?;
        let mut secrets = Command::new(root.join("deploy/secrets"));
        output(secrets.arg("--into").arg(&folder)).await.context("deploy/secrets")?;
        let ports = PUBLISHED.iter().map(|(setting, ..)| Ok((*setting, ports::free()?)));
        Ok(Self {
            name,
            engine,
            root: root.to_owned(),
            settings: values(&folder.join(".env"))?,
            tokens: values(&folder.join(".secrets/tokens.env"))?,
            ports: ports.collect::<Result<_>>()?,
            folder,
        })
    }

    /// Compose for this project. A variable of the caller's would win over the file.
    #[must_use]
    pub fn compose(&self, arguments: &[&str]) -> Command {
        let mut command = self.compose_with(&self.folder.join(".env"), arguments);
        command.envs(self.ports.iter().map(|(name, port)| (name, port.to_string())));
        command.env("LOCKSTEP_TAG", TAG);
        command
    }

    fn compose_with(&self, settings: &Path, arguments: &[&str]) -> Command {
        let mut command = self.engine.compose();
        command.args(["--project-name", &self.name, "--env-file"]).arg(settings).args(arguments);
        for name in self.settings.keys() {
            command.env_remove(name);
        }
        command.current_dir(&self.root);
        command
    }

    /// Builds the images; what was said stands in a file.
    pub async fn build(&self) -> Result<()> {
        let built = whole_output(&mut self.compose(&["build"])).await?;
        let log = self.folder.join("build.log");
        fs::write(&log, [built.stdout, built.stderr].concat())?;
        ensure!(built.status.success(), "the images cannot be built: see {}", log.display());
        Ok(())
    }

    /// Starts all, and waits until all three programs say that they are ready.
    pub async fn up(&self) -> Result<()> {
        output(&mut self.compose(&["up", "--detach", "--no-build"])).await?;
        for service in PROGRAMS {
            let caller = self.caller(service, None)?;
            wait::until(&format!("{service} to be ready"), READY, async || caller.is_ready().await)
                .await?;
        }
        Ok(())
    }

    /// Without secrets nothing starts, and one line says what to do.
    pub async fn refuses_without_secrets(&self) -> Result<()> {
        let empty = self.folder.join("empty.env");
        fs::write(&empty, "")?;
        let refused = whole_output(&mut self.compose_with(&empty, &["config", "--quiet"])).await?;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        ensure!(!refused.status.success(), "it needs no secrets");
        ensure!(said.contains("run deploy/secrets"), "what is to be done is not said: {said}");
        Ok(())
    }

    /// Keeps what the containers logged, then removes them, their volumes and networks.
    pub async fn down(&self) -> Result<()> {
        if let Ok(logs) = self.logs().await {
            fs::write(self.folder.join("containers.log"), logs)?;
        }
        let arguments = ["down", "--volumes", "--remove-orphans", "--timeout", "15"];
        output(&mut self.compose(&arguments)).await?;
        let label = format!("label=com.docker.compose.project={}", self.name);
        for kind in ["container", "volume", "network"] {
            let left = docker(&[kind, "ls", "--quiet", "--filter", &label]).await?;
            ensure!(left.is_empty(), "a {kind} is left: {left}");
        }
        Ok(())
    }

    /// All that the containers have logged.
    pub async fn logs(&self) -> Result<String> {
        let logs = whole_output(&mut self.compose(&["logs", "--no-color"])).await?;
        Ok(String::from_utf8_lossy(&[logs.stdout, logs.stderr].concat()).into_owned())
    }

    /// The container of a service.
    pub async fn container(&self, service: &str) -> Result<String> {
        let project = format!("label=com.docker.compose.project={}", self.name);
        let service_label = format!("label=com.docker.compose.service={service}");
        let filters = ["ps", "-aq", "--filter", &project, "--filter", &service_label];
        let id = docker(&filters).await?;
        ensure!(!id.is_empty() && id.lines().count() == 1, "containers of {service}: {id:?}");
        Ok(id)
    }

    /// The description of a service's container by Docker.
    pub async fn inspect(&self, service: &str) -> Result<Value> {
        inspect(&self.container(service).await?).await
    }

    /// A port that is published, by its setting.
    #[must_use]
    pub fn port(&self, setting: &str) -> u16 {
        self.ports[setting]
    }

    /// Asks a program as one who has the token of a role (`READ`, `WRITE`, `ADMIN`, `SYNC`), or
    /// none.
    pub fn caller(&self, service: &str, role: Option<&str>) -> Result<Caller> {
        let published = PUBLISHED.iter().find(|(_, of, _)| *of == service);
        let (setting, ..) = published.with_context(|| format!("{service} has no port"))?;
        let token = role.map(|role| self.tokens[&format!("{role}_TOKEN")].clone());
        Caller::new(self.port(setting), token)
    }

    /// Its image of a program.
    #[must_use]
    pub fn image(&self, program: &str) -> String {
        format!("lockstep-{program}:{TAG}")
    }

    /// The version, as Compose prints it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.engine.version
    }

    /// A password of the settings.
    #[must_use]
    pub fn password(&self, name: &str) -> &str {
        &self.settings[name]
    }

    /// The secrets by their names.
    pub fn secrets(&self) -> impl Iterator<Item = (&String, &String)> {
        let passwords = self.settings.iter().filter(|(name, _)| name.ends_with("_PASSWORD"));
        passwords.chain(&self.tokens)
    }
}

/// The values of a file of `NAME=VALUE`.
fn values(path: &Path) -> Result<BTreeMap<String, String>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let value = |line: &str| {
        let (name, value) = line.split_once('=').filter(|_| !line.starts_with('#'))?;
        Some((name.to_owned(), value.to_owned()))
    };
    Ok(text.lines().filter_map(value).collect())
}
