#![doc = include_str!("../README.md")]

pub mod access;
pub mod backoff;
pub mod batching;
pub mod broker;
pub mod http;
pub mod program;
pub mod settings;
pub mod telemetry;
pub mod tls;
