//! The servers, as durable as in operation.

use std::path::Path;

use anyhow::{Context, Result};
use launcher::postgres::{self, Postgres, Roles};
use launcher::rabbitmq::{self, RabbitMq};
use shared_models::side::Side;

use super::Database;

/// The third database: the same tables, for what is measured without Lockstep.
pub const BASELINE: &str = "baseline";

/// PostgreSQL with the roles of all databases, and RabbitMQ.
#[derive(Debug)]
pub struct Servers {
    /// The database server.
    pub postgres: Postgres,
    /// The broker.
    pub rabbitmq: RabbitMq,
    roles: [Roles; 3],
}

impl Servers {
    /// Starts both with their data in a folder.
    pub(super) async fn start(folder: &Path, logs: &Path) -> Result<Self> {
        let of_postgres = postgres::Options {
            durable: true,
            // It says when each row was committed: lag and throughput are read from that
            // afterwards, instead of by polling meanwhile.
            settings: vec!["track_commit_timestamp=on".to_owned()],
            log: Some(logs.join("postgres.log")),
            ..postgres::Options::default()
        };
        let of_rabbitmq =
            rabbitmq::Options { log: Some(logs.join("rabbitmq.log")), ..Default::default() };
        let (data, messages) = (folder.join("postgres"), folder.join("rabbitmq"));
        let (postgres, rabbitmq) = tokio::try_join!(
            Postgres::start(&data, of_postgres),
            RabbitMq::start(&messages, of_rabbitmq),
        )?;
        let roles = [Side::Store.as_str(), Side::Warehouse.as_str(), BASELINE].map(Roles::random);
        postgres.make_roles(&roles).await?;
        Ok(Self { postgres, rabbitmq, roles })
    }

    /// The roles in a database.
    pub(super) fn roles(&self, database: &str) -> Result<&Roles> {
        let found = self.roles.iter().find(|roles| roles.service == database);
        found.with_context(|| format!("there is no database {database}"))
    }

    /// The URL by which a service reaches its database.
    pub fn service_url(&self, database: &str) -> Result<String> {
        Ok(self.roles(database)?.service_url(self.postgres.port()))
    }

    /// The login for a program that is no service of ours.
    pub fn login(&self, database: &str) -> Result<Login<'_>> {
        let Roles { service, service_password, .. } = self.roles(database)?;
        Ok(Login { port: self.postgres.port(), user: service, password: service_password })
    }

    /// A database, for an administrator.
    pub(super) async fn database(&self, name: &str) -> Result<Database> {
        Database::connect(&self.postgres.url(name)).await
    }
}

/// The login of a program at a database.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    /// The server's port.
    pub port: u16,
    /// The role.
    pub user: &'a str,
    /// Its password.
    pub password: &'a str,
}
