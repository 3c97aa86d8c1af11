//! HTTP manners: errors as problems, bodies and paths read with care, one server for every program.

pub mod body;
pub mod conditional;
mod document;
pub mod health;
pub mod metrics;
pub mod page;
pub mod problem;
pub mod resource;
pub mod server;
