//! What a service adds to a program: orders in its own PostgreSQL database, their change log, and the
//! relay to RabbitMQ.
//!
//! | module | contents |
//! | --- | --- |
//! | [`application`], [`program`] | a service as it runs: its command line, built, run until stopped |
//! | [`routes`] | the HTTP API: reading and setting orders, taking the peer's changes |
//! | [`service`], [`error`] | what the handlers share; their errors |
//! | [`relay`] | from the outbox to RabbitMQ |
//! | [`parked`] | changes that could not be carried |
//! | [`resource`] | a kind of records, as offers and parked changes know it |
//! | [`offers`], [`pause`] | orders to be published again; whether anything is published |
//! | [`comparison`] | the orders changed here, and the states of orders, for comparing with the
//! peer |
//! | [`change_log`] | the record of every change, and the outbox |
//! | [`orders`] | an order, its changes, and how it is stored |
//! | [`database`] | connections, deadlines, migrations |
//!
//! What every program needs is in `program-kit`. The differences between the sides are in
//! [`orders::Domain`].

pub mod application;
pub mod change_log;
pub mod comparison;
pub mod database;
pub mod error;
mod metrics;
pub mod offers;
pub mod orders;
pub mod parked;
pub mod pause;
pub mod program;
mod readiness;
pub mod relay;
pub mod resource;
pub mod routes;
pub mod service;
