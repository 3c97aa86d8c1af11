//! What the two services are made of, and what the worker shares with them.
//!
//! | folder | what stands there |
//! | --- | --- |
//! | [`application`] | a service as it runs: built, run until stopped |
//! | [`orders`] | reading and setting orders, the same at both sites |
//! | [`sync`] | taking the peer's changes; telling again how orders stand |
//! | [`change_log`] | the record of every change, and the outbox |
//! | [`relay`] | from the outbox to RabbitMQ |
//! | [`database`] | connections, deadlines, migrations |
//! | [`http`] | problems, bodies, entity tags, the server |
//! | [`settings`], [`program`], [`telemetry`], [`broker`] | what every program needs |
//!
//! What a site does differently it says by [`orders::Domain`].

pub mod application;
pub mod broker;
pub mod change_log;
pub mod database;
pub mod error;
pub mod http;
pub mod orders;
pub mod program;
mod readiness;
pub mod relay;
pub mod service;
pub mod settings;
pub mod sync;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
