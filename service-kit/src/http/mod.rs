//! HTTP manners: who asks and whether they may, errors as problems, bodies and paths read with care,
//! one server for every program.

pub mod body;
pub mod conditional;
mod document;
mod field;
mod guard;
pub mod health;
mod local;
pub mod metrics;
pub mod page;
pub mod problem;
pub mod resource;
pub mod server;
mod span;

pub use guard::bearer;
