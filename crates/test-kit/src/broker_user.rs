//! The programs' users at RabbitMQ.

use std::time::Duration;

use program_kit::broker::{BrokerSettings, BrokerUrl};
use serde_json::Value;

use super::variable;

/// The permissions of the users.
const DEFINITIONS: &str = include_str!("../../../deploy/rabbitmq/definitions.json");

/// The variable with the administrator's URL.
pub(super) const ADMINISTRATOR: &str = "LOCKSTEP_TEST_AMQP_URL";

/// A program's user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerUser {
    /// The store's service.
    Store,
    /// The warehouse's service.
    Warehouse,
    /// The worker.
    Worker,
}

impl BrokerUser {
    /// Returns the variable with the user's URL.
    pub(super) const fn url(self) -> &'static str {
        match self {
            Self::Store => "LOCKSTEP_TEST_STORE_AMQP_URL",
            Self::Warehouse => "LOCKSTEP_TEST_WAREHOUSE_AMQP_URL",
            Self::Worker => "LOCKSTEP_TEST_WORKER_AMQP_URL",
        }
    }
}

/// Returns the permissions of each user, in the format of RabbitMQ's management API.
pub(super) fn permissions() -> Vec<Value> {
    let definitions: Value = serde_json::from_str(DEFINITIONS).unwrap();
    definitions["permissions"].as_array().unwrap().clone()
}

/// Returns settings with the user of a URL, and a vhost.
pub(super) fn settings(url: &str, vhost: &str) -> BrokerSettings {
    let url = variable(url);
    let (server, _) = url.rsplit_once('/').expect("a URL with a vhost");
    BrokerSettings {
        url: BrokerUrl::try_from(format!("{server}/{vhost}")).unwrap(),
        ca: None,
        tls: None,
        connect_timeout: Duration::from_secs(10),
        reply_timeout: Duration::from_secs(10),
    }
}
