#![doc = include_str!("../README.md")]

pub mod application;
pub mod change_log;
pub mod database;
pub mod error;
pub mod feed;
mod metrics;
pub mod offers;
pub mod parked;
pub mod pause;
pub mod program;
mod readiness;
pub mod records;
pub mod relay;
pub mod resource;
pub mod retention;
mod routes;
pub mod runs;
pub mod sections;
pub mod service;
