//! The parts that the two services are built from, some of which the worker shares.
//!
//! | folder | what is in it |
//! | --- | --- |
//! | [`application`] | a service as it runs: built, run until stopped |
//! | [`routes`] | the HTTP API: reading and setting orders, taking the peer's changes |
//! | [`service`], [`error`] | what the handlers share; their errors |
//! | [`relay`] | from the outbox to RabbitMQ |
//! | [`parked`] | changes that could not be carried |
//! | [`offers`], [`pause`] | orders to be published again; whether anything is published |
//! | [`comparison`] | the orders changed here, and the states of orders, for comparing with the
//! peer |
//! | [`change_log`] | the record of every change, and the outbox |
//! | [`orders`] | an order, its changes, and how it is stored |
//! | [`access`] | callers and their permissions |
//! | [`database`] | connections, deadlines, migrations |
//! | [`http`] | problems, bodies, entity tags, the server |
//! | [`settings`], [`program`], [`health`], [`telemetry`], [`broker`], [`tls`], [`backoff`], [`gathering`] | what every program needs |
//!
//! Each part uses only those below it. The differences between the sites are in [`orders::Domain`].

pub mod access;
pub mod application;
pub mod backoff;
pub mod broker;
pub mod change_log;
pub mod comparison;
pub mod database;
pub mod error;
pub mod gathering;
mod health;
pub mod http;
mod metrics;
pub mod offers;
pub mod orders;
pub mod parked;
pub mod pause;
pub mod program;
mod readiness;
pub mod relay;
pub mod routes;
pub mod service;
pub mod settings;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tls;
