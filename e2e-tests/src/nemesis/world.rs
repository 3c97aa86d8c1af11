//! The servers and programs of one run, and a proxy on each link between them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use launcher::postgres::{self, Postgres};
use launcher::process::Process;
use launcher::rabbitmq::{self, RabbitMq};
use rustix::process::Signal;
use service_kit::access::Role;
use shared_models::site::Site;
use tokio::sync::Mutex;

use super::broker::Broker;
use super::databases::Databases;
use super::parts::{Link, Part};
use super::proxy::Proxy;
use crate::program::{Program, binary};
use crate::secured::token;

mod condition;

/// The programs, and what the names of their settings begin with.
const STORE: (&str, &str) = ("store-svc", "STORE");
const WAREHOUSE: (&str, &str) = ("warehouse-svc", "WAREHOUSE");
const WORKER: (&str, &str) = ("sync-worker", "WORKER");

/// All that runs. Dropping it ends it.
#[derive(Debug)]
pub struct World {
    /// The programs.
    pub programs: BTreeMap<Part, Mutex<Program>>,
    /// The server of both databases.
    pub postgres: Mutex<Postgres>,
    /// The broker.
    pub rabbitmq: Mutex<RabbitMq>,
    /// The proxy on each link.
    pub proxies: BTreeMap<Link, Proxy>,
    /// The databases, past all proxies.
    pub databases: Databases,
    /// The broker's management API, past all proxies.
    pub broker: Broker,
    /// Where the data and the logs are.
    pub folder: PathBuf,
    urls: BTreeMap<Part, String>,
}

impl World {
    /// Starts everything with its data in a folder, and waits until it is ready.
    pub async fn start(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let folder = &std::fs::canonicalize(folder)?;
        let logs = folder.join("logs");
        std::fs::create_dir_all(&logs)?;
        let (data, messages) = (folder.join("postgres"), folder.join("rabbitmq"));
        let (postgres, rabbitmq) = tokio::try_join!(
            Postgres::start(&data, postgres::Options::default()),
            RabbitMq::start(&messages, rabbitmq::Options::default()),
        )?;
        for site in Site::ALL {
            postgres.sql("postgres", &format!("create database {site}")).await?;
        }
        let databases = Databases::new(|site| postgres.url(site.as_str()));
        let mut ports = BTreeMap::from([
            (Part::Postgres, postgres.port()),
            (Part::RabbitMq, rabbitmq.ports().amqp),
        ]);
        let broker = Broker::new(&rabbitmq.api_url())?;
        let mut world = Self {
            programs: BTreeMap::new(),
            proxies: BTreeMap::new(),
            urls: BTreeMap::new(),
            postgres: Mutex::new(postgres),
            rabbitmq: Mutex::new(rabbitmq),
            databases,
            broker,
            folder: folder.to_owned(),
        };
        for part in Part::PROGRAMS {
            let program = world.add(part, &logs, &ports).await?;
            ports.insert(part, port_of(program.url())?);
            world.urls.insert(part, program.url().to_owned());
            world.programs.insert(part, Mutex::new(program));
        }
        world.ready().await?;
        world.databases.watch().await?;
        Ok(world)
    }

    /// Starts a program; what it connects to is behind proxies.
    async fn add(
        &mut self,
        part: Part,
        logs: &Path,
        ports: &BTreeMap<Part, u16>,
    ) -> Result<Program> {
        for link in Link::ALL.into_iter().filter(|link| link.from == part) {
            let upstream = ports.get(&link.to).context("the order of the parts")?;
            self.proxies.insert(link, Proxy::start(*upstream).await?);
        }
        let port = |to| self.proxies[&Link::new(part, to)].port();
        let mut settings = vec![("LOG__FILTER", "info,lapin=off,actix_server=warn".to_owned())];
        let amqp = self.rabbitmq.get_mut().amqp_url();
        settings.push(("BROKER__URL", through(&amqp, port(Part::RabbitMq))?));
        let (kind, prefix) = match part {
            Part::Store => STORE,
            Part::Warehouse => WAREHOUSE,
            Part::Worker1 | Part::Worker2 => WORKER,
            Part::RabbitMq | Part::Postgres => anyhow::bail!("{part} is no program of ours"),
        };
        if (kind, prefix) == WORKER {
            for (name, site) in [("STORE__URL", Part::Store), ("WAREHOUSE__URL", Part::Warehouse)] {
                settings.push((name, format!("http://127.0.0.1:{}", port(site))));
            }
            for name in ["STORE__TOKEN", "WAREHOUSE__TOKEN"] {
                settings.push((name, token(Role::Sync).expose().to_owned()));
            }
        } else {
            let url = self.postgres.get_mut().url(part.as_str());
            settings.push(("DATABASE__URL", through(&url, port(Part::Postgres))?));
        }
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, &**value)).collect();
        let file = self.folder.join(kind);
        if !file.exists() {
            // A run of its own files, so that nobody builds others under it; they stay with the
            // logs.
            std::fs::copy(binary(kind), &file)?;
        }
        let mut program = Program::of(part.as_str(), &file, prefix, logs, &settings);
        program.try_to_start().await?;
        Ok(program)
    }

    /// Where a program serves, past all proxies.
    #[must_use]
    pub fn url(&self, part: Part) -> &str {
        &self.urls[&part]
    }

    /// Ends everything.
    pub async fn stop(mut self) {
        for program in self.programs.values_mut() {
            if program.get_mut().process().is_some() {
                program.get_mut().kill().await;
            }
        }
        tokio::join!(self.postgres.get_mut().kill(), self.rabbitmq.get_mut().kill());
    }
}

impl Drop for World {
    /// Whoever is stopped does not obey: it is to go on, so that it can end.
    fn drop(&mut self) {
        let go_on = |process: Option<&Process>| {
            if let Some(process) = process {
                process.signal_tree(Signal::CONT);
            }
        };
        self.programs.values_mut().for_each(|program| go_on(program.get_mut().process()));
        go_on(self.postgres.get_mut().process());
        go_on(self.rabbitmq.get_mut().process());
    }
}

/// Removes what nobody has to look into where all was well: all but the logs.
pub fn remove_data(folder: &Path) -> Result<()> {
    for data in ["postgres", "rabbitmq"] {
        std::fs::remove_dir_all(folder.join(data))?;
    }
    for (program, _) in [STORE, WAREHOUSE, WORKER] {
        std::fs::remove_file(folder.join(program))?;
    }
    Ok(())
}

/// A URL with another port.
fn through(url: &str, port: u16) -> Result<String> {
    let (before, after) = url.rsplit_once(':').context("a URL with a port")?;
    let path = after.split_once('/').map_or("", |(_, path)| path);
    Ok(format!("{before}:{port}/{path}"))
}

fn port_of(url: &str) -> Result<u16> {
    Ok(url.rsplit_once(':').context("a URL with a port")?.1.parse()?)
}
