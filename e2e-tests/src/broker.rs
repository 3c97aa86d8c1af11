//! The RabbitMQ of a stack: each program has a user of its own there.

use launcher::rabbitmq::{RabbitMq, User};
use test_kit::{BrokerUser, TestBroker};

/// The URL of RabbitMQ for each program.
#[derive(Clone)]
pub struct BrokerUrls {
    pub(crate) store: String,
    pub(crate) warehouse: String,
    pub(crate) worker: String,
}

impl From<&TestBroker> for BrokerUrls {
    fn from(broker: &TestBroker) -> Self {
        Self {
            store: broker.url(BrokerUser::Store),
            warehouse: broker.url(BrokerUser::Warehouse),
            worker: broker.url(BrokerUser::Worker),
        }
    }
}

impl From<&RabbitMq> for BrokerUrls {
    fn from(server: &RabbitMq) -> Self {
        Self {
            store: server.amqp_url(User::Store),
            warehouse: server.amqp_url(User::Warehouse),
            worker: server.amqp_url(User::Worker),
        }
    }
}

impl std::fmt::Debug for BrokerUrls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BrokerUrls")
    }
}
