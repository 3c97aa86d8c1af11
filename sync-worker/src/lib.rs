#![doc = include_str!("../README.md")]

pub mod application;
pub mod audit;
pub mod breaker;
pub mod carrying;
pub mod comparison;
pub mod console;
pub mod figures;
pub mod http;
pub mod lanes;
mod metrics;
pub mod parked;
pub mod settings;
pub mod side_client;
pub mod sources;
pub mod topology;
pub mod watching;
