//! HTTP: authentication and authorization, errors as problems, strict parsing of bodies and paths,
//! and the server of every program.

mod address;
mod admission;
pub mod body;
pub mod conditional;
mod connection;
pub mod docs;
mod docs_page;
pub mod endpoints;
mod field;
mod files;
pub mod health;
mod limits;
mod local;
pub mod metrics;
pub mod object;
pub mod openapi;
pub mod operation;
mod outcomes;
pub mod page;
pub mod problem;
mod rate;
mod requests;
pub mod schemas;
pub mod server;
mod settings;
pub mod span;
pub mod static_text;
mod strict_json;

pub use admission::bearer;
pub use connection::{Client, keep_open};
pub use limits::{LimitsSettings, Proxies};
pub use settings::HttpSettings;
