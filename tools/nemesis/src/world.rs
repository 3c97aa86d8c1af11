//! The servers and programs of one run, and a proxy on each link between them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use launcher::postgres::{self, Postgres, Roles};
use launcher::process::Process;
use launcher::rabbitmq::{self, RabbitMq};
use process_kit::Program;
use rustix::process::Signal;
use shared_models::side::Side;
use tokio::sync::Mutex;

use super::broker::Broker;
use super::databases::Databases;
use super::ongoing::OngoingFaults;
use super::parts::{Link, Part};
use super::proxy::Proxy;
use super::sources::Sources;

mod adding;
mod condition;

use adding::Kind;

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
    /// The number of orders that were put back. Whoever puts one back holds this.
    pub set_backs: Mutex<usize>,
    /// The services outside.
    pub sources: Arc<Sources>,
    /// The faults that go on.
    pub ongoing: OngoingFaults,
    /// Where the data and the logs are.
    pub folder: PathBuf,
    roles: [Roles; 2],
    urls: BTreeMap<Part, String>,
}

impl World {
    /// Starts everything with its data in a folder, and waits until it is ready. Whether the remote heeds
    /// keys comes from the seed.
    pub async fn start(folder: &Path, seed: u64) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let folder = &std::fs::canonicalize(folder)?;
        let logs = folder.join("logs");
        std::fs::create_dir_all(&logs)?;
        let (data, messages) = (folder.join("postgres"), folder.join("rabbitmq"));
        let (postgres, rabbitmq) = tokio::try_join!(
            Postgres::start(&data, postgres::Options::default()),
            RabbitMq::start(&messages, rabbitmq::Options::default()),
        )?;
        let roles = Side::ALL.map(|side| Roles::random(side.as_str()));
        postgres.make_roles(&roles).await?;
        let databases = Databases::new(|side| postgres.url(side.as_str()));
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
            set_backs: Mutex::default(),
            sources: Arc::new(Sources::start(seed).await?),
            ongoing: OngoingFaults::default(),
            folder: folder.to_owned(),
            roles,
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
    /// Resumes processes that are stopped, so that they can end.
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
    for kind in [Kind::STORE, Kind::WAREHOUSE, Kind::WORKER] {
        std::fs::remove_file(folder.join(kind.program))?;
    }
    Ok(())
}

fn port_of(url: &str) -> Result<u16> {
    Ok(url.rsplit_once(':').context("a URL with a port")?.1.parse()?)
}
