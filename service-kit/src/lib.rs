//! What the two services are made of, and what the worker shares with them.
//!
//! | folder | what stands there |
//! | --- | --- |
//! | [`application`] | a service as it runs: built, run until stopped |
//! | [`routes`] | what it serves: reading and setting orders, taking the peer's changes |
//! | [`service`], [`error`] | what the handlers share; what goes wrong in them |
//! | [`relay`] | from the outbox to RabbitMQ |
//! | [`parked`] | changes that could not be carried |
//! | [`offers`], [`pause`] | orders that are to be published again; whether anything is |
//! | [`comparison`] | what was changed here, and how orders stand, for comparing with the peer |
//! | [`change_log`] | the record of every change, and the outbox |
//! | [`orders`] | what an order is, what a change makes of it, how it is written and kept |
//! | [`access`] | who may do what |
//! | [`database`] | connections, deadlines, migrations |
//! | [`http`] | problems, bodies, entity tags, the server |
//! | [`settings`], [`program`], [`health`], [`telemetry`], [`broker`], [`tls`], [`backoff`], [`gathering`] | what every program needs |
//!
//! Each needs only what stands below it. What a site does differently it says by
//! [`orders::Domain`].

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
