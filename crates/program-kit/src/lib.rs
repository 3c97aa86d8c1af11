#![doc = include_str!("../README.md")]

pub mod access;
pub mod backoff;
pub mod broker;
pub mod gathering;
pub mod http;
pub mod program;
pub mod settings;
pub mod telemetry;
pub mod tls;
