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

/// The time that the node has to start on a machine with much other work.
const START: Duration = Duration::from_secs(120);
/// The time that RabbitMQ has to stop before it is killed: it may wait for a queue that never answers.
const STOP: Duration = Duration::from_secs(25);

/// The ports of a node.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// The AMQP port, to which programs connect.
    pub amqp: u16,
    /// The port of the management UI and its API.
    pub management: u16,
    /// The port of the metrics for Prometheus.
    pub prometheus: u16,
    /// The port to which other nodes would connect.
    pub distribution: u16,
    /// The port of the node's own register of nodes.
    pub epmd: u16,
}

impl Ports {
    /// Returns free ports.
    pub fn free() -> Result<Self> {
        Self::with(ports::free()?, ports::free()?)
    }

    /// Returns these two ports, and free ones for the rest, which nobody has to know.
    pub fn with(amqp: u16, management: u16) -> Result<Self> {
        let (prometheus, distribution, epmd) = (ports::free()?, ports::free()?, ports::free()?);
        Ok(Self { amqp, management, prometheus, distribution, epmd })
    }
}

/// The TLS listener of a node.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The port.
    pub port: u16,
    /// The certificate file.
    pub certificate: PathBuf,
    /// The key file of the certificate.
    pub key: PathBuf,
}

/// The options of a node.
#[derive(Clone, Debug)]
pub struct Options {
    /// The ports; none: free ones.
    pub ports: Option<Ports>,
    /// The passwords of the users.
    pub passwords: Passwords,
    /// The TLS listener; none: no TLS.
    pub tls: Option<Tls>,
    /// The log file; none: `rabbitmq.log` in the node's folder.
    pub log: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self { ports: None, passwords: Passwords::random(), tls: None, log: None }
    }
}

/// A node that runs, or that was stopped and can be started again. Dropping it stops it.
#[derive(Debug)]
pub struct RabbitMq {
    node: Node,
    // Dropped in this order: the register goes last.
    broker: Option<Process>,
    register: Option<Process>,
}

impl RabbitMq {
    /// Starts a node with its data in `folder` and waits until it accepts connections.
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

    /// Starts the node again after [`Self::stop`] or [`Self::kill`], on the same ports with the
    /// same data.
    pub async fn start_again(&mut self) -> Result<()> {
        self.kill().await;
        let register = Process::spawn(self.node.register()).await?;
        let broker = Process::spawn(self.node.broker()).await?;
        broker.ready(START, async || self.answers().await).await?;
        self.node.mark_whole()?;
        (self.register, self.broker) = (Some(register), Some(broker));
        Ok(())
    }

    /// Stops the node in good order.
    pub async fn stop(&mut self) {
        self.end(Signal::TERM).await;
    }

    /// Stops the node as a crash does.
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

    /// Returns the AMQP URL of a user, for the vhost `/`.
    #[must_use]
    pub fn amqp_url(&self, user: User) -> String {
        self.node.passwords.url(user, self.node.ports.amqp)
    }

    /// Returns the administrator's URL of the management API, with user and password.
    #[must_use]
    pub fn api_url(&self) -> String {
        let (user, password) = self.administrator();
        format!("http://{user}:{password}@127.0.0.1:{}", self.node.ports.management)
    }

    /// Returns a script that runs `rabbitmqctl` against the node.
    #[must_use]
    pub fn control(&self) -> PathBuf {
        self.node.control()
    }

    fn administrator(&self) -> (&'static str, &str) {
        (User::Lockstep.as_str(), self.node.passwords.of(User::Lockstep))
    }

    /// Returns the ports of the node.
    #[must_use]
    pub fn ports(&self) -> Ports {
        self.node.ports
    }

    /// Returns the node's process, while there is one.
    #[must_use]
    pub fn process(&self) -> Option<&Process> {
        self.broker.as_ref()
    }

    /// Returns the running processes, the node first.
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
