//! A private RabbitMQ node with its management UI: data in a folder, on 127.0.0.1 only.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::process::Process;
use crate::rabbitmq::node::Node;
use crate::{find, http, ports};

mod node;
mod users;

pub use users::{Passwords, User};

/// How long it may take to start on a machine that has much else to do.
const START: Duration = Duration::from_secs(120);
/// The time that RabbitMQ has to stop before it is killed: it may wait for a queue that never answers.
const STOP: Duration = Duration::from_secs(25);

/// The ports of a node.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Where programs connect.
    pub amqp: u16,
    /// The management UI and its API.
    pub management: u16,
    /// Figures for Prometheus.
    pub prometheus: u16,
    /// Where other nodes would connect.
    pub distribution: u16,
    /// The register of nodes; ours alone.
    pub epmd: u16,
}

impl Ports {
    /// Any free ones.
    pub fn free() -> Result<Self> {
        Self::with(ports::free()?, ports::free()?)
    }

    /// These two, and any free ones for what nobody has to know.
    pub fn with(amqp: u16, management: u16) -> Result<Self> {
        let (prometheus, distribution, epmd) = (ports::free()?, ports::free()?, ports::free()?);
        Ok(Self { amqp, management, prometheus, distribution, epmd })
    }
}

/// Where and how a node speaks TLS.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The port.
    pub port: u16,
    /// The file of its certificate.
    pub certificate: PathBuf,
    /// The file of the certificate's key.
    pub key: PathBuf,
}

/// How a node is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its ports; none: any free ones.
    pub ports: Option<Ports>,
    /// The passwords of its users.
    pub passwords: Passwords,
    /// Where it speaks TLS; none: nowhere.
    pub tls: Option<Tls>,
    /// Where it logs; none: `rabbitmq.log` in its folder.
    pub log: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { ports: None, passwords: Passwords::random(), tls: None, log: None }
    }
}

/// A node that runs, or that was stopped and can be started again. Dropping it ends it.
#[derive(Debug)]
pub struct RabbitMq {
    node: Node,
    // Dropped in this order: the register goes last.
    broker: Option<Process>,
    register: Option<Process>,
}

impl RabbitMq {
    /// Starts a node with its data in `folder` and waits until it takes connections.
    pub async fn start(folder: &Path, options: Options) -> Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let folder = fs::canonicalize(folder)?;
        let node = Node {
            server: find::rabbitmq()?,
            name: node::name(&folder)?,
            ports: options.ports.map_or_else(Ports::free, Ok)?,
            passwords: options.passwords,
            tls: options.tls,
            log: options.log.unwrap_or_else(|| folder.join("rabbitmq.log")),
            folder,
        };
        node.write_files()?;
        let mut server = Self { node, broker: None, register: None };
        server.start_again().await?;
        Ok(server)
    }

    /// Starts it again after [`Self::stop`] or [`Self::kill`], on the same ports with the same
    /// data.
    pub async fn start_again(&mut self) -> Result<()> {
        self.kill().await;
        let register = Process::spawn(self.node.register()).await?;
        let broker = Process::spawn(self.node.broker()).await?;
        broker.ready(START, async || self.answers().await).await?;
        self.node.mark_whole()?;
        (self.register, self.broker) = (Some(register), Some(broker));
        Ok(())
    }

    /// Stops it in good order.
    pub async fn stop(&mut self) {
        self.end(Signal::TERM).await;
    }

    /// Ends it as a crash does.
    pub async fn kill(&mut self) {
        self.end(Signal::KILL).await;
    }

    async fn end(&mut self, signal: Signal) {
        if let Some(broker) = self.broker.take() {
            broker.signal(signal);
            if timeout(STOP, broker.ended()).await.is_err() {
                eprintln!("RabbitMQ did not stop within {STOP:?}; its processes are killed");
                if let Err(error) = broker.kill_tree(STOP).await {
                    eprintln!("{error}");
                }
            }
        }
        if let Some(register) = self.register.take() {
            register.stop(Signal::KILL, STOP).await;
        }
    }

    /// The URL for AMQP of a user, of the vhost `/`.
    #[must_use]
    pub fn amqp_url(&self, user: User) -> String {
        self.node.passwords.url(user, self.node.ports.amqp)
    }

    /// The administrator's URL of the management API, with user and password.
    #[must_use]
    pub fn api_url(&self) -> String {
        let (user, password) = self.administrator();
        format!("http://{user}:{password}@127.0.0.1:{}", self.node.ports.management)
    }

    /// A script that runs `rabbitmqctl` against the node.
    #[must_use]
    pub fn control(&self) -> PathBuf {
        self.node.control()
    }

    fn administrator(&self) -> (&'static str, &str) {
        (User::Lockstep.as_str(), self.node.passwords.of(User::Lockstep))
    }

    /// Its ports.
    #[must_use]
    pub fn ports(&self) -> Ports {
        self.node.ports
    }

    /// The node's process, while there is one.
    #[must_use]
    pub fn process(&self) -> Option<&Process> {
        self.broker.as_ref()
    }

    /// The processes there are, the node first.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        self.broker.iter().chain(&self.register)
    }

    async fn answers(&self) -> bool {
        let ports = self.ports();
        // The API is there before AMQP is.
        TcpStream::connect((Ipv4Addr::LOCALHOST, ports.amqp)).await.is_ok()
            && http::status(ports.management, "/api/overview", Some(self.administrator())).await
                == Some(200)
    }
}
