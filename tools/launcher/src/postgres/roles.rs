//! The roles of one service: the owner of its tables, who migrates, and the one that it runs as.

use std::fmt;

use crate::secret;

/// The SQL script that creates the roles and sets their permissions.
const ROLES: &str = include_str!("../../../../deploy/postgres/roles.sql");

/// The roles of a service. Its database has the name of the service.
#[derive(Clone)]
pub struct Roles {
    /// The name of the service.
    pub service: &'static str,
    /// The password of the tables' owner.
    pub owner_password: String,
    /// The password of the service itself.
    pub service_password: String,
}

impl Roles {
    /// Creates roles with new passwords.
    #[must_use]
    pub fn random(service: &'static str) -> Self {
        Self { service, owner_password: secret::random(), service_password: secret::random() }
    }

    /// Returns the URL of the database for the owner.
    #[must_use]
    pub fn owner_url(&self, port: u16) -> String {
        self.url(&self.owner(), &self.owner_password, port)
    }

    /// Returns the URL of the database for the running service.
    #[must_use]
    pub fn service_url(&self, port: u16) -> String {
        self.url(self.service, &self.service_password, port)
    }

    fn owner(&self) -> String {
        format!("{}_owner", self.service)
    }

    fn url(&self, user: &str, password: &str, port: u16) -> String {
        format!("postgres://{user}:{password}@127.0.0.1:{port}/{}", self.service)
    }

    /// Returns the script for psql, to be run as the superuser.
    pub(super) fn script(&self) -> String {
        let variables = [
            ("database", self.service),
            ("owner", &self.owner()),
            ("owner_password", &self.owner_password),
            ("service", self.service),
            ("service_password", &self.service_password),
        ];
        let set = |(name, value): &(&str, &str)| format!("\\set {name} {}\n", quoted(value));
        variables.iter().map(set).collect::<String>() + ROLES
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roles").field("service", &self.service).finish_non_exhaustive()
    }
}

/// Quotes a value for psql.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', r"\\").replace('\'', "''"))
}
