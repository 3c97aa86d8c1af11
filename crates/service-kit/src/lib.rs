//! What a service adds to a program, for records of any kind: a PostgreSQL database of its own, the
//! change log, and the relay to RabbitMQ.
//!
//! | module | contents |
//! | --- | --- |
//! | [`application`], [`program`] | a service as it runs: its command line, built, run until stopped |
//! | [`routes`] | the HTTP API that every service has |
//! | [`service`], [`error`] | what the handlers share; their errors |
//! | [`relay`] | from the outbox to RabbitMQ |
//! | [`parked`] | changes that could not be carried |
//! | [`offers`], [`pause`] | records to be published again; whether anything is published |
//! | [`resource`] | a kind of records, as offers and parked changes know it |
//! | [`change_log`] | the record of every change, and the outbox |
//! | [`database`] | connections, deadlines, migrations |
//!
//! Each module uses only those below it. What every program needs is in `program-kit`.

pub mod application;
pub mod change_log;
pub mod database;
pub mod error;
mod metrics;
pub mod offers;
pub mod parked;
pub mod pause;
pub mod program;
mod readiness;
pub mod relay;
pub mod resource;
pub mod routes;
pub mod service;
