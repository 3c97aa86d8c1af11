//! The servers of one test run: both, on free ports, in a folder that does not stay.

use std::path::Path;

use anyhow::Result;

use crate::disk;
use crate::postgres::{self, Postgres};
use crate::rabbitmq::{self, RabbitMq};
use crate::scratch::Scratch;

/// A port can be taken between our choosing it and the server's binding it.
const ATTEMPTS: u32 = 3;

/// Both servers. Dropping them ends them and removes their folder.
#[derive(Debug)]
pub struct Private {
    /// The database server.
    pub postgres: Postgres,
    /// The broker.
    pub rabbitmq: RabbitMq,
    // Last, for fields are dropped in order: the folder goes when nobody writes to it any more.
    _scratch: Scratch,
}

impl Private {
    /// Starts both in a new folder in `parent`.
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
        Ok(Self { postgres, rabbitmq, _scratch: scratch })
    }

    /// What tests find them by.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("LOCKSTEP_TEST_DATABASE_URL", self.postgres.url("postgres")),
            ("LOCKSTEP_TEST_AMQP_URL", self.rabbitmq.amqp_url()),
            ("LOCKSTEP_TEST_RABBITMQ_API_URL", self.rabbitmq.api_url()),
        ]
    }

    /// Ends both at once: nothing of theirs is wanted any more.
    pub async fn kill(mut self) {
        tokio::join!(self.postgres.kill(), self.rabbitmq.kill());
    }
}
