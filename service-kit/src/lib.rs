//! What the two services are made of, and what the worker shares with them.

pub mod broker;
pub mod http;
pub mod program;
pub mod settings;
pub mod telemetry;
