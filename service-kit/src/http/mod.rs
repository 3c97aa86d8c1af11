//! HTTP manners: who asks and whether they may, errors as problems, bodies and paths read with care,
//! one server for every program.

mod address;
pub mod body;
pub mod conditional;
mod connection;
mod document;
mod field;
mod files;
mod guard;
pub mod health;
mod local;
pub mod metrics;
pub mod object;
pub mod page;
pub mod problem;
mod rate;
pub mod resource;
pub mod server;
mod span;

pub use guard::bearer;
