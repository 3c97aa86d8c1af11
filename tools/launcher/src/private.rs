//! The servers of one test run: both, on free ports, in a temporary folder.

use std::path::Path;

use anyhow::Result;

use crate::disk;
use crate::postgres::{self, Postgres, Roles};
use crate::rabbitmq::{self, RabbitMq, User};
use crate::scratch::Scratch;

/// The number of attempts to start: a port can be taken between our choosing it and the server's
/// binding it.
const ATTEMPTS: u32 = 3;

/// Both servers. Dropping them stops them and removes their folder.
#[derive(Debug)]
pub struct Private {
    /// The database server.
    pub postgres: Postgres,
    /// The broker.
    pub rabbitmq: RabbitMq,
    roles: [Roles; 2],
    // Last, for fields are dropped in order: the folder goes when nobody writes to it any more.
    _scratch: Scratch,
}

impl Private {
    /// Starts both servers in a new folder in `parent`.
    pub async fn start(parent: &Path) -> Result<Self> {
        let mut attempt = 1;
        loop {
            match Self::attempt(parent).await {
                Err(_) if attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    async fn attempt(parent: &Path) -> Result<Self> {
        let scratch = Scratch::new(parent)?;
        disk::check(scratch.path())?;
        let inside = |name| scratch.path().join(name);
        let (data, messages) = (inside("postgres"), inside("rabbitmq"));
        let (postgres, rabbitmq) = tokio::try_join!(
            Postgres::start(&data, postgres::Options::default()),
            RabbitMq::start(&messages, rabbitmq::Options::default()),
        )?;
        let roles = ["store", "warehouse"].map(Roles::random);
        postgres.make_roles(&roles).await?;
        Ok(Self { postgres, rabbitmq, roles, _scratch: scratch })
    }

    /// Returns the environment variables by which tests find the servers.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, String); 11] {
        let Self { postgres, rabbitmq, roles: [store, warehouse], .. } = self;
        let port = postgres.port();
        [
            ("LOCKSTEP_TEST_DATABASE_URL", postgres.url("postgres")),
            ("LOCKSTEP_TEST_STORE_DATABASE_URL", store.service_url(port)),
            ("LOCKSTEP_TEST_STORE_OWNER_DATABASE_URL", store.owner_url(port)),
            ("LOCKSTEP_TEST_WAREHOUSE_DATABASE_URL", warehouse.service_url(port)),
            ("LOCKSTEP_TEST_WAREHOUSE_OWNER_DATABASE_URL", warehouse.owner_url(port)),
            ("LOCKSTEP_TEST_AMQP_URL", rabbitmq.amqp_url(User::Lockstep)),
            ("LOCKSTEP_TEST_STORE_AMQP_URL", rabbitmq.amqp_url(User::Store)),
            ("LOCKSTEP_TEST_WAREHOUSE_AMQP_URL", rabbitmq.amqp_url(User::Warehouse)),
            ("LOCKSTEP_TEST_WORKER_AMQP_URL", rabbitmq.amqp_url(User::Worker)),
            ("LOCKSTEP_TEST_RABBITMQ_API_URL", rabbitmq.api_url()),
            ("LOCKSTEP_TEST_RABBITMQCTL", rabbitmq.control().display().to_string()),
        ]
    }

    /// Kills both servers at once: none of their data is needed any more.
    pub async fn kill(mut self) {
        tokio::join!(self.postgres.kill(), self.rabbitmq.kill());
    }
}
