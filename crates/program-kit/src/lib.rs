//! What every program is made of: command line, settings, log, HTTP, access, TLS, RabbitMQ.
//!
//! | module | contents |
//! | --- | --- |
//! | [`program`] | the command line, and the run of a program to its end |
//! | [`http`] | problems, bodies, entity tags, the server |
//! | [`access`] | callers and their permissions |
//! | [`broker`] | connections to RabbitMQ |
//! | [`telemetry`] | the log |
//! | [`tls`] | the trusted CAs |
//! | [`settings`] | defaults, file and environment; each section stands in the module that it is for |
//! | [`backoff`], [`gathering`] | waits |
//!
//! It knows no record and no database. Each module uses only those below it.

pub mod access;
pub mod backoff;
pub mod broker;
pub mod gathering;
pub mod http;
pub mod program;
pub mod settings;
pub mod telemetry;
pub mod tls;
